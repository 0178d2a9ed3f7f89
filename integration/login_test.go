package integration_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const ada = "ada@example.com"

// strategies are the session strategies, by the name of the subtest.
var strategies = []struct{ name, session string }{
	{"own", ownSession},
	{"own-jwt-cookie", ownJWTCookie},
	{"own-jwt-bearer", ownJWTBearer},
	{"provider_token-bearer", tokenBearer},
	{"provider_token-cookie", tokenCookie},
	{"own+provider_token", bothSessions},
}

func TestLogin(t *testing.T) {
	t.Parallel()
	onMatrix(t, testLogin)
}

// testLogin runs from the first login to the last revocation.
func testLogin(t *testing.T, framework, session string, b backend) {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	issuer.Now = past(time.Now)
	p := startOn(t, b.create(t), framework, issuer, session)
	testFirstAndSecondLogin(t, p, issuer)
	testNotes(t, p, issuer)
	switch session {
	case ownSession, ownJWTCookie, ownJWTBearer:
		testOwnSessions(t, p, issuer)
	case bothSessions:
		testOwnSessions(t, p, issuer)
		testBothSessions(t, p, issuer)
	default:
		testProviderToken(t, p, issuer)
	}
	testForgedLogins(t, p, issuer)
}

func testFirstAndSecondLogin(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	p.send(t, "GET", "/api/me").is(t, http.StatusUnauthorized, "unauthenticated")
	var anonymous caller
	p.send(t, "GET", "/api/public").decode(t, &anonymous)
	if anonymous != (caller{}) {
		t.Errorf("the anonymous caller is %v", anonymous)
	}

	login := issuer.Login(ada)
	first := p.login(t, login.Payload())
	if first.Status != http.StatusCreated {
		t.Fatalf("first login: %d %s", first.Status, first.Body)
	}
	second := p.login(t, login.Payload())
	if second.Status != http.StatusOK {
		t.Fatalf("second login: %d %s", second.Status, second.Body)
	}
	registered, again := p.signedIn(t, first), p.signedIn(t, second)
	if !registered.Created || again.Created {
		t.Errorf("created: first %t, then %t", registered.Created, again.Created)
	}
	if registered.User.ID != again.User.ID || registered.User.Email != ada || !registered.User.EmailVerified {
		t.Errorf("users: %+v, then %+v", registered.User, again.User)
	}
	who := p.me(t, again.credential)
	for name, member := range map[string]struct {
		got  *string
		want string
	}{
		"user_id":     {who.UserID, again.User.ID},
		"provider":    {who.Provider, "cotter"},
		"subject":     {who.Subject, providertest.SubjectOf(ada)},
		"auth_method": {who.AuthMethod, "OTP"},
		"session_id":  {who.SessionID, again.Session.ID},
	} {
		if got := textOf(member.got); got != member.want {
			t.Errorf("%s is %q, want %q", name, got, member.want)
		}
	}
	if got := p.database.rows(t); got.users != 1 || got.identities != 1 {
		t.Errorf("rows: %+v", got)
	}
}

