package integration_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// originAttacks are requests that pages of other origins make a browser send.
var originAttacks = map[string]attack{
	"C05":   {run: func(t *testing.T, s *scene) { refusesOrigin(t, s, line("Sec-Fetch-Site", "cross-site")) }},
	"C06":   {run: sameSite},
	"C07":   {run: ownPages},
	"C08":   {run: originOnly},
	"C10":   {run: noOriginHeaders},
	"C11":   {run: crossSiteLogin},
	"C12":   {run: safeMethods},
	"C13":   {run: overriddenMethods},
	"C14":   {run: forwardedHosts},
	"C15":   {run: crossOriginReads},
	"C21":   {run: redirects},
	"C23":   {run: randomOrigins},
	"F-N02": {run: noOriginHeaders},
	"S29":   {run: safeMethods},
}

// unsafeRequests returns requests with side effects, of a user with a cookie.
// Each can be repeated.
func unsafeRequests(payload string) []struct {
	path   string
	status int
	body   with
} {
	return []struct {
		path   string
		status int
		body   with
	}{
		{"/auth/login", http.StatusOK, posting(payload)},
		{"/auth/sessions/revoke", http.StatusNoContent, posting(`{"others":true}`)},
		{"/api/notes", http.StatusCreated, posting(`{"note":"x"}`)},
	}
}

// passesOrigin checks that unsafe requests with the lines succeed.
func passesOrigin(t *testing.T, s *scene, lines ...with) {
	t.Helper()
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	me := p.signIn(t, s.issuer(), person)
	for _, r := range unsafeRequests(encode(s.issuer().Login(person).Payload())) {
		if r.path == "/auth/login" {
			p.send(t, "POST", r.path, append(lines, r.body)...).is(t, r.status, "")
			continue // with the cookie it would revoke the session
		}
		p.send(t, "POST", r.path, append(lines, r.body, me.credential)...).is(t, r.status, "")
	}
	p.send(t, "POST", "/auth/logout", append(lines, me.credential)...).is(t, http.StatusNoContent, "")
	p.rejects(t, me.credential)
}

// refusesOrigin checks that unsafe requests with the lines are refused, and
// succeed without them.
func refusesOrigin(t *testing.T, s *scene, lines ...with) {
	t.Helper()
	passesOrigin(t, s)
	p := s.program(ownSession)
	person := uniqueEmail(t, "eve")
	me, other := p.signIn(t, s.issuer(), person), p.signIn(t, s.issuer(), person)
	newcomer := uniqueEmail(t, "newcomer")
	for _, r := range unsafeRequests(encode(s.issuer().Login(newcomer).Payload())) {
		for _, providerToken := range [][]with{{me.credential}, {cookie("x")}} {
			a := p.send(t, "POST", r.path, append(append(providerToken, r.body), lines...)...)
			a.is(t, http.StatusForbidden, "cross_origin")
			a.setsNothing(t)
		}
	}
	p.send(t, "POST", "/auth/logout", append(lines, me.credential)...).is(t, http.StatusForbidden, "cross_origin")
	p.refusesLogin(t, providertest.SubjectOf(newcomer), http.StatusForbidden, "cross_origin",
		append(lines, posting(encode(s.issuer().Login(newcomer).Payload())))...)
	if n := p.registered(t, providertest.SubjectOf(newcomer)); n != 0 {
		t.Errorf("%d users are registered", n)
	}
	p.me(t, append(lines, me.credential)...) // reading is not refused
	p.me(t, other.credential)
}

// setsNothing checks that a response sets no cookie.
func (a reply) setsNothing(t testing.TB) {
	t.Helper()
	if set := a.Header["Set-Cookie"]; len(set) != 0 {
		t.Errorf("%d %s: a cookie is set: %q", a.Status, a.Body, set)
	}
}

func sameSite(t *testing.T, s *scene) {
	refusesOrigin(t, s, line("Sec-Fetch-Site", "same-site"))
	refusesOrigin(t, s, line("Sec-Fetch-Site", "same-site"), line("Origin", "http://evil.localhost:5173"))
	passesOrigin(t, s, line("Sec-Fetch-Site", "same-site"), line("Origin", allowedOrigin))
}

