package httpapi_test

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

// Values must return each cookie of the name that net/http finds, as it was
// sent, so that a handler behind the kit never reads one that the kit did not.
// Spaces between name and equals sign are the exception: net/http trims them,
// but no browser sends them (RFC 6265, section 4.2.1), and the rules of a prefix
// do not apply to a name with a space.
func FuzzCookie_Values(f *testing.F) {
	f.Add("__Host-session=abc", "a=b; __Host-session=c", "value")
	f.Add("__Host-session=\"abc\"; x", ";;__Host-session", "a b")
	f.Add("__host-session=a; __Host-session2=b", "\t__Host-session=a=b\t;", "\x00\"")
	f.Add("__Host-session =a", "__Host-session\x00=a", "é;")
	f.Add("0", "__Host-session \r", "0")
	cookie := httpapi.Cookie{Name: "__Host-session", Secure: true, SameSite: http.SameSiteLaxMode}
	log.SetOutput(io.Discard) // net/http logs which bytes it drops
	f.Fuzz(func(t *testing.T, first, second, value string) {
		if lines := first + ";" + second; spaceBehindName.MatchString(lines) || strings.ContainsAny(lines, "\r\n") {
			return // a header cannot contain the latter
		}
		header := http.Header{"Cookie": {first, second}}
		r := request(http.MethodGet, "/", "h")
		r.Header = header
		found := slices.Collect(cookie.Values(r))
		for _, theirs := range (&http.Request{Header: header}).CookiesNamed(cookie.Name) {
			asSent := theirs.Value
			if theirs.Quoted {
				asSent = `"` + asSent + `"`
			}
			if !slices.Contains(found, asSent) {
				t.Errorf("%q, %q: net/http finds %q, Values returns %q", first, second, asSent, found)
			}
		}
		if most := strings.Count(first+";"+second, cookie.Name); len(found) > most {
			t.Errorf("%q, %q: %q", first, second, found)
		}

		line := cookie.Set(value, time.Minute)
		if strings.ContainsAny(line, "\r\n\x00") || strings.Count(line, ";") != 5 {
			t.Errorf("%q is set as %q", value, line)
		}
		if !opaqueValue.MatchString(value) {
			return
		}
		header["Cookie"] = []string{line[:strings.IndexByte(line, ';')]}
		if back := slices.Collect(cookie.Values(r)); len(back) != 1 || back[0] != value {
			t.Errorf("%q comes back as %q", value, back)
		}
	})
}

var (
	opaqueValue     = regexp.MustCompile(`\A[A-Za-z0-9_.-]*\z`) // what tokens are made of
	spaceBehindName = regexp.MustCompile(`[ \t](=|;|\z)`)

	challengeForm = regexp.MustCompile(`\ABearer realm="cotterpin"(, error="[a-z_]+")?(, max_age="[0-9]+")?\z`)
	secondsForm   = regexp.MustCompile(`\A[0-9]+\z`)
)

// Whatever an error contains, the problem document is valid JSON with the code
// and the id, without the cause, and each header field is one separate line
// grammar.
func FuzzProblem_WellFormed(f *testing.F) {
	codes := autherr.Codes()
	for i := range codes {
		f.Add(uint8(i), "some_reason", "cause", "id-1", int64(time.Second), int64(time.Minute), i%2 == 0)
	}
	f.Add(uint8(0), "\r\nSet-Cookie: a=b", "\x00", "\"}\r\n", int64(-1), int64(1), true)
	f.Add(uint8(12), "\xff", "", "\u2028", int64(1<<62), int64(1<<62), true)
	f.Fuzz(func(t *testing.T, which uint8, reason, cause, id string, retryAfter, maxAge int64, development bool) {
		code := codes[int(which)%len(codes)]
		err := &autherr.Error{
			Code: code, Reason: reason, Err: &autherr.Error{Code: "inner", Reason: "c4n4ry" + cause},
			RetryAfter: time.Duration(retryAfter), MaxAge: time.Duration(maxAge),
		}
		r := httpapi.Problem(httpapi.StatusOf(err), err, id, development)
		var document map[string]any
		if err := json.Unmarshal(r.Body, &document); err != nil {
			t.Fatalf("%s: %v", r.Body, err)
		}
		detail, detailed := document["detail"]
		if document["code"] != string(code) || document["status"] != float64(r.Status) || document["request_id"] != strings.ToValidUTF8(id, "\ufffd") && validUTF8(id) ||
			detailed != (development && reason != "") || detailed && validUTF8(reason) && detail != reason {
			t.Errorf("%q, %q: %s", reason, id, r.Body)
		}
		if strings.Contains(string(r.Body), "c4n4ry") {
			t.Errorf("the document contains the cause: %s", r.Body)
		}
		names := map[string]bool{}
		for _, f := range append(r.Header, r.With("X-Test", reason).Header...) {
			if strings.ContainsAny(f.Name+f.Value, "\r\n\x00") {
				t.Errorf("%q: %q", f.Name, f.Value)
			}
			names[f.Name] = true
			switch f.Name {
			case "Www-Authenticate":
				if !challengeForm.MatchString(f.Value) {
					t.Errorf("challenge %q", f.Value)
				}
			case "Retry-After":
				if !secondsForm.MatchString(f.Value) {
					t.Errorf("retry after %q", f.Value)
				}
			}
		}
		if r.Status == http.StatusUnauthorized && !names["Www-Authenticate"] {
			t.Error("401 without a challenge")
		}
	})
}

func validUTF8(text string) bool { return strings.ToValidUTF8(text, "") == text }
