package integration_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// cookieAttacks are the attacks on how secrets are sent, and on caches.
var cookieAttacks = map[string]attack{
	"C01":   {run: exactCookie},
	"C04":   {run: exactClearedCookie},
	"C16":   {run: uncacheableResponses},
	"C17":   {run: contentTypes},
	"C18":   {run: tokensTooLargeForCookie},
	"C19":   {run: noOtherDataCleared},
	"C22":   {run: headerInjection},
	"S18":   {run: tokensElsewhere},
	"F-N01": {run: clientDisconnects, stored: true},
	"F-N03": {run: uncacheableResponses},
}

// cookieForms are session blocks and the Set-Cookie lines that they lead to.
var cookieForms = []struct {
	name, session string
	edits         []edit
	line          string // name and attributes
}{
	{"over https", ownSession, []edit{atHTTPS}, "__Host-session=%s; Path=/; Max-Age=%s; HttpOnly; Secure; SameSite=Lax"},
	{"over http", ownSession, nil, "cotterpin_session=%s; Path=/; Max-Age=%s; HttpOnly; SameSite=Lax"},
	{
		"strict", "session \"own\" {\n cookie {\n same_site = \"strict\"\n }\n}",
		[]edit{atHTTPS, sameSiteOrigin},
		"__Host-session=%s; Path=/; Max-Age=%s; HttpOnly; Secure; SameSite=Strict",
	},
	{
		"for a domain", "session \"own\" {\n cookie {\n name = \"__Secure-s\"\n domain = \"example.com\"\n same_site = \"none\"\n partitioned = true\n }\n}",
		[]edit{atHTTPS},
		"__Secure-s=%s; Path=/; Domain=example.com; Max-Age=%s; HttpOnly; Secure; SameSite=None; Partitioned",
	},
}

var (
	atHTTPS        = edit{"http://localhost:8080", "https://api.example.com"}
	sameSiteOrigin = edit{allowedOrigin, "https://app.example.com"}
)

func exactCookie(t *testing.T, s *scene) {
	const days = 24 * 60 * 60
	for _, form := range cookieForms {
		p := s.program(form.session, form.edits...)
		a := p.login(t, s.issuer().Login(uniqueEmail(t, "ada")).Payload())
		a.is(t, http.StatusCreated, "")
		want := fmt.Sprintf(regexp.QuoteMeta(form.line), `(cps_[\w-]{22}\.[\w-]{43})`, `(\d+)`)
		set := a.Header["Set-Cookie"]
		if len(set) != 1 || !regexp.MustCompile("^"+want+"$").MatchString(set[0]) {
			t.Errorf("%s: %q, want one %s", form.name, set, want)
			continue
		}
		if age := a.Cookies[0].MaxAge; age > 30*days || age < 30*days-60 {
			t.Errorf("%s: Max-Age=%d, want that of the session: 30 days", form.name, age)
		}
		for half := range strings.SplitSeq(a.Cookies[0].Value, ".") {
			if strings.Contains(a.Body, strings.TrimPrefix(half, "cps_")) {
				t.Errorf("%s: the body contains the cookie's value", form.name)
			}
		}
	}
	long := s.program("session \"own\" {\n ttl = \"400d\"\n}")
	a := long.login(t, s.issuer().Login(uniqueEmail(t, "ada")).Payload())
	if len(a.Cookies) != 1 || a.Cookies[0].MaxAge > 400*days {
		t.Errorf("a session of 400 days: %q", a.Header["Set-Cookie"])
	}
}

func exactClearedCookie(t *testing.T, s *scene) {
	for _, form := range cookieForms {
		p := s.program(form.session, form.edits...)
		want := []string{fmt.Sprintf(form.line, "", "0")}
		if form.name == "for a domain" { // with its twins of other domains or partitions
			const twin = "__Secure-s=; Path=/; %sMax-Age=0; HttpOnly; Secure; SameSite=None%s"
			for _, domain := range []string{"", "Domain=api.example.com; "} {
				want = append(want, fmt.Sprintf(twin, domain, ""), fmt.Sprintf(twin, domain, "; Partitioned"))
			}
			want = append(want, fmt.Sprintf(twin, "Domain=example.com; ", ""))
		}
		for _, path := range []string{"/auth/logout", "/auth/sessions/revoke"} {
			me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
			p.me(t, me.credential)
			sent := []with{me.credential}
			if path != "/auth/logout" {
				sent = append(sent, posting(encode(map[string]string{"id": me.Session.ID})))
			}
			a := p.send(t, "POST", path, sent...)
			a.is(t, http.StatusNoContent, "")
			if got := a.Header["Set-Cookie"]; !slices.Equal(got, want) {
				t.Errorf("%s, %s: %q, want %q", form.name, path, got, want)
			}
			p.rejects(t, me.credential)
		}
	}
}