func ownPages(t *testing.T, s *scene) {
	passesOrigin(t, s, line("Sec-Fetch-Site", "same-origin"))
	passesOrigin(t, s, line("Sec-Fetch-Site", "none"))
	passesOrigin(t, s, line("Sec-Fetch-Site", "same-origin"), line("Origin", "https://evil.example"))
	refusesOrigin(t, s, line("Sec-Fetch-Site", "Same-Origin"))
	refusesOrigin(t, s, line("Sec-Fetch-Site", "same-origin, cross-site"))
	refusesOrigin(t, s, line("Sec-Fetch-Site", "cross-site"), line("Sec-Fetch-Site", "same-origin"))
}

const ownOrigin = "http://localhost:8080" // base_url

func originOnly(t *testing.T, s *scene) {
	p := s.program(ownSession)
	passesOrigin(t, s, line("Origin", ownOrigin))
	passesOrigin(t, s, line("Origin", p.origin))
	passesOrigin(t, s, line("Origin", allowedOrigin))
	for _, other := range []string{
		"https://evil.example", "null", "http://localhost:8081", "http://localhost", "https://localhost:8080", "https://localhost:5173", "http://localhost:8080/",
		"http://localhost:8080.evil.example", "http://evil.example/http://localhost:8080", "http://localhost:8080@evil.example", "HTTP://LOCALHOST:8080",
		"http://127.0.0.1", "%zz", "*", "file://", ownOrigin + ", https://evil.example",
	} {
		refusesOrigin(t, s, line("Origin", other))
	}
	refusesOrigin(t, s, line("Origin", "https://evil.example"), line("Origin", ownOrigin))
}

// noOriginHeaders is what programs send, and browsers behind a proxy that
// strips both headers: it passes, as in [http.CrossOriginProtection].
func noOriginHeaders(t *testing.T, s *scene) {
	passesOrigin(t, s)
	passesOrigin(t, s, line("Sec-Fetch-Site", ""), line("Origin", ""))
	refusesOrigin(t, s, line("Sec-Fetch-Site", ""), line("Origin", "https://evil.example"))
}

// crossSiteLogin has a page of an attacker sign its visitor in as the attacker.
func crossSiteLogin(t *testing.T, s *scene) {
	p := s.program(ownSession)
	attacker := uniqueEmail(t, "mallory")
	valid := p.acceptedLogin(t, s.issuer(), attacker)
	const form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	inAForm := "--x\r\nContent-Disposition: form-data; name=\"oauth_token\"\r\n\r\n" + valid + "\r\n--x--\r\n"
	for _, elsewhere := range [][]with{
		{line("Sec-Fetch-Site", "cross-site"), line("Origin", "https://evil.example")}, {line("Origin", "null")}, {line("Origin", "https://evil.example")},
	} {
		for _, sent := range []with{posting(valid), body(valid, "text/plain"), body(valid+"=", form), body(inAForm, multipart)} {
			p.refusesLogin(t, providertest.SubjectOf(attacker), http.StatusForbidden, "cross_origin", append(elsewhere, sent)...)
		}
	}
	// Without the headers no form has an accepted body.
	for _, sent := range []with{
		body(valid, "text/plain"), body(valid, form), body(valid+"=", form), body("oauth_token="+valid, form),
		body("access_token=x&oauth_token[access_token]=x", form), body(inAForm, multipart), body(valid, multipart), body(valid),
	} {
		p.refusesLogin(t, providertest.SubjectOf(attacker), http.StatusUnsupportedMediaType, "unsupported_media_type", sent)
	}
}

// safeMethods sends unsafe requests with methods that any page may use.
func safeMethods(t *testing.T, s *scene) {
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	payload := encode(s.issuer().Login(person).Payload())
	me := p.signedIn(t, p.send(t, "POST", "/auth/login", posting(payload)))
	newcomer := uniqueEmail(t, "newcomer")
	for path, sent := range map[string]with{
		"/auth/login":           posting(encode(s.issuer().Login(newcomer).Payload())),
		"/auth/logout":          func(*request) {},
		"/auth/sessions/revoke": posting(`{"all":true}`),
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"} {
			a := p.send(t, method, path, sent, me.credential)
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header["Allow"])
			}
			a.setsNothing(t)
		}
	}
	p.me(t, me.credential)
	if n := p.registered(t, providertest.SubjectOf(newcomer)); n != 0 {
		t.Errorf("%d users are registered", n)
	}
	p.send(t, "POST", "/auth/logout", me.credential).is(t, http.StatusNoContent, "")
	p.rejects(t, me.credential)
}

