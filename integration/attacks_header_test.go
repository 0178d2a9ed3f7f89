package integration_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// headerAttacks are the attacks with the framing and the header fields of
// requests.
var headerAttacks = map[string]attack{
	"H01": {run: twoAuthorizationHeaders},
	"H02": {run: schemes},
	"H04": {run: nonASCIIBytes},
	"H06": {run: headerAndCookie},
	"H07": {run: forwardedAddresses},
	"H08": {run: forwardedUsers},
	"H14": {run: hosts},
	"H16": {run: headOfGuardedRoute},
	"H17": {run: optionsOfGuardedRoute},
	"H18": {run: validatorsOfAnotherUser},
	"H19": {run: tooManyHeaders},
	"H22": {run: framings},
}

func authorization(value string) with { return line("Authorization", value) }

func twoAuthorizationHeaders(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signInByToken(t, s.issuer(), uniqueEmail(t, "ada"))
	p.me(t, me.credential)
	for _, second := range []with{me.credential, bearer("x"), authorization("Basic eDp5"), authorization("")} {
		p.send(t, "GET", "/api/me", me.credential, second).is(t, http.StatusBadRequest, "invalid_request")
		p.send(t, "GET", "/api/me", second, me.credential).is(t, http.StatusBadRequest, "invalid_request")
		p.send(t, "GET", "/auth/session", me.credential, second).is(t, http.StatusBadRequest, "invalid_request")
		p.send(t, "POST", "/auth/logout", me.credential, second).is(t, http.StatusBadRequest, "invalid_request")
	}
	p.me(t, me.credential)
}

func schemes(t *testing.T, s *scene) {
	p := s.program(ownSession)
	token := p.signInByToken(t, s.issuer(), uniqueEmail(t, "ada")).Token.AccessToken
	for _, valid := range []string{"Bearer " + token, "bearer " + token, "BEARER " + token, "  Bearer " + token + "\t "} {
		p.me(t, authorization(valid))
	}
	for _, bad := range []string{
		"Bearer", "Bearer ", "Bearer  " + token, "Bearer\t" + token, "Bearer \t" + token, "Bearer a b", "Bearer " + token + " b",
		"Bearer " + token + ",", "Bearer, " + token, "Bearer:" + token, `Bearer "` + token + `"`,
	} {
		p.send(t, "GET", "/api/me", authorization(bad)).is(t, http.StatusUnauthorized, "invalid_token")
	}
	for _, other := range []string{"BearerX " + token, "Bearer" + token, "Bearer- " + token, "Basic eDp5", "Basic " + token, "DPoP " + token, token, ""} {
		p.send(t, "GET", "/api/me", authorization(other)).is(t, http.StatusUnauthorized, "unauthenticated")
	}
}

func nonASCIIBytes(t *testing.T, s *scene) {
	p := s.program(ownSession)
	token := p.signInByToken(t, s.issuer(), uniqueEmail(t, "ada")).Token.AccessToken
	by := p.signIn(t, s.issuer(), uniqueEmail(t, "bob"))
	p.me(t, bearer(token))
	p.me(t, by.credential)
	for _, wrong := range []string{"\x80", "\xff", "\u00e4", "\u00a0", "\u200b", "\u2024"} {
		p.rejects(t, bearer(token+wrong))
		p.rejects(t, bearer(wrong+token))
		p.rejects(t, bearer(strings.Replace(token, ".", wrong, 1)))
		p.rejects(t, cookie(token+wrong))
		p.send(t, "GET", "/api/me", authorization("Bearer"+wrong+" "+token)).is(t, http.StatusUnauthorized, "invalid_token")
	}
}

