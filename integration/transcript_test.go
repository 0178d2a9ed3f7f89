package integration_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// step is one request of a transcript and the status of its response. It may
// contain variables, "{name}".
type step struct {
	want   int // 0: any
	method string
	target string
	body   string   // "": none
	lines  []string // header lines; without a Content-Type, a body is application/json
	save   string   // variables for the contents of the response: {name.cookie}, {name.token}, {name.refresh}, {name.session}
}

// play sends the steps to a program and returns the normalized responses.
func play(t *testing.T, p *program, steps []step, variables map[string]string) []string {
	t.Helper()
	variables = maps.Clone(variables)
	replies := make([]string, 0, len(steps))
	for _, s := range steps {
		a := p.send(t, s.method, s.target, s.request(variables))
		if s.want != 0 && a.Status != s.want {
			t.Errorf("%s %s %q: got %d %s, want %d", s.method, s.target, s.lines, a.Status, a.Body, s.want)
		}
		if s.save != "" {
			a.save(t, s.save, variables)
		}
		replies = append(replies, p.normal(a))
	}
	return replies
}

// request replaces the variables.
func (s step) request(variables map[string]string) with {
	var pairs []string
	for name, value := range variables {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...).Replace
	return func(r *request) {
		r.body = fill(s.body)
		for _, line := range s.lines {
			r.lines = append(r.lines, fill(line))
		}
		if s.body == "" {
			return
		}
		has := func(name string) bool {
			return slices.ContainsFunc(s.lines, func(line string) bool { return strings.HasPrefix(line, name+":") })
		}
		if !has("Content-Type") {
			r.lines = append(r.lines, "Content-Type: application/json")
		}
		if has("Transfer-Encoding") {
			r.body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(r.body), r.body)
		} else {
			r.lines = append(r.lines, fmt.Sprintf("Content-Length: %d", len(r.body)))
		}
	}
}

func (a reply) save(t *testing.T, name string, variables map[string]string) {
	t.Helper()
	var body signedIn
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Fatalf("%d %q: %v", a.Status, a.Body, err)
	}
	variables[name+".session"] = body.Session.ID
	variables[name+".token"] = body.Token.AccessToken
	variables[name+".refresh"] = body.Token.RefreshToken
	for _, cookie := range a.Cookies {
		variables[name+".cookie"] = cookie.Value
	}
}

// varying contains what differs between runs, and its replacement.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`"request_id":"[A-Z2-7]{26}"`), `"request_id":"…"`},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`), `"(time)"`},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), `(uuid)`},
	{regexp.MustCompile(`cps_[\w-]{22}\.[\w-]{43}`), `(opaque)`},
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), `(jwt)`},
	{regexp.MustCompile(`\d+:[A-Z2-7]{50}`), `(refresh)`},
	{regexp.MustCompile(`"(id|session_id)":"[\w-]+"`), `"$1":"(id)"`},
}

// lifetime is a number of seconds until an expiry.
var lifetime = regexp.MustCompile(`("expires_in":|Max-Age=)(\d+)`)

func (p *program) normal(a reply) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %q last=%t\n", a.Status, a.Coding, a.Last)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		if name != "Date" {
			fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(a.Header[name], "\n"+name+": "))
		}
	}
	text.WriteString("\n" + a.Body)
	result := strings.ReplaceAll(text.String(), p.origin, "(origin)")
	for _, v := range varying {
		result = v.pattern.ReplaceAllString(result, v.by)
	}
	return lifetime.ReplaceAllStringFunc(result, func(match string) string {
		parts := lifetime.FindStringSubmatch(match)
		seconds, _ := strconv.Atoi(parts[2])
		return fmt.Sprintf("%s%d min", parts[1], (seconds+30)/60)
	})
}

// The parts of the transcripts.

const (
	foreign   = "Origin: https://evil.example"
	friendly  = "Origin: " + allowedOrigin
	preflight = "Access-Control-Request-Method: POST"
)

func byCookie(name string) string { return "Cookie: " + cookieName + "={" + name + ".cookie}" }

func byToken(name string) string { return "Authorization: Bearer {" + name + ".token}" }

// everyMethod sends unauthenticated requests to every path with every method.
func everyMethod() []step {
	var steps []step
	for _, path := range []string{
		"/auth", "/auth/", "/auth/login", "/auth/session", "/auth/refresh", "/auth/logout", "/auth/sessions", "/auth/sessions/revoke",
		"/auth/identities", "/auth/identities/remove",
		"/auth/jwks.json", "/auth/ok", "/auth/ready", "/auth/ok/", "/auth/OK", "/auth/%6Fk", "/auth/caf%C3%A9", "/auth/ok?a=b", "/auth/emulator/app",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"} {
			steps = append(steps, step{method: method, target: path})
		}
	}
	return steps
}