// uncacheableResponses checks that no cache may store a response about a user
// (RFC 9111, section 5.2.2.5).
func uncacheableResponses(t *testing.T, s *scene) {
	for _, session := range []string{ownSession, ownBearer, tokenBearer, tokenCookie} {
		p := s.program(session)
		login := s.issuer().Login(uniqueEmail(t, "ada"))
		first := p.login(t, login.Payload())
		me := p.signedIn(t, first)
		replies := []reply{first, p.login(t, login.Payload())}
		for _, path := range []string{"/auth/session", "/auth/sessions", "/auth/login", "/auth/nothing", "/api/me", "/api/public"} {
			replies = append(replies, p.send(t, "GET", path, me.credential), p.send(t, "HEAD", path, me.credential), p.send(t, "GET", path))
		}
		replies = append(replies,
			p.send(t, "POST", "/api/notes", me.credential, posting(`{"note":"x"}`)),
			p.send(t, "POST", "/auth/refresh", me.credential, posting(encode(map[string]string{"refresh_token": login.RefreshToken}))),
			p.send(t, "POST", "/auth/logout", me.credential),
			p.send(t, "POST", "/auth/logout"),
		)
		for _, a := range replies {
			if got := a.Header["Cache-Control"]; !slices.Equal(got, []string{"no-store"}) {
				t.Errorf("%d %s: Cache-Control %q", a.Status, a.Body, got)
			}
			if a.Header["Expires"] != nil || a.Header["Surrogate-Control"] != nil || a.Header["Cdn-Cache-Control"] != nil {
				t.Errorf("%d %s: %v", a.Status, a.Body, a.Header)
			}
		}
	}
}

func contentTypes(t *testing.T, s *scene) {
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	me := p.signIn(t, s.issuer(), person)
	const ok, wrong = "application/json", "application/problem+json"
	for _, c := range []struct {
		reply reply
		want  []string
	}{
		{p.login(t, s.issuer().Login(person).Payload()), []string{ok}},
		{p.send(t, "GET", "/auth/session", me.credential), []string{ok}},
		{p.send(t, "HEAD", "/auth/session", me.credential), []string{ok}},
		{p.send(t, "GET", "/auth/sessions", me.credential, line("Accept", "text/html")), []string{ok}},
		{p.send(t, "GET", "/auth/ok"), []string{ok}},
		{p.send(t, "GET", "/auth/ready"), []string{ok}},
		{p.send(t, "GET", "/auth/session", line("Accept", "text/html")), []string{wrong}},
		{p.send(t, "GET", "/auth/<script>"), []string{wrong}},
		{p.send(t, "PUT", "/auth/login"), []string{wrong}},
		{p.send(t, "POST", "/auth/logout", me.credential), nil},
	} {
		c.reply.checkFields(t)
		if got := c.reply.Header["Content-Type"]; !slices.Equal(got, c.want) {
			t.Errorf("%d %s: Content-Type %q, want %q", c.reply.Status, c.reply.Body, got, c.want)
		}
		if strings.Contains(c.reply.Body, "<script>") {
			t.Errorf("%s", c.reply.Body)
		}
	}
}

func tokensTooLargeForCookie(t *testing.T, s *scene) {
	const limit = 4096 // name and value
	p := s.program(tokenCookie)
	person := uniqueEmail(t, "ada")
	withFiller := func(n int) (string, map[string]any) {
		token := s.issuer().AccessToken(person, providertest.Claim("filler", strings.Repeat("x", n)))
		return token, map[string]any{"oauth_token": map[string]any{"access_token": token}}
	}
	plain, _ := withFiller(0)
	n := (limit-len(cookieName)-len(plain))*3/4 - 8
	last, fits := withFiller(n)
	for {
		token, next := withFiller(n + 1)
		if len(cookieName)+len(token) > limit {
			p.login(t, fits).is(t, http.StatusCreated, "")
			p.me(t, cookie(last))
			p.refused(t, providertest.SubjectOf(person), next, http.StatusBadRequest, "token_too_large")
			break
		}
		last, fits, n = token, next, n+1
	}
	newcomer := uniqueEmail(t, "newcomer")
	large := map[string]any{"oauth_token": map[string]any{
		"access_token": s.issuer().AccessToken(newcomer, providertest.Claim("filler", strings.Repeat("x", 3500))),
	}}
	p.refused(t, providertest.SubjectOf(newcomer), large, http.StatusBadRequest, "token_too_large")
	s.program(tokenBearer).login(t, large).is(t, http.StatusCreated, "") // otherwise it is accepted
}

