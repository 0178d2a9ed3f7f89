package integration_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// cookieBrowser sends the cookies that a browser stores for an origin.
type cookieBrowser struct {
	*program
	jar    *cookiejar.Jar
	origin *url.URL
}

// newCookieBrowser returns a browser without cookies at https://api.example.com.
func newCookieBrowser(t *testing.T) *cookieBrowser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &cookieBrowser{jar: jar, origin: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/"}}
}

// at returns the browser at a program, with the cookies that it has so far.
func (v *cookieBrowser) at(p *program) *cookieBrowser { return &cookieBrowser{p, v.jar, v.origin} }

// visit sends a request with the browser's cookies, and stores those of the response.
func (v *cookieBrowser) visit(t *testing.T, method, path string, changes ...with) reply {
	t.Helper()
	for _, stored := range v.jar.Cookies(v.origin) {
		changes = append(changes, line("Cookie", stored.Name+"="+stored.Value))
	}
	a := v.send(t, method, path, changes...)
	v.jar.SetCookies(v.origin, a.Cookies)
	return a
}

// signsIn checks that a login succeeds and leaves the browser one cookie, which
// authenticates it.
func (v *cookieBrowser) signsIn(t *testing.T, issuer *providertest.Issuer) {
	t.Helper()
	payload := issuer.Login(ada).Payload()
	v.addTokens(payload)
	a := repeat(func() reply { return v.visit(t, "POST", "/auth/login", posting(encode(payload))) }, reply.keysSlow)
	if a.Status != http.StatusOK && a.Status != http.StatusCreated {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	v.holds(t, 1)
	v.visit(t, "GET", "/api/me").is(t, http.StatusOK, "")
}

func (v *cookieBrowser) holds(t *testing.T, cookies int) {
	t.Helper()
	if got := v.jar.Cookies(v.origin); len(got) != cookies {
		t.Errorf("the browser has %d cookies, want %d: %v", len(got), cookies, got)
	}
}

// TestCookie_DomainChanged adds the argument domain to a cookie that browsers have
// already, and removes it again. Neither leads to two cookies of the name, and a
// browser that has two is healed by a login and by a logout.
//
// Cases: S01. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestCookie_DomainChanged(t *testing.T) {
	t.Parallel()
	const (
		ofHost   = "session \"own\" {\n cookie {\n name = \"__Secure-s\"\n }\n}"
		ofDomain = "session \"own\" {\n cookie {\n name = \"__Secure-s\"\n domain = \"example.com\"\n }\n}"
	)
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer, database := providertest.NewIssuer(t), sqliteFile(t)
		on := func(session string) *program {
			t.Helper()
			p := start(t, framework, edited(t, configurationOn(database.block, issuer, session), []edit{atHTTPS, sameSiteOrigin}))
			p.database = database
			return p
		}
		host, domain := on(ofHost), on(ofDomain)
		for name, programs := range map[string][2]*program{"added": {host, domain}, "removed": {domain, host}} {
			before, after := programs[0], programs[1]
			v := newCookieBrowser(t)
			v.at(before).signsIn(t, issuer)
			v.at(after).visit(t, "GET", "/api/me").is(t, http.StatusOK, "")
			v.at(after).signsIn(t, issuer)
			v.at(after).visit(t, "POST", "/auth/logout").is(t, http.StatusNoContent, "")
			v.holds(t, 0)

			for _, heal := range []func(*cookieBrowser){
				func(v *cookieBrowser) { v.signsIn(t, issuer) },
				func(v *cookieBrowser) {
					v.visit(t, "POST", "/auth/logout").is(t, http.StatusNoContent, "")
					v.holds(t, 0)
					v.visit(t, "GET", "/api/me").is(t, http.StatusUnauthorized, "unauthenticated")
				},
			} {
				locked := newCookieBrowser(t)
				locked.at(before).signsIn(t, issuer)
				locked.jar.SetCookies(locked.origin, after.login(t, issuer.Login(ada).Payload()).Cookies)
				locked.holds(t, 2)
				locked.at(after).visit(t, "GET", "/api/me").is(t, http.StatusBadRequest, "invalid_request")
				heal(locked.at(after))
			}
			t.Logf("%s: healed", name)
		}
	})
}