func headerAndCookie(t *testing.T, s *scene) {
	p := s.program(ownSession)
	ada, bob := uniqueEmail(t, "ada"), uniqueEmail(t, "bob")
	byToken, byCookie := p.signInByToken(t, s.issuer(), ada), p.signIn(t, s.issuer(), bob)
	for _, order := range [][]with{{byToken.credential, byCookie.credential}, {byCookie.credential, byToken.credential}} {
		if who := p.me(t, order...); textOf(who.Subject) != providertest.SubjectOf(ada) {
			t.Errorf("the header has no precedence: %s", textOf(who.Subject))
		}
	}
	for _, bad := range []string{"Bearer x", "Bearer", "Bearer " + byCookie.Session.ID, "Bearer " + byToken.Token.AccessToken + "x"} {
		p.rejects(t, both(authorization(bad), byCookie.credential))
	}
	if who := p.me(t, authorization("Basic eDp5"), byCookie.credential); textOf(who.Subject) != providertest.SubjectOf(bob) {
		t.Errorf("another scheme is not ignored: %s", textOf(who.Subject))
	}
}

func both(one, other with) with { return func(r *request) { one(r); other(r) } }

// forwarded returns the header fields in which proxies name the client.
func forwarded(address string) with {
	return func(r *request) {
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"} {
			line(name, address)(r)
		}
		line("Forwarded", "for="+address)(r)
	}
}

func forwardedAddresses(t *testing.T, s *scene) {
	const claimed = "203.0.113.9"
	trusting := edit{"mode ", "trusted_proxies = [\"127.0.0.1\"]\n  mode "}
	for _, c := range []struct {
		p    *program
		want string
	}{
		{s.program(ownSession, trusting), claimed},
		{s.program(ownSession), "127.0.0.1"},
	} {
		me := c.p.signIn(t, s.issuer(), uniqueEmail(t, "ada"), forwarded(claimed))
		var listed struct {
			Sessions []struct {
				Address string `json:"address"`
			} `json:"sessions"`
		}
		c.p.send(t, "GET", "/auth/sessions", me.credential).decode(t, &listed)
		if len(listed.Sessions) != 1 || listed.Sessions[0].Address != c.want {
			t.Errorf("the address is %+v, want %s", listed, c.want)
		}
	}
}

func forwardedUsers(t *testing.T, s *scene) {
	p := s.program(ownSession)
	victim, me := p.signIn(t, s.issuer(), uniqueEmail(t, "victim")), p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	before := p.me(t, me.credential)
	for _, name := range []string{
		"X-User-Id", "X_User_Id", "X-Auth-Subject", "X-Forwarded-User", "X-Forwarded-Email", "X-Remote-User", "Remote-User", "X-Authenticated-User",
	} {
		for _, value := range []string{victim.User.ID, victim.User.Email, victim.Session.ID} {
			p.send(t, "GET", "/api/me", line(name, value)).is(t, http.StatusUnauthorized, "unauthenticated")
			if who := p.me(t, line(name, value), me.credential); textOf(who.UserID) != textOf(before.UserID) {
				t.Errorf("%s made %s of %s", name, textOf(who.UserID), textOf(before.UserID))
			}
		}
	}
}

// hosts sends requests with foreign hosts. The kit compares only an Origin with
// the host.
func hosts(t *testing.T, s *scene) {
	p := s.program(ownSession)
	payload := encode(s.issuer().Login(uniqueEmail(t, "ada")).Payload())
	me := p.signedIn(t, p.send(t, "POST", "/auth/login", posting(payload)))
	head := func(target, version string, lines ...string) string {
		lines = append([]string{"POST " + target + " HTTP/" + version, "Content-Type: application/json", "Connection: close"}, lines...)
		return strings.Join(lines, "\r\n") + "\r\n"
	}
	post := func(head string, status int) reply {
		t.Helper()
		r := request{}
		posting(payload)(&r)
		replies := p.raw(t, head+r.lines[1]+"\r\n\r\n"+payload)
		if len(replies) != 1 || replies[0].Status != status {
			t.Fatalf("%.100q: %+v, want one %d", head, replies, status)
		}
		return replies[0]
	}
	const evil = "evil.example"
	for _, harmless := range []string{
		head("/auth/login", "1.1", "Host: "+evil),
		head("/auth/login", "1.0"),
		head("http://"+evil+"/auth/login", "1.1", "Host: localhost"),
	} {
		a := post(harmless, http.StatusOK)
		if text := encode(a); strings.Contains(text, evil) {
			t.Errorf("the response contains the host: %s", text)
		}
	}
	for _, malicious := range []string{
		head("/auth/login", "1.1", "Host: "+evil, "Origin: https://other.example"),
		head("/auth/login", "1.1", "Host: localhost", "Origin: https://"+evil),
		head("/auth/login", "1.0", "Origin: https://"+evil),
		head("http://localhost/auth/login", "1.1", "Host: localhost", "Origin: https://"+evil),
	} {
		post(malicious, http.StatusForbidden).is(t, http.StatusForbidden, "cross_origin")
	}
	p.me(t, me.credential)
}

