package core_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestLogout_TossedCookies(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	line, _, _ := strings.Cut(h.login(t, ada, config.TransportCookie).Cookies[0], ";")
	is(t, h.call(t, "GET", "/auth/session", "", "Cookie", line), 200, "")
	tossed := strings.Repeat(cookieName+"=x; ", 50)
	is(t, h.call(t, "POST", "/auth/logout", "", "Cookie", tossed+line), 204, "")
	is(t, h.call(t, "GET", "/auth/session", "", "Cookie", line), 401, "invalid_token")
}

func TestLogin_ReplacementKeepsOthers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) { s.Own.MaxPerUser = 2 })
	phone, laptop := h.signIn(t, ada), h.signIn(t, ada)
	payload := h.issuer.Login(ada).Payload()
	payload["transport"] = config.TransportBearer
	is(t, h.call(t, "POST", "/auth/login", text(t, payload), "Authorization", "Bearer "+laptop), 200, "")
	h.admits(t, core.Guard{}, laptop, "invalid_token")
	h.admits(t, core.Guard{}, phone, "")
}

func TestLogin_MaxPerUser(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) { s.Own.MaxPerUser = 2 })
	oldest := h.signIn(t, ada)
	h.clock.Advance(time.Second)
	second := h.signIn(t, ada)
	h.admits(t, core.Guard{}, oldest, "")
	h.clock.Advance(time.Second)
	third := h.signIn(t, ada)
	h.admits(t, core.Guard{}, oldest, "invalid_token")
	h.admits(t, core.Guard{}, second, "")
	h.admits(t, core.Guard{}, third, "")
}

func TestGuard_MaxAge_OldToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	old := h.issuer.Login(ada).Payload()
	old["transport"] = config.TransportBearer
	h.clock.Advance(14 * time.Minute)
	var response issued
	decode(t, h.call(t, "POST", "/auth/login", text(t, old)), &response)
	h.admits(t, core.Guard{MaxAge: 15 * time.Minute}, response.Token.AccessToken, "")
	h.admits(t, core.Guard{MaxAge: time.Minute}, response.Token.AccessToken, "reauthentication_required")
	h.admits(t, core.Guard{MaxAge: time.Minute}, h.signIn(t, ada), "")
}

func TestRefresh_LeftoverCookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(func(p *config.ProviderTokenSession) { p.Transport = []string{config.TransportBearer} }))
	login := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(login.Body())), 201, "")
	r := h.call(t, "POST", "/auth/refresh", `{"refresh_token":"`+login.RefreshToken+`"}`, "Cookie", cookieName+"=cps_of-former-times")
	is(t, r, 200, "")
	if len(r.Cookies) != 0 {
		t.Errorf("%q", r.Cookies)
	}
}

func TestFailures_NoAddress(t *testing.T) {
	t.Parallel()
	one := 1
	h := newHarness(t, func(s *core.Settings) { s.Auth.LoginFailures = &one })
	for range 3 {
		r := newRequest("POST", "/auth/login", `{"oauth_token":{"access_token":"x.y.z"}}`, "Content-Type", "application/json")
		r.Remote = "@"
		response, _ := h.kit.Adapter().Serve(t.Context(), r)
		is(t, response, 401, "invalid_token")
	}
	if strings.Contains(h.log.String(), "invalid IP") {
		t.Error(h.log.String())
	}
}

// The pages of unauthenticated users request refreshes.
func TestFailures_NoCredential(t *testing.T) {
	t.Parallel()
	two := 2
	h := newHarness(t, func(s *core.Settings) {
		s.Auth.LoginFailures = &two
		s.Own.Format = config.FormatJWT
	})
	for range two + 1 {
		is(t, h.call(t, "POST", "/auth/refresh", ""), 401, "unauthenticated")
	}
	for range two {
		is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"cpr_x"}`), 401, "invalid_token")
	}
	is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"cpr_x"}`), 429, "rate_limited")
}

func TestLog_ApplicationLoginRoute(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	is(t, h.call(t, "POST", "/auth/login", `{}`), 400, "invalid_request")
	if !strings.Contains(h.log.String(), `"event":"authn_login_fail"`) {
		t.Fatal(h.log.String())
	}
	h.log.Reset()
	r := newRequest("POST", "/login", "", "Authorization", "Bearer x")
	_, refusal := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{})
	is(t, *refusal, 401, "invalid_token")
	if strings.Contains(h.log.String(), "authn_login_fail") {
		t.Error(h.log.String())
	}
}

func TestGuard_AuthMethods_OneOfSeveral(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	payload := h.issuer.Login(ada).Payload()
	payload["transport"] = config.TransportBearer
	payload["oauth_token"].(map[string]any)["access_token"] = h.issuer.AccessToken(ada, providertest.Claim("authentication_method", "pwd otp"))
	var response issued
	decode(t, h.call(t, "POST", "/auth/login", text(t, payload)), &response)
	h.admits(t, core.Guard{AuthMethods: []string{"otp"}}, response.Token.AccessToken, "")
	h.admits(t, core.Guard{AuthMethods: []string{"pwd otp", "sms"}}, response.Token.AccessToken, "reauthentication_required")
}

func TestLog_SessionRevoked(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	signInAs := func(identifier string, lines ...string) (token, id string) {
		t.Helper()
		payload := h.issuer.Login(identifier).Payload()
		payload["transport"] = config.TransportBearer
		var response struct {
			Session struct{ ID string }
			Token   struct {
				AccessToken string `json:"access_token"`
			}
		}
		decode(t, h.call(t, "POST", "/auth/login", text(t, payload), lines...), &response)
		return response.Token.AccessToken, response.Session.ID
	}
	signIn := func(lines ...string) (token, id string) { return signInAs(ada, lines...) }
	for _, c := range []struct {
		event, reason string
		end           func(token, id string)
	}{
		{"authn_logout", "logout", func(token, _ string) { h.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+token) }},
		{"authn_logout", "replaced_by_login", func(token, _ string) { signInAs(bob, "Authorization", "Bearer "+token) }},
		{"session_revoked", "revoked", func(token, id string) {
			h.call(t, "POST", "/auth/sessions/revoke", `{"id":"`+id+`"}`, "Authorization", "Bearer "+token)
		}},
	} {
		token, id := signIn()
		h.log.Reset()
		c.end(token, id)
		var ends []string
		for line := range strings.Lines(h.log.String()) {
			if strings.Contains(line, c.event) {
				ends = append(ends, line)
			}
		}
		if len(ends) != 1 {
			t.Fatalf("%s: the log is %s", c.reason, h.log)
		}
		for _, part := range []string{`"reason":"` + c.reason + `"`, `"session_id":"` + id + `"`, `"user_id":"0`, `"address":"192.0.2.1"`} {
			if !strings.Contains(ends[0], part) {
				t.Errorf("%s is not in %s", part, ends[0])
			}
		}
		h.log.Reset()
		is(t, h.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+token), 204, "")
		if strings.Contains(h.log.String(), "authn_logout") {
			t.Errorf("a session that was already revoked is logged: %s", h.log)
		}
	}
	token, _ := signIn()
	ctx, _ := h.authorize(t, core.Guard{}, token)
	principal, _ := core.PrincipalFromContext(ctx)
	h.log.Reset()
	if err := h.kit.Sessions().RevokeAll(t.Context(), principal.UserID); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(h.log.String(), `"reason":"revoked_all"`) {
		t.Errorf("the application's own revocation is not logged: %s", h.log)
	}
}
