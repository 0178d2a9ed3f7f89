package integration_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// isKits reports whether a target is one of the kit's own routes, without those
// of providers below them and the browser helper, which is public.
func isKits(target string) bool {
	return strings.HasPrefix(target, "/auth/") && !strings.HasPrefix(target, "/auth/emulator") && target != helperPath
}

func (a reply) isProblem() bool { return a.Header.Get("Content-Type") == "application/problem+json" }

// checkFields checks the header fields of every response of the kit: no
// caching, no guessing of the type, no referrer.
func (a reply) checkFields(t testing.TB) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
	} {
		if got := a.Header[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%d %s: %s is %q", a.Status, a.Body, name, got)
		}
	}
}

// statusesOf contains the codes of problems and their statuses. The last ones
// of invalid_request are set by frameworks.
var statusesOf = map[string][]int{
	"unauthenticated": {401}, "invalid_token": {401}, "token_expired": {401}, "reauthentication_required": {401},
	"invalid_request": {400, 408, 431}, "identity_mismatch": {400}, "token_too_large": {400},
	"cross_origin": {403}, "insufficient_scope": {403}, "machine_caller": {403},
	"account_disabled": {403}, "registration_closed": {403}, "not_registered": {403}, "provider_draining": {403},
	"account_exists": {409}, "identity_in_use": {409}, "last_identity": {409},
	"not_found": {404}, "method_not_allowed": {405}, "payload_too_large": {413}, "unsupported_media_type": {415},
	"rate_limited": {429}, "internal": {500}, "temporarily_unavailable": {503},
}

var requestID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// problem is a problem document (RFC 9457).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	Detail    string `json:"detail"` // in development only
}

// checkProblem checks the form of a refusal: these members and no others, and
// its header fields.
func (a reply) checkProblem(t testing.TB, method string) {
	t.Helper()
	if !a.isProblem() {
		t.Errorf("%d is not a problem document: %q %s", a.Status, a.Header["Content-Type"], a.Body)
		return
	}
	for status, field := range map[int]string{
		http.StatusUnauthorized: "Www-Authenticate", http.StatusMethodNotAllowed: "Allow",
		http.StatusTooManyRequests: "Retry-After", http.StatusServiceUnavailable: "Retry-After",
	} {
		if a.Status == status && len(a.Header[field]) != 1 {
			t.Errorf("%d: want one %s, got %q", status, field, a.Header[field])
		}
	}
	if challenge := a.Header.Get("WWW-Authenticate"); challenge != "" && !strings.HasPrefix(challenge, `Bearer realm="`) {
		t.Errorf("the challenge is %s", challenge)
	}
	if method != http.MethodHead {
		a.checkDocument(t)
	}
}

func (a reply) checkDocument(t testing.TB) {
	t.Helper()
	var p problem
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil || decoder.More() {
		t.Errorf("%d %q is not a problem document: %v", a.Status, a.Body, err)
		return
	}
	known := slices.Contains(statusesOf[p.Code], a.Status) && p.Status == a.Status
	if !known || p.Type != "urn:problem-type:cotterpin:"+p.Code || p.Title == "" || !requestID.MatchString(p.RequestID) {
		t.Errorf("%d with the problem document %s", a.Status, a.Body)
	}
}

func TestCheckProblem_Rejects(t *testing.T) {
	t.Parallel()
	valid := func() reply {
		return reply{
			Status: http.StatusUnauthorized,
			Header: http.Header{
				"Content-Type": {"application/problem+json"}, "Www-Authenticate": {`Bearer realm="x"`}, "Cache-Control": {"no-store"},
				"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
			},
			Body: `{"type":"urn:problem-type:cotterpin:invalid_token","title":"x","status":401,"code":"invalid_token",` +
				`"request_id":"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}`,
		}
	}
	findings := func(a reply) int {
		counted := &counter{TB: t}
		a.checkFields(counted)
		a.checkProblem(counted, "GET")
		return counted.errors
	}
	if n := findings(valid()); n != 0 {
		t.Fatalf("a valid response has %d findings", n)
	}
	for name, change := range map[string]func(*reply){
		"AnotherType":       func(a *reply) { a.Header.Set("Content-Type", "text/plain") },
		"Cacheable":         func(a *reply) { a.Header.Del("Cache-Control") },
		"Sniffable":         func(a *reply) { a.Header.Del("X-Content-Type-Options") },
		"Referring":         func(a *reply) { a.Header.Add("Referrer-Policy", "origin") },
		"Unchallenged":      func(a *reply) { a.Header.Del("WWW-Authenticate") },
		"OtherScheme":       func(a *reply) { a.Header.Set("WWW-Authenticate", "Basic") },
		"OtherStatus":       func(a *reply) { a.Status = http.StatusForbidden },
		"OtherStatusInside": func(a *reply) { a.Body = strings.Replace(a.Body, "401", "403", 1) },
		"UnknownCode":       func(a *reply) { a.Body = strings.ReplaceAll(a.Body, "invalid_token", "bad") },
		"TypeOfAnotherCode": func(a *reply) { a.Body = strings.Replace(a.Body, "invalid_token", "not_found", 1) },
		"NoTitle":           func(a *reply) { a.Body = strings.Replace(a.Body, `"title":"x",`, "", 1) },
		"NoRequestID":       func(a *reply) { a.Body = strings.Replace(a.Body, "ABCDEF", "", 1) },
		"OneMemberMore":     func(a *reply) { a.Body = strings.Replace(a.Body, "{", `{"stack":"x",`, 1) },
		"OneDocumentMore":   func(a *reply) { a.Body += "{}" },
		"NoRetryAfter":      func(a *reply) { a.Status = http.StatusServiceUnavailable },
		"NoAllow":           func(a *reply) { a.Status = http.StatusMethodNotAllowed },
		"NoDocument":        func(a *reply) { a.Body = "" },
	} {
		a := valid()
		change(&a)
		if findings(a) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

// counter counts the errors of a check.
type counter struct {
	testing.TB
	errors int
}

func (c *counter) Helper()               {}
func (c *counter) Errorf(string, ...any) { c.errors++ }
