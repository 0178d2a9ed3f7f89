package httpapi_test

import (
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

// returnOrigins are the origins in testdata/returnurls.tsv.
var returnOrigins = []string{
	"https://api.example.com", "https://app.example.com", "http://localhost:5173", "http://[::1]:8080", "capacitor://localhost",
}

// returnURL is a row of testdata/returnurls.tsv.
type returnURL struct{ raw, location string }

func readReturnURLs(t testing.TB) (rows []returnURL) {
	t.Helper()
	text, err := os.ReadFile("testdata/returnurls.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		first, second, accepted := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		raw, err := strconv.Unquote(first)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		row := returnURL{raw: raw}
		if accepted {
			if row.location, err = strconv.Unquote(second); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestReturnURLs_Corpus(t *testing.T) {
	t.Parallel()
	urls := httpapi.NewReturnURLs(returnOrigins...)
	rejected := 0
	for _, row := range readReturnURLs(t) {
		location, ok := urls.Location(row.raw)
		if location != row.location || ok != (row.location != "") {
			t.Errorf("%q: got %q, %t, want %q", row.raw, location, ok, row.location)
		}
		if !ok {
			rejected++
		}
		staysHere(t, row.raw, location)
	}
	if rejected < 200 {
		t.Errorf("the corpus has %d malicious URLs, want 200", rejected)
	}
}

func FuzzReturnURLs_Location(f *testing.F) {
	for _, row := range readReturnURLs(f) {
		f.Add(row.raw)
	}
	urls := httpapi.NewReturnURLs(returnOrigins...)
	f.Fuzz(func(t *testing.T, raw string) {
		location, ok := urls.Location(raw)
		if !ok {
			return
		}
		staysHere(t, raw, location)
		if again, ok := urls.Location(location); !ok || again != location {
			t.Errorf("%q: the location %q becomes %q, %t: the callback checks it again", raw, location, again, ok)
		}
		staysHere(t, raw, httpapi.WithFailure(location, "invalid_token", "X"))
	})
}

// staysHere checks that neither Go nor a browser reads a location as the address of
// another site.
func staysHere(t *testing.T, raw, location string) {
	t.Helper()
	if strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		t.Errorf("%q: %q has characters that are read in different ways", raw, location)
	}
	base, err := url.Parse("https://api.example.com/auth/callback/corp?code=x")
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := base.Parse(location)
	if err != nil {
		t.Errorf("%q: %q: %v", raw, location, err)
		return
	}
	if origin := resolved.Scheme + "://" + resolved.Host; !slices.Contains(returnOrigins, origin) {
		t.Errorf("%q: %q leads to %q", raw, location, origin)
	}
	if origin := browserOrigin("https://api.example.com", location); !slices.Contains(returnOrigins, origin) {
		t.Errorf("%q: browsers read %q as one of %q", raw, location, origin)
	}
}

// browserOrigin returns the origin that a browser derives from an ASCII reference on a
// page of base: the states of the WHATWG URL Standard, section 4.4, for http and https,
// as far as they decide it.
func browserOrigin(base, reference string) string {
	reference = strings.Trim(reference, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	reference = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(reference)
	scheme, rest, _ := strings.Cut(base, ":")
	if name, after, found := strings.Cut(reference, ":"); found && !strings.ContainsAny(name, "/?#") {
		scheme, rest = strings.ToLower(name), after
	} else if strings.HasPrefix(reference, "//") {
		rest = reference
	}
	authority := strings.TrimLeft(rest, "/")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	host := strings.ToLower(authority[strings.LastIndexByte(authority, '@')+1:])
	host = strings.TrimSuffix(strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme]), ":")
	return scheme + "://" + host
}

func TestBrowserOrigin(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]string{
		"/a": "https://a.example", "": "https://a.example", "?//b.example": "https://a.example", "//b.example": "https://b.example",
		"/\\b.example": "https://b.example", "https:b.example": "https://b.example", "/\t/b.example": "https://b.example",
		"http://a@b.example:80/": "http://b.example", "/a:b": "https://a.example",
	} {
		if got := browserOrigin("https://a.example", reference); got != want {
			t.Errorf("%q: got %q, want %q", reference, got, want)
		}
	}
}

func TestWithFailure(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"/":                              "/?auth_error=x&request_id=R",
		"/a?b=c#d?e":                     "/a?b=c&auth_error=x&request_id=R#d?e",
		"/#":                             "/?auth_error=x&request_id=R#",
		"/?":                             "/?auth_error=x&request_id=R",
		"/?a&&auth_error=y&request_id=S": "/?a&auth_error=x&request_id=R",
		"/?auth%5ferror=y&b=%26":         "/?b=%26&auth_error=x&request_id=R",
		"https://app.example.com":        "https://app.example.com?auth_error=x&request_id=R",
	} {
		if got := httpapi.WithFailure(location, "x", "R"); got != want {
			t.Errorf("%q: got %q, want %q", location, got, want)
		}
	}
}