func headOfGuardedRoute(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	for _, path := range []string{"/api/me", "/auth/session", "/auth/sessions"} {
		head := p.send(t, "HEAD", path, me.credential)
		if head.Status != http.StatusOK || head.Body != "" {
			t.Errorf("%s: %d %q", path, head.Status, head.Body)
		}
		for _, bad := range [][]with{nil, {cookie("x")}, {bearer("x")}} {
			if a := p.send(t, "HEAD", path, bad...); a.Status != http.StatusUnauthorized || a.Body != "" || a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: %d %v %q", path, a.Status, a.Header, a.Body)
			}
		}
	}
}

// optionsOfGuardedRoute checks that OPTIONS returns no user data and that the
// kit looks up no caller: an invalid credential makes no difference.
func optionsOfGuardedRoute(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	p.me(t, me.credential)
	for _, path := range []string{"/api/me", "/api/notes", "/auth/session", "/auth/sessions"} {
		for _, lines := range [][]with{nil, {line("Origin", allowedOrigin), line("Access-Control-Request-Method", "POST")}} {
			anonymous := p.normal(p.send(t, "OPTIONS", path, lines...))
			if strings.Contains(anonymous, "user_id") || strings.Contains(anonymous, "Set-Cookie") || strings.HasPrefix(anonymous, "200") {
				t.Errorf("%s: %s", path, anonymous)
			}
			for _, credential := range []with{me.credential, cookie("x"), bearer("x"), both(bearer("x"), bearer("y"))} {
				if got := p.normal(p.send(t, "OPTIONS", path, append(lines, credential)...)); got != anonymous {
					t.Errorf("%s: a credential changes the response from\n%s\nto\n%s", path, anonymous, got)
				}
			}
		}
	}
}