// crossSiteRequests are requests of other origins.
func crossSiteRequests() []step {
	var steps []step
	for _, path := range []string{"/auth/login", "/auth/session", "/auth/nothing", "/api/me", "/api/notes", "/api/public", "/"} {
		steps = append(steps,
			step{method: "OPTIONS", target: path, lines: []string{friendly, preflight}},
			step{method: "OPTIONS", target: path, lines: []string{foreign, preflight}},
			step{method: "OPTIONS", target: path, lines: []string{friendly, preflight, "Access-Control-Request-Headers: content-type, x-y"}})
	}
	for _, line := range []string{friendly, foreign, "Origin: null", "Origin: http://localhost:8080", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin"} {
		steps = append(steps,
			step{method: "GET", target: "/auth/ok", lines: []string{line}, want: http.StatusOK},
			step{method: "GET", target: "/api/me", lines: []string{line}, want: http.StatusUnauthorized},
			step{method: "GET", target: "/api/public", lines: []string{line}, want: http.StatusOK},
			step{method: "POST", target: "/auth/logout", lines: []string{line}},
			step{method: "POST", target: "/auth/login", lines: []string{line}, body: "{}"},
			step{method: "POST", target: "/api/notes", lines: []string{line, "Cookie: " + cookieName + "=x"}, body: "{}"})
	}
	return steps
}

// application sends unauthenticated requests to the application's own routes.
func application() []step {
	return []step{
		{http.StatusOK, "GET", "/", "", nil, ""},
		{http.StatusOK, "HEAD", "/", "", nil, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", nil, ""},
		{http.StatusUnauthorized, "HEAD", "/api/me", "", nil, ""},
		{http.StatusOK, "GET", "/api/public", "", nil, ""},
		{http.StatusOK, "HEAD", "/api/public", "", nil, ""},
		{http.StatusUnauthorized, "POST", "/api/notes", `{"note":"x"}`, nil, ""},
		{http.StatusOK, "GET", "/api/public", "", []string{"Authorization: Bearer x"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Authorization: Bearer"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"authorization: bEARER x y"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Authorization: Basic eDp5"}, ""},
		{http.StatusBadRequest, "GET", "/api/me", "", []string{"Authorization: Bearer x", "Authorization: Bearer x"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"X-Filler: " + strings.Repeat("x", 15<<10)}, ""},
	}
}

// refusedLogins are logins that are refused.
func refusedLogins(issuer *providertest.Issuer) []step {
	valid := string(issuer.Login(ada).Body())
	login := func(want int, body string, lines ...string) step {
		return step{want: want, method: "POST", target: "/auth/login", body: body, lines: lines}
	}
	steps := []step{
		login(http.StatusUnsupportedMediaType, valid, "Content-Type: text/plain"),
		login(http.StatusUnsupportedMediaType, valid, "Content-Type: application/json", "Content-Type: application/json"),
		login(http.StatusUnsupportedMediaType, valid, "Content-Type: application/json", "Content-Encoding: gzip"),
		login(http.StatusRequestEntityTooLarge, valid+strings.Repeat(" ", 64<<10)),
		login(http.StatusRequestEntityTooLarge, valid+strings.Repeat(" ", 64<<10), "Transfer-Encoding: chunked"),
		login(http.StatusRequestEntityTooLarge, valid+strings.Repeat(" ", 1<<20)),
		login(http.StatusBadRequest, "{"), login(http.StatusBadRequest, "[]"), login(http.StatusBadRequest, "{}"),
		login(http.StatusBadRequest, valid+"x"), login(http.StatusBadRequest, "\xef\xbb\xbf"+valid),
		login(http.StatusBadRequest, strings.Replace(valid, "{", `{"email":"x",`, 1)),
		login(http.StatusBadRequest, strings.Replace(valid, `"email"`, `"Email"`, 1)),
		login(http.StatusBadRequest, strings.Replace(valid, "{", `{"transport":"smoke",`, 1)),
		login(http.StatusBadRequest, strings.Replace(valid, "{", `{"provider":"unknown",`, 1)),
		login(http.StatusBadRequest, valid, "Authorization: Bearer x", "Authorization: Bearer y"),
		login(http.StatusForbidden, valid, foreign),
	}
	for _, f := range forgeries {
		payload := issuer.Login(ada).Payload()
		f.forge(issuer, payload)
		steps = append(steps, login(f.status, encode(payload)))
	}
	return steps
}