func overriddenMethods(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"} {
		for _, target := range []string{"/auth/logout", "/auth/logout?_method=POST"} {
			p.send(t, "GET", target, line(name, "POST"), me.credential).is(t, http.StatusMethodNotAllowed, "method_not_allowed")
		}
		// It does not make a request safe either.
		p.send(t, "POST", "/auth/logout?_method=GET", line(name, "GET"), line("Origin", "https://evil.example"), me.credential).
			is(t, http.StatusForbidden, "cross_origin")
		p.send(t, "POST", "/api/notes", line(name, "GET"), line("Origin", "https://evil.example"), me.credential, posting(`{"note":"x"}`)).
			is(t, http.StatusForbidden, "cross_origin")
	}
	p.me(t, me.credential)
	p.send(t, "POST", "/auth/logout", me.credential).is(t, http.StatusNoContent, "")
	p.rejects(t, me.credential)
}

func forwardedHosts(t *testing.T, s *scene) {
	const evil = "evil.example"
	lines := []with{
		line("X-Forwarded-Host", evil), line("X-Original-Host", evil), line("X-Host", evil), line("X-Forwarded-Server", evil),
		line("Forwarded", "host="+evil), line("X-Forwarded-Proto", "https"), line("X-Original-URL", "/auth/ok"), line("X-Rewrite-URL", "/auth/ok"),
	}
	passesOrigin(t, s, lines...)
	refusesOrigin(t, s, append(lines, line("Origin", "https://"+evil))...)
	refusesOrigin(t, s, append(lines, line("Origin", "http://"+evil), line("X-Forwarded-Host", evil))...)
}

// crossOriginReads are pages of other origins that read responses.
func crossOriginReads(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	preflight := line("Access-Control-Request-Method", "GET")
	targets := []string{"/auth/session", "/auth/sessions", "/auth/ok", "/auth/nothing", "/api/me", "/api/public"}
	for _, target := range targets {
		for _, sent := range [][]with{{me.credential}, nil} {
			a := p.send(t, "GET", target, append(sent, line("Origin", allowedOrigin))...)
			if a.Header.Get("Access-Control-Allow-Origin") != allowedOrigin || a.Header.Get("Access-Control-Allow-Credentials") != "true" {
				t.Errorf("%s for %s: %v", target, allowedOrigin, a.Header)
			}
		}
	}
	for _, other := range []string{
		"https://evil.example", "null", "*", "http://localhost:5173.evil.example", "http://localhost:51730", "https://localhost:5173", "http://LOCALHOST:5173",
		"http://evil.localhost:5173", "http://localhost:5173/", "http://localhost", allowedOrigin + " ", "", allowedOrigin + ",https://evil.example",
	} {
		if strings.TrimSpace(other) == allowedOrigin {
			continue // outer spaces are not part of a field
		}
		for _, target := range targets {
			for method, lines := range map[string][]with{"GET": {me.credential}, "OPTIONS": {preflight}} {
				a := p.send(t, method, target, append(lines, line("Origin", other))...)
				for name := range a.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s %s for %q: %s: %q", method, target, other, name, a.Header[name])
					}
				}
				if a.Header.Get("Vary") != "Origin" {
					t.Errorf("%s %s for %q varies by %q", method, target, other, a.Header["Vary"])
				}
			}
		}
	}
}

// redirects checks that no query causes a redirect.
func redirects(t *testing.T, s *scene) {
	p := s.program(ownSession)
	payload := p.acceptedLogin(t, s.issuer(), uniqueEmail(t, "ada"))
	for _, evil := range []string{
		"//evil.example", `/\evil.example`, "https:evil.example", "https://evil.example", "javascript:alert(1)", "%0d%0aLocation:%20https://evil.example", "%2f%2fevil.example",
	} {
		for _, name := range []string{"next", "redirect", "redirect_uri", "return_to", "callback", "url"} {
			query := "?" + name + "=" + evil
			me := p.send(t, "POST", "/auth/login"+query, posting(payload))
			for _, a := range []reply{
				me, p.send(t, "GET", "/auth/session"+query), p.send(t, "POST", "/auth/logout"+query), p.send(t, "GET", "/auth/nothing"+query), p.send(t, "GET", "/"+query),
			} {
				if a.Status/100 == 3 || a.Header["Location"] != nil || a.Header["Refresh"] != nil || strings.Contains(a.Body, "evil.example") {
					t.Errorf("%s: %d %v %s", query, a.Status, a.Header, a.Body)
				}
			}
			me.is(t, http.StatusOK, "")
		}
	}
}