func testNotes(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	me := p.signIn(t, issuer, ada)
	a := p.send(t, "POST", "/api/notes", me.credential, posting(`{"note":"a \"note\" – é"}`))
	if a.Status != http.StatusCreated || a.Body != `{"note":"a \"note\" – é"}` {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	p.send(t, "POST", "/api/notes", posting(`{"note":"x"}`)).is(t, http.StatusUnauthorized, "unauthenticated")
	for _, bad := range []string{"", "x", "[]", `{"note":7}`, `{"note":null}`, `{}`, `{"note":"x"}}`} {
		p.send(t, "POST", "/api/notes", me.credential, posting(bad)).is(t, http.StatusBadRequest, "invalid_request")
	}
}

func testOwnSessions(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	const grace = "grace@example.com"
	one, two, three := p.signIn(t, issuer, grace), p.signIn(t, issuer, grace), p.signIn(t, issuer, grace)
	var listed struct {
		Sessions []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	p.send(t, "GET", "/auth/sessions", two.credential).decode(t, &listed)
	if len(listed.Sessions) != 3 {
		t.Fatalf("sessions: %+v", listed)
	}
	for _, s := range listed.Sessions {
		if s.Current != (s.ID == two.Session.ID) {
			t.Errorf("in the list of %s: %+v", two.Session.ID, s)
		}
	}

	out := p.send(t, "POST", "/auth/logout", one.credential)
	out.is(t, http.StatusNoContent, "")
	for _, cookie := range out.Cookies {
		if cookie.Value != "" || cookie.MaxAge >= 0 {
			t.Errorf("the cookie is not cleared: %v", cookie)
		}
	}
	if isCookie := one.Token.AccessToken == ""; isCookie != (len(out.Cookies) > 0) {
		t.Errorf("cookies of the response: %v", out.Cookies)
	}
	p.rejects(t, one.credential)
	p.me(t, two.credential)

	revoke := func(credential with, body string, status int, code string) {
		t.Helper()
		p.send(t, "POST", "/auth/sessions/revoke", credential, posting(body)).is(t, status, code)
	}
	other := p.signIn(t, issuer, "eve@example.com")
	revoke(other.credential, encode(map[string]string{"id": two.Session.ID}), http.StatusNotFound, "not_found")
	p.me(t, two.credential)
	revoke(two.credential, encode(map[string]string{"id": three.Session.ID}), http.StatusNoContent, "")
	p.rejects(t, three.credential)
	p.me(t, two.credential)

	old := issuer.Login(grace).Payload()
	p.login(t, old).is(t, http.StatusOK, "")
	revoke(two.credential, `{"all":true}`, http.StatusNoContent, "")
	p.rejects(t, two.credential)
	p.login(t, old).is(t, http.StatusUnauthorized, "invalid_token")
	p.me(t, other.credential)
}

func testProviderToken(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	const grace = "grace@example.com"
	login := issuer.Login(grace)
	first := p.signedIn(t, p.login(t, login.Payload()))
	p.send(t, "GET", "/auth/sessions", first.credential).is(t, http.StatusNotFound, "not_found")

	exchange := func(refreshToken string) reply {
		t.Helper()
		return p.refresh(t, first.credential, refreshToken)
	}
	a := exchange(login.RefreshToken)
	fresh := p.signedInAgain(t, a)
	if fresh.Token.RefreshToken == "" || fresh.Token.RefreshToken == login.RefreshToken {
		t.Errorf("the refresh token did not change")
	}
	p.me(t, fresh.credential)
	exchange(login.RefreshToken).is(t, http.StatusUnauthorized, "invalid_token")
	before := p.database.rows(t)
	exchange(issuer.Login("nobody@example.com").RefreshToken).is(t, http.StatusForbidden, "not_registered")
	if got := p.database.rows(t); got != before {
		t.Errorf("a refresh wrote: %+v, then %+v", before, got)
	}

	p.send(t, "POST", "/auth/logout", first.credential).is(t, http.StatusNoContent, "")
	p.send(t, "POST", "/auth/sessions/revoke", fresh.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
	p.rejects(t, fresh.credential)
	p.rejects(t, first.credential)
	p.login(t, login.Payload()).is(t, http.StatusUnauthorized, "invalid_token")
}

// signedInAgain reads the response to a refresh. If the access token is in a
// cookie, the body has the refresh token only.
func (c *client) signedInAgain(t *testing.T, a reply) signedIn {
	t.Helper()
	a.is(t, http.StatusOK, "")
	s := c.signedIn(t, a)
	c.add(s.Token.RefreshToken)
	return s
}

// forgery is a manipulated login.
type forgery struct {
	name   string
	status int
	code   string
	forge  func(issuer *providertest.Issuer, payload map[string]any)
}

// access replaces the access token by one with edits.
func access(edits func(issuer *providertest.Issuer) []providertest.Edit) func(*providertest.Issuer, map[string]any) {
	return func(issuer *providertest.Issuer, payload map[string]any) {
		payload["oauth_token"] = map[string]any{"access_token": issuer.AccessToken(ada, edits(issuer)...)}
	}
}

func one(edit providertest.Edit) func(*providertest.Issuer) []providertest.Edit {
	return func(*providertest.Issuer) []providertest.Edit { return []providertest.Edit{edit} }
}

var forgeries = []forgery{
	{"ID token as access token", http.StatusUnauthorized, "invalid_token", func(i *providertest.Issuer, payload map[string]any) {
		payload["oauth_token"] = map[string]any{"access_token": i.IDToken(ada)}
	}},
	{"token for another application", http.StatusUnauthorized, "invalid_token", access(one(providertest.Claim("aud", "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d")))},
	{"alg none", http.StatusUnauthorized, "invalid_token", access(one(providertest.Unsigned()))},
	{"HS256 with the public key", http.StatusUnauthorized, "invalid_token", access(func(i *providertest.Issuer) []providertest.Edit {
		return []providertest.Edit{providertest.MAC(i.Key().PEM())}
	})},
	{"signed by another key", http.StatusUnauthorized, "invalid_token", access(func(i *providertest.Issuer) []providertest.Edit {
		return []providertest.Edit{providertest.ForgedBy(providertest.NewKey(i.Key().ID))}
	})},
	{"unknown kid", http.StatusUnauthorized, "invalid_token", access(one(unknownKey(0)))},
	{"expired", http.StatusUnauthorized, "token_expired", access(func(i *providertest.Issuer) []providertest.Edit {
		hourAgo := i.Now().Add(-time.Hour).Unix()
		return []providertest.Edit{providertest.Claim("iat", hourAgo-60), providertest.Claim("exp", hourAgo)}
	})},
	{"email of another user", http.StatusBadRequest, "identity_mismatch", func(_ *providertest.Issuer, payload map[string]any) {
		payload["email"] = "grace@example.com"
	}},
	{"id of another user", http.StatusBadRequest, "identity_mismatch", func(_ *providertest.Issuer, payload map[string]any) {
		user := maps.Clone(payload["user"].(map[string]any))
		user["ID"] = providertest.SubjectOf("grace@example.com")
		payload["user"] = user
	}},
}

func testForgedLogins(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	const mallory = "mallory@example.com"
	for _, f := range forgeries {
		p.login(t, issuer.Login(ada).Payload()).is(t, http.StatusOK, "")
		before := p.database.rows(t)
		payload := issuer.Login(ada).Payload()
		f.forge(issuer, payload)
		a := p.login(t, payload)
		a.is(t, f.status, f.code)
		if len(a.Header["Set-Cookie"]) != 0 {
			t.Errorf("%s: a cookie is set", f.name)
		}
		if got := p.database.rows(t); got != before {
			t.Errorf("%s: rows %+v, then %+v", f.name, before, got)
		}
	}

	// Forgeries do not register a user either.
	before := p.database.rows(t)
	forged := map[string]any{"oauth_token": map[string]any{
		"access_token": issuer.AccessToken(mallory, providertest.ForgedBy(providertest.NewKey(issuer.Key().ID))),
	}}
	p.login(t, forged).is(t, http.StatusUnauthorized, "invalid_token")
	if got := p.database.rows(t); got != before {
		t.Errorf("rows %+v, then %+v", before, got)
	}
	p.login(t, issuer.Login(mallory).Payload()).is(t, http.StatusCreated, "")
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