// noOtherDataCleared checks that a logout clears its own cookie and nothing
// else.
func noOtherDataCleared(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	a := p.send(t, "POST", "/auth/logout", me.credential, line("Cookie", "theme=dark"))
	a.is(t, http.StatusNoContent, "")
	if len(a.Cookies) != 1 || a.Cookies[0].Name != cookieName || a.Header["Clear-Site-Data"] != nil {
		t.Errorf("%v", a.Header)
	}
}

// headerInjection sends values that contain line breaks wherever a response
// could contain them.
func headerInjection(t *testing.T, s *scene) {
	const injected = "\r\nSet-Cookie: evil=1\r\nX-Evil: 1"
	clean := func(a reply) {
		t.Helper()
		for _, set := range a.Cookies {
			if set.Name != cookieName {
				t.Errorf("%d %s: a cookie %q", a.Status, a.Body, set)
			}
		}
		if a.Header["X-Evil"] != nil {
			t.Errorf("%d %s: %v", a.Status, a.Body, a.Header)
		}
	}
	for _, session := range []string{ownSession, tokenCookie} {
		p := s.program(session)
		for _, claim := range []string{"identifier", "authentication_method", "jti", "scp", "client_user_id"} {
			token := s.issuer().AccessToken(uniqueEmail(t, "ada"), providertest.Claim(claim, "x"+injected))
			a := p.login(t, map[string]any{"oauth_token": map[string]any{"access_token": token}, "user": map[string]any{"created_at": injected}})
			clean(a)
			clean(p.send(t, "GET", "/auth/session", p.signedIn(t, a).credential))
		}
		for _, target := range []string{"/auth/ok?x=%0d%0aSet-Cookie:%20evil=1", "/auth/%0d%0aSet-Cookie:%20evil=1", "/auth/login%0aX-Evil:1"} {
			clean(p.send(t, "GET", target))
		}
		for _, lines := range []string{
			"Origin: " + allowedOrigin + "\rSet-Cookie: evil=1\r\nAccess-Control-Request-Method: POST",
			"Origin: " + allowedOrigin + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x\rSet-Cookie: evil=1",
			"Origin: " + allowedOrigin + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x\x00\x0bX-Evil: 1",
		} {
			for _, path := range []string{"/auth/login", "/api/me"} {
				for _, a := range p.raw(t, "OPTIONS "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+lines+"\r\n\r\n") {
					clean(a)
				}
			}
		}
		preflight := p.send(t, "OPTIONS", "/api/me", line("Origin", allowedOrigin), line("Access-Control-Request-Method", "POST"),
			line("Access-Control-Request-Headers", `x; "y", <z>`))
		if got := preflight.Header.Get("Access-Control-Allow-Headers"); got != "Authorization, Content-Type" {
			t.Errorf("Access-Control-Allow-Headers: %s", got)
		}
	}
}

// tokensOfWrongType presents valid tokens as another type.
func tokensOfWrongType(t *testing.T, s *scene) {
	p := s.program(tokenBearer)
	person := uniqueEmail(t, "ada")
	login := s.issuer().Login(person)
	me := p.signedIn(t, p.login(t, login.Payload()))
	p.me(t, bearer(login.AccessToken))
	for _, wrong := range []string{login.RefreshToken, login.IDToken} {
		p.rejects(t, bearer(wrong))
		p.refused(t, providertest.SubjectOf(person), map[string]any{"oauth_token": map[string]any{"access_token": wrong}},
			http.StatusUnauthorized, "invalid_token")
	}
	for _, wrong := range []string{login.AccessToken, login.IDToken} {
		p.send(t, "POST", "/auth/refresh", me.credential, posting(encode(map[string]string{"refresh_token": wrong}))).
			is(t, http.StatusUnauthorized, "invalid_token")
	}
	fresh := p.signedInAgain(t, p.send(t, "POST", "/auth/refresh", posting(encode(map[string]string{"refresh_token": login.RefreshToken}))))
	p.rejects(t, bearer(fresh.Token.RefreshToken))

	own := s.program(ownSession)
	byToken, byCookie := own.signInByToken(t, s.issuer(), person), own.signIn(t, s.issuer(), person)
	inCookie := request{}
	byCookie.credential(&inCookie)
	_, value, _ := strings.Cut(inCookie.lines[0], "=")
	own.rejects(t, cookie(byToken.Token.AccessToken))
	own.rejects(t, bearer(value))
	own.rejects(t, bearer(login.AccessToken))
	own.me(t, byToken.credential)
	own.me(t, byCookie.credential)
}

