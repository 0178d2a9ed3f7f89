package integration_test

import (
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const (
	bothSessions = `session "own" { transport = ["cookie", "bearer"] }
session "provider_token" { transport = ["bearer", "cookie"] }`
	providerCookieName = "cotterpin_provider"
)

// payloadFor returns the body of a login with a session of the strategy.
func payloadFor(issuer *providertest.Issuer, session, transport string) string {
	payload := issuer.Login(ada).Payload()
	payload["session"], payload["transport"] = session, transport
	return encode(payload)
}

// bothSessionsStory sends the credentials of two session blocks in each order.
func bothSessionsStory(issuer *providertest.Issuer) []step {
	const own, token = "Cookie: " + cookieName + "={own.cookie}", "Cookie: " + providerCookieName + "={provider.cookie}"
	both := []string{own + "; " + providerCookieName + "={provider.cookie}"}
	login := func(session, transport, name string) step {
		return step{http.StatusOK, "POST", "/auth/login", payloadFor(issuer, session, transport), nil, name}
	}
	get := func(status int, lines ...string) step {
		return step{status, "GET", "/auth/session", "", lines, ""}
	}
	me := func(status int, lines ...string) step { return step{status, "GET", "/api/me", "", lines, ""} }
	steps := []step{
		{http.StatusCreated, "POST", "/auth/login", "{payload}", nil, "first"},
		login("own", "cookie", "own"),
		login("provider_token", "cookie", "provider"),
		login("own", "bearer", "ownBearer"),
		login("provider_token", "bearer", "providerBearer"),
		{http.StatusBadRequest, "POST", "/auth/login", payloadFor(issuer, "jwt", "cookie"), nil, ""},
	}
	ok, unauthorized, bad := http.StatusOK, http.StatusUnauthorized, http.StatusBadRequest
	for _, request := range []func(int, ...string) step{get, me} {
		steps = append(steps,
			request(ok, own), request(ok, token), request(ok, both...), request(ok, own, token), request(ok, token, own),
			request(ok, byToken("ownBearer")), request(ok, byToken("providerBearer")),
			request(ok, byToken("ownBearer"), token), request(ok, byToken("providerBearer"), own),
			request(ok, byToken("providerBearer"), own, token), request(ok, own, token, token),
			request(ok, "Authorization: Basic eDp5", token),

			request(unauthorized, byToken("ownBearer")+"x", token), request(unauthorized, byToken("providerBearer")+"x", own),
			request(unauthorized, "Authorization: Bearer x", own, token),
			request(unauthorized, "Cookie: "+cookieName+"=x", token), request(unauthorized, token, "Cookie: "+cookieName+"="),
			request(unauthorized, "Cookie: "+cookieName+"={provider.cookie}"), request(unauthorized, "Cookie: "+providerCookieName+"={own.cookie}"),
			request(unauthorized, "Authorization: Bearer {own.cookie}"), request(unauthorized, "Cookie: "+cookieName+"={ownBearer.token}"),
			request(bad, own, own), request(bad, own, own, token), request(bad, token, token),
			request(bad, byToken("ownBearer"), byToken("providerBearer")),
		)
	}
	return append(steps,
		step{http.StatusForbidden, "POST", "/api/notes", `{"note":"x"}`, []string{token, foreign}, ""},
		step{http.StatusCreated, "POST", "/api/notes", `{"note":"x"}`, []string{token}, ""},
		step{http.StatusOK, "GET", "/auth/sessions", "", []string{byToken("providerBearer")}, ""},
		step{http.StatusOK, "GET", "/auth/sessions", "", []string{own}, ""},
		step{http.StatusUnauthorized, "POST", "/auth/refresh", `{"refresh_token":"x"}`, []string{own}, ""},
		step{http.StatusNotFound, "POST", "/auth/sessions/revoke", `{"id":"unknown"}`, []string{token}, ""},
		step{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"id":"{first.session}"}`, []string{byToken("providerBearer")}, ""},
		step{http.StatusOK, "POST", "/auth/login", payloadFor(issuer, "provider_token", "cookie"), []string{own, token}, "again"},
		get(unauthorized, own), get(ok, token),
		step{http.StatusNoContent, "POST", "/auth/logout", "", []string{byToken("ownBearer"), token}, ""},
		get(unauthorized, byToken("ownBearer")), get(ok, token),
		step{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"all":true}`, []string{token}, ""},
		get(unauthorized, token), get(unauthorized, byToken("providerBearer")),
	)
}

// testBothSessions recognizes one user by each of two session blocks.
func testBothSessions(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	const mary = "mary@example.com"
	browser := p.signIn(t, issuer, mary)
	payload := issuer.Login(mary).Payload()
	payload["session"], payload["transport"] = "provider_token", "bearer"
	api := p.signedIn(t, p.login(t, payload))
	if browser.Session.Strategy != "own" || api.Session.Strategy != "provider_token" || api.User.ID != browser.User.ID {
		t.Fatalf("signed in as %+v and %+v", browser, api)
	}
	p.me(t, browser.credential)
	p.me(t, api.credential)
	p.send(t, "POST", "/auth/logout", browser.credential).is(t, http.StatusNoContent, "")
	p.rejects(t, browser.credential)
	p.me(t, api.credential)
	browser = p.signIn(t, issuer, mary)
	p.send(t, "POST", "/auth/sessions/revoke", api.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
	p.rejects(t, browser.credential)
	p.rejects(t, api.credential)
}