func validatorsOfAnotherUser(t *testing.T, s *scene) {
	p := s.program(ownSession)
	ada, bob := p.signIn(t, s.issuer(), uniqueEmail(t, "ada")), p.signIn(t, s.issuer(), uniqueEmail(t, "bob"))
	for _, path := range []string{"/api/me", "/api/public", "/auth/session", "/auth/sessions"} {
		a := p.send(t, "GET", path, ada.credential)
		a.is(t, http.StatusOK, "")
		for _, validator := range []string{"Etag", "Last-Modified"} {
			if got := a.Header[validator]; got != nil {
				t.Errorf("%s has an %s: %q", path, validator, got)
			}
		}
		for _, condition := range []with{
			line("If-None-Match", "*"), line("If-None-Match", `"x", W/"y"`), line("If-Modified-Since", "Fri, 31 Dec 2100 23:59:59 GMT"),
		} {
			if a := p.send(t, "GET", path, bob.credential, condition); a.Status != http.StatusOK || strings.Contains(a.Body, ada.User.ID) {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	}
}

// tooManyHeaders checks that large headers are refused and unusual ones served.
func tooManyHeaders(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	tiny := func(n int) with { return line("Cookie", strings.Repeat("a=;", n)) }
	p.me(t, tiny(4000), me.credential)
	for name, large := range map[string]string{
		"10 000 cookies":    "Cookie: " + strings.Repeat("a=; ", 10_000),
		"1 MiB in one line": "X-Filler: " + strings.Repeat("x", 1<<20),
		"50 000 lines":      strings.Repeat("X: y\r\n", 50_000) + "Z: z",
	} {
		replies := p.raw(t, "GET /api/me HTTP/1.1\r\nHost: localhost\r\n"+large+"\r\n\r\n")
		// A server that stops reading may close the connection before the
		// response is read.
		if len(replies) > 1 || len(replies) == 1 && replies[0].Status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %+v", name, replies)
		}
		p.me(t, me.credential)
	}
}

// framings are requests with an ambiguous end. They are refused, and no part of
// their bodies is treated as a request.
func framings(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	withSession := request{}
	me.credential(&withSession)
	const (
		note     = `{"note":"x"}`
		chunks   = "Transfer-Encoding: chunked\r\n\r\nc\r\n" + note + "\r\n0\r\n\r\n"
		smuggled = "GET /api/public HTTP/1.1\r\nHost: localhost\r\n\r\n"
	)
	head := "POST /api/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + withSession.lines[0] + "\r\n"
	statuses := func(text string) (all []int) {
		for _, a := range p.raw(t, text) {
			all = append(all, a.Status)
		}
		return all
	}
	for _, valid := range []string{"Connection: close\r\nContent-Length: 12\r\n\r\n" + note, "Connection: close\r\n" + chunks} {
		if got := statuses(head + valid + smuggled); !slices.Equal(got, []int{http.StatusCreated}) {
			t.Fatalf("%q: %d", valid, got)
		}
	}
	for name, rest := range map[string]string{
		"two lengths":              "Content-Length: 12\r\nContent-Length: 13\r\n\r\n" + note,
		"a list of lengths":        "Content-Length: 12, 13\r\n\r\n" + note,
		"a signed length":          "Content-Length: +12\r\n\r\n" + note,
		"a negative length":        "Content-Length: -1\r\n\r\n" + note,
		"a hexadecimal length":     "Content-Length: 0x0c\r\n\r\n" + note,
		"a space before a colon":   "Content-Length : 12\r\n\r\n" + note,
		"a line that is continued": "X: y\r\n Content-Length: 12\r\n\r\n" + note,
		"a line without a colon":   "Content-Length\r\n\r\n" + note,
		"a bare CR in a line":      "X: y\rContent-Length: 12\r\n\r\n" + note,
		"a NUL in a line":          "X: \x00\r\nContent-Length: 12\r\n\r\n" + note,
		"an unknown coding":        "Transfer-Encoding: x\r\n\r\n" + note,
		"a coding twice":           strings.Replace(chunks, "chunked", "chunked, chunked", 1),
		"a bad size of a chunk":    strings.Replace(chunks, "c\r\n{", "zz\r\n{", 1),
		"a negative size":          strings.Replace(chunks, "c\r\n{", "-c\r\n{", 1),
		"a chunk without its end":  strings.Replace(chunks, "\r\n0", "0", 1),
		"a bare LF behind a size":  strings.Replace(chunks, "c\r\n{", "c;x\n{", 1),
	} {
		for _, status := range statuses(head + rest + smuggled) {
			if status != http.StatusBadRequest && status != http.StatusNotImplemented {
				t.Errorf("%s: %d", name, status)
			}
		}
	}
	// Chunks have precedence if length and coding contradict each other (RFC
	// 9112, section 6.3); what follows them is another request or is not read.
	got := statuses(head + fmt.Sprintf("Content-Length: %d\r\n", len(chunks)) + chunks + smuggled)
	if !slices.Equal(got, []int{http.StatusCreated}) && !slices.Equal(got, []int{http.StatusCreated, http.StatusOK}) {
		t.Errorf("length and coding: %d", got)
	}
}