// randomOrigins compares the decisions of the program with those of the
// standard library.
func randomOrigins(t *testing.T, s *scene) {
	const tuples = 300
	p := s.program(ownSession)
	var standard http.CrossOriginProtection
	for _, trusted := range []string{ownOrigin, allowedOrigin} {
		if err := standard.AddTrustedOrigin(trusted); err != nil {
			t.Fatal(err)
		}
	}
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	sites := []string{"", "", "same-origin", "same-site", "cross-site", "none", "None", "other"}
	hosts := []string{"localhost:8080", "localhost", "evil.example", "[::1]:80", "api.example.com:443"}
	origins := []string{
		"", "null", ownOrigin, allowedOrigin, "https://localhost:8080", "http://localhost", "https://evil.example", "http://evil.example:80", "http://[::1]:80",
		"https://api.example.com:443", "https://api.example.com", "HTTP://LOCALHOST:8080", "//localhost:8080", "%zz", "https://u@evil.example",
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	decided := map[bool]int{}
	for range tuples {
		site, origin, host := pick(sites), pick(origins), pick(hosts)
		sent := func(r *request) {
			r.lines = []string{"Host: " + host}
			if site != "" {
				line("Sec-Fetch-Site", site)(r)
			}
			if origin != "" {
				line("Origin", origin)(r)
			}
		}
		want := standardAllows(t, &standard, site, origin, host)
		decided[want]++
		for _, a := range []reply{
			p.send(t, "POST", "/api/notes", sent, me.credential, posting(`{"note":"x"}`)), p.send(t, "POST", "/auth/logout", sent),
		} {
			if refused := a.Status == http.StatusForbidden; refused == want {
				t.Errorf("Sec-Fetch-Site %q, Origin %q, Host %q: %d, the standard library allows it: %t", site, origin, host, a.Status, want)
			}
		}
		for _, method := range []string{"GET", "HEAD"} {
			p.send(t, method, "/api/me", sent, me.credential).is(t, http.StatusOK, "")
		}
	}
	if decided[true] < 20 || decided[false] < 20 {
		t.Errorf("too few comparisons: %v", decided)
	}
}

func standardAllows(t *testing.T, standard *http.CrossOriginProtection, site, origin, host string) bool {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Origin", origin)
	return standard.Check(r) == nil
}

func crossSiteRefresh(t *testing.T, s *scene) {
	p := s.program(tokenCookie)
	login := s.issuer().Login(uniqueEmail(t, "ada"))
	me := p.signedIn(t, p.login(t, login.Payload()))
	exchange := posting(encode(map[string]string{"refresh_token": login.RefreshToken}))
	for _, elsewhere := range []with{line("Sec-Fetch-Site", "cross-site"), line("Origin", "https://evil.example"), line("Origin", "null")} {
		a := p.send(t, "POST", "/auth/refresh", me.credential, exchange, elsewhere)
		a.is(t, http.StatusForbidden, "cross_origin")
		a.setsNothing(t)
	}
	p.signedInAgain(t, p.send(t, "POST", "/auth/refresh", me.credential, exchange)) // the token is still unused
}

func refreshByGET(t *testing.T, s *scene) {
	p := s.program(tokenCookie)
	login := s.issuer().Login(uniqueEmail(t, "ada"))
	me := p.signedIn(t, p.login(t, login.Payload()))
	exchange := posting(encode(map[string]string{"refresh_token": login.RefreshToken}))
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
		a := p.send(t, method, "/auth/refresh", me.credential, exchange)
		if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, a.Status, a.Header["Allow"])
		}
		a.setsNothing(t)
	}
	p.send(t, "GET", "/auth/refresh?refresh_token="+login.RefreshToken, me.credential).is(t, http.StatusMethodNotAllowed, "method_not_allowed")
	p.signedInAgain(t, p.send(t, "POST", "/auth/refresh", me.credential, exchange))
}