func refreshTokensInCookies(t *testing.T, s *scene) {
	for _, session := range []string{tokenBearer, tokenCookie} {
		p := s.program(session)
		login := s.issuer().Login(uniqueEmail(t, "ada"))
		me := p.signedIn(t, p.login(t, login.Payload()))
		for _, name := range []string{"refresh_token", "cotterpin_refresh", "__Host-refresh"} {
			hidden := line("Cookie", name+"="+login.RefreshToken)
			p.send(t, "POST", "/auth/refresh", hidden, posting(`{}`)).is(t, http.StatusBadRequest, "invalid_request")
			p.send(t, "POST", "/auth/refresh", hidden).is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
			p.send(t, "GET", "/api/me", hidden).is(t, http.StatusUnauthorized, "unauthenticated")
			p.me(t, hidden, me.credential)
		}
		p.rejects(t, cookie(login.RefreshToken))
		p.signedInAgain(t, p.send(t, "POST", "/auth/refresh", posting(encode(map[string]string{"refresh_token": login.RefreshToken}))))
	}
}

// tokensElsewhere sends valid tokens where the kit does not look: addresses are
// logged everywhere, and any page can send a form.
func tokensElsewhere(t *testing.T, s *scene) {
	for _, session := range []string{ownBearer, tokenBearer} {
		p := s.program(session)
		token := p.signIn(t, s.issuer(), uniqueEmail(t, "ada")).Token.AccessToken
		p.me(t, bearer(token))
		const form = "application/x-www-form-urlencoded"
		for _, name := range []string{"access_token", "token", "id_token", "jwt", "session", cookieName, "Authorization", "authorization"} {
			pair := name + "=" + url.QueryEscape(token)
			p.send(t, "GET", "/api/me?"+pair).is(t, http.StatusUnauthorized, "unauthenticated")
			p.send(t, "GET", "/auth/session?"+pair).is(t, http.StatusUnauthorized, "unauthenticated")
			p.send(t, "POST", "/api/notes", body(pair, form)).is(t, http.StatusUnauthorized, "unauthenticated")
			p.send(t, "POST", "/api/notes?"+pair, posting(`{"note":"x"}`)).is(t, http.StatusUnauthorized, "unauthenticated")
			p.send(t, "GET", "/api/me", body(pair, form)).is(t, http.StatusUnauthorized, "unauthenticated")
		}
		for _, name := range []string{"X-Access-Token", "X-Auth-Token", "Token", "Proxy-Authorization", "X-Authorization", "X-API-Key"} {
			p.send(t, "GET", "/api/me", line(name, "Bearer "+token)).is(t, http.StatusUnauthorized, "unauthenticated")
			p.send(t, "GET", "/api/me", line(name, token)).is(t, http.StatusUnauthorized, "unauthenticated")
		}
		p.send(t, "GET", "/auth/session/"+token).is(t, http.StatusNotFound, "not_found")
		p.send(t, "POST", "/auth/sessions/revoke", posting(encode(map[string]any{"all": true, "access_token": token}))).
			is(t, http.StatusUnauthorized, "unauthenticated")
		p.me(t, bearer(token))
	}
}

// clientDisconnects closes connections before the response to a login. No
// client has the session, and a retry succeeds.
func clientDisconnects(t *testing.T, s *scene) {
	p := s.program(ownSession)
	const people = 20
	for i := range people {
		person := uniqueEmail(t, fmt.Sprintf("ada-%d", i))
		payload := s.issuer().Login(person).Payload()
		p.addTokens(payload)
		sent := request{}
		posting(encode(payload))(&sent)
		connection, err := net.Dial("tcp", strings.TrimPrefix(p.origin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(connection, "POST /auth/login HTTP/1.1\r\nHost: localhost\r\n"+strings.Join(sent.lines, "\r\n")+"\r\n\r\n"+sent.body)
		if i%2 == 0 {
			connection.(*net.TCPConn).SetLinger(0) // cut, not closed
		}
		connection.Close()

		again := p.signIn(t, s.issuer(), person)
		p.me(t, again.credential)
		if n := p.registered(t, providertest.SubjectOf(person)); n != 1 {
			t.Errorf("%s has %d identities", person, n)
		}
		if got := textOf(p.me(t, p.signIn(t, s.issuer(), person).credential).UserID); got != again.User.ID {
			t.Errorf("%s is %s and %s", person, again.User.ID, got)
		}
	}
}