// TestGuard_Upgrade opens a WebSocket at a guarded route from pages of several
// origins. A browser sends the cookie with each.
//
// Cases: S02. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestGuard_Upgrade(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		p := start(t, framework, configuration(issuer, ownSession))
		byCookie, byToken := p.signIn(t, issuer, ada).credential, p.signInByToken(t, issuer, ada).credential
		for _, upgrade := range [][]with{
			{line("Connection", "Upgrade"), line("Upgrade", "websocket"), line("Sec-WebSocket-Version", "13"), line("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")},
			{line("connection", "X-Option, uPGRADE"), line("upgrade", "WEBSOCKET")},
			{line("Connection", "X-Option"), line("Connection", "upgrade"), line("Upgrade", "foo/2, websocket")},
			{line("Upgrade", "websocket")},
		} {
			for _, own := range []with{both(byCookie, line("Origin", ownOrigin)), both(byCookie, line("Origin", allowedOrigin)), byCookie, both(byToken, foreignPage)} {
				p.me(t, append(upgrade, own)...)
			}
			for _, foreign := range []with{foreignPage, line("Origin", "null"), line("Sec-Fetch-Site", "cross-site"), line("Sec-Fetch-Site", "same-site")} {
				p.me(t, byCookie, foreign)
				for _, path := range []string{"/api/me", "/api/public", "/auth/session"} {
					p.send(t, "GET", path, append(upgrade, byCookie, foreign)...).is(t, http.StatusForbidden, "cross_origin")
				}
			}
		}
	})
}

// TestFailures_BehindProxy sends many bad logins of one client through a proxy that
// the configuration does not list, and that of another client after it. A listed
// proxy and no proxy at all are the neighboring cases, in which the limit applies.
//
// Cases: S07. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestFailures_BehindProxy(t *testing.T) {
	t.Parallel()
	const limit = 3
	limited := edit{"mode ", fmt.Sprintf("login_failures = %d\n  mode ", limit)}
	listed := edit{"mode ", "trusted_proxies = [\"127.0.0.1\"]\n  mode "}
	mallory, bob := line("X-Forwarded-For", "203.0.113.9"), line("X-Forwarded-For", "203.0.113.10")
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		for name, c := range map[string]struct {
			edits        []edit
			first, other []with // header lines of two clients
			last, login  int    // status of the last bad login, and of a login of the other client
			warnings     int
		}{
			"no proxy":       {[]edit{limited}, nil, nil, http.StatusTooManyRequests, http.StatusTooManyRequests, 0},
			"listed proxy":   {[]edit{limited, listed}, []with{mallory}, []with{bob}, http.StatusTooManyRequests, http.StatusCreated, 0},
			"unlisted proxy": {[]edit{limited}, []with{mallory}, []with{bob}, http.StatusUnauthorized, http.StatusCreated, 1},
			"other fields": {
				[]edit{limited},
				[]with{line("X-Real-IP", "203.0.113.9"), line("Forwarded", "for=203.0.113.9")},
				[]with{line("Forwarded", "for=203.0.113.10")},
				http.StatusUnauthorized, http.StatusCreated, 1,
			},
		} {
			p := start(t, framework, edited(t, configuration(issuer, ownSession), c.edits))
			var bad reply
			for range limit + 2 {
				bad = p.send(t, "POST", "/auth/login", append(c.first, posting(encode(posted("x.y.z"))))...)
			}
			payload := issuer.Login(ada).Payload()
			login := repeat(func() reply { return p.login(t, payload, c.other...) }, reply.keysSlow)
			if bad.Status != c.last || login.Status != c.login {
				t.Errorf("%s: the last bad login is %d, another client's login is %d, want %d and %d", name, bad.Status, login.Status, c.last, c.login)
			}
			p.end(t)
			if got := strings.Count(p.log, `"event":"client_address_unknown"`); got != c.warnings {
				t.Errorf("%s: got %d warnings, want %d:\n%s", name, got, c.warnings, p.log)
			}
		}
	})
}

// TestRevokeAll_SameSecond revokes all credentials of a user in the second in which
// a token was issued, and signs in again at once. The result does not depend on
// when in the second that happens.
//
// Cases: S04. Frameworks: nethttp, gin, fiber. Databases: sqlite, postgres, mariadb.
func TestRevokeAll_SameSecond(t *testing.T) {
	t.Parallel()
	const rounds = 3
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		onEach(t, servable(), func(t *testing.T, b backend) {
			t.Helper()
			issuer := providertest.NewIssuer(t)
			for _, session := range []string{ownSession, tokenBearer} {
				p := startOn(t, b.create(t), framework, issuer, session)
				first := p.signIn(t, issuer, ada).User.ID
				for range rounds {
					token := issuer.AccessToken(ada)
					me := p.signedIn(t, p.login(t, posted(token)))
					p.me(t, me.credential)
					p.send(t, "POST", "/auth/sessions/revoke", me.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
					p.rejects(t, me.credential)
					p.login(t, posted(token)).is(t, http.StatusUnauthorized, "invalid_token")
					again := p.signedIn(t, p.login(t, posted(issuer.AccessToken(ada))))
					p.me(t, again.credential)
					if again.User.ID != first {
						t.Errorf("ada was %s and is %s", first, again.User.ID)
					}
				}
			}
		})
	})
}

func foreignPage(r *request) { line("Origin", "https://evil.example")(r) }
