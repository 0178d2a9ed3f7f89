package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestLogin_ResponseBody(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	r := h.login(t, ada, config.TransportBearer)
	var body map[string]any
	decode(t, r, &body)
	user, _ := body["user"].(map[string]any)
	session, _ := body["session"].(map[string]any)
	token, _ := body["token"].(map[string]any)
	for _, id := range []map[string]any{user, session} {
		if s, _ := id["id"].(string); s == "" {
			t.Fatalf("%s", r.Body)
		}
		delete(id, "id")
	}
	if s, _ := token["access_token"].(string); !strings.HasPrefix(s, "cps_") || len(s) != 70 {
		t.Errorf("access_token: %v", token["access_token"])
	}
	delete(token, "access_token")
	got, _ := json.Marshal(body)
	const want = `{"created":true,` +
		`"session":{"auth_method":"OTP","created_at":"2026-11-22T10:00:00.000Z","expires_at":"2026-12-22T10:00:00.000Z","format":"opaque","idle_expires_at":"2026-11-29T10:00:00.000Z","provider":"cotter","strategy":"own"},` +
		`"token":{"expires_in":2592000,"token_type":"Bearer"},` +
		`"user":{"created_at":"2026-11-22T10:00:00.000Z","email":"ada@example.com","email_verified":true,"external_id":null,"identifier":"ada@example.com","last_login_at":"2026-11-22T10:00:00.000Z","phone":null,"phone_verified":false}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Status != 201 || len(r.Cookies) != 0 {
		t.Errorf("%d %v", r.Status, r.Cookies)
	}
}

func TestLogin_CookieTokenNotInBody(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	r := h.login(t, ada, config.TransportCookie)
	var body map[string]any
	decode(t, r, &body)
	if _, ok := body["token"]; ok || len(r.Cookies) != 1 {
		t.Fatalf("%s %v", r.Body, r.Cookies)
	}
	value, attributes, _ := strings.Cut(strings.TrimPrefix(r.Cookies[0], cookieName+"="), ";")
	if attributes != " Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax" || strings.Contains(string(r.Body), value) {
		t.Errorf("%s\n%s", r.Cookies[0], r.Body)
	}
	is(t, h.call(t, "GET", "/auth/session", "", "Cookie", cookieName+"="+value), 200, "")
	is(t, h.call(t, "GET", "/auth/session", "", "Authorization", "Bearer "+value), 401, "invalid_token")
}

func TestLogin_ForgedHints(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(payload, user map[string]any){
		"Email":      func(p, _ map[string]any) { p["email"] = bob },
		"Identifier": func(_, u map[string]any) { u["identifier"] = bob },
		"UserID":     func(_, u map[string]any) { u["ID"] = providertest.SubjectOf(bob) },
		"Issuer":     func(_, u map[string]any) { u["issuer"] = uuid.NewString() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, nil)
			payload := h.issuer.Login(ada).Payload()
			forge(payload, payload["user"].(map[string]any))
			refused := h.call(t, "POST", "/auth/login", text(t, payload))
			is(t, refused, 400, "identity_mismatch")
			if len(refused.Cookies) != 0 {
				t.Errorf("Set-Cookie: %q", refused.Cookies)
			}
			is(t, h.login(t, ada, ""), 201, "") // 201: the rejected login registered no user
		})
	}
}

func TestLogin_ReplacesPresentedSession(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	old := h.signIn(t, ada)
	payload := h.issuer.Login(bob).Payload()
	payload["transport"] = config.TransportBearer
	r := h.call(t, "POST", "/auth/login", text(t, payload), "Authorization", "Bearer "+old, "Cookie", cookieName+"=chosen-by-somebody")
	is(t, r, 201, "")
	h.admits(t, core.Guard{}, old, "invalid_token")
	if strings.Contains(string(r.Body), old) {
		t.Error("the presented token was reused")
	}
}

func TestGuard_Requirements(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) { s.Own.Claims = []string{"role"} })
	payload := h.issuer.Login(ada).Payload()
	payload["transport"] = config.TransportBearer
	payload["oauth_token"].(map[string]any)["access_token"] = h.issuer.AccessToken(ada, providertest.Claim("role", "admin"), providertest.Claim("tier", "gold"))
	var response issued
	decode(t, h.call(t, "POST", "/auth/login", text(t, payload)), &response)
	token := response.Token.AccessToken

	h.admits(t, core.Guard{Providers: []string{"other", "cotter"}}, token, "")
	h.admits(t, core.Guard{Providers: []string{"other"}}, token, "insufficient_scope")
	h.admits(t, core.Guard{AuthMethods: []string{"OTP"}}, token, "")
	h.admits(t, core.Guard{AuthMethods: []string{"WEBAUTHN"}}, token, "reauthentication_required")
	h.admits(t, core.Guard{Claims: map[string]string{"role": "admin"}}, token, "")
	h.admits(t, core.Guard{Claims: map[string]string{"role": "user"}}, token, "insufficient_scope")
	h.admits(t, core.Guard{Claims: map[string]string{"tier": "gold"}}, token, "insufficient_scope") // not among the kept ones
	h.admits(t, core.Guard{Optional: true, Providers: []string{"other"}}, token, "insufficient_scope")

	recent := core.Guard{MaxAge: 10 * time.Minute}
	h.clock.Advance(10 * time.Minute)
	h.admits(t, recent, token, "")
	h.clock.Advance(time.Second)
	h.admits(t, recent, token, "reauthentication_required")
	h.admits(t, core.Guard{}, token, "")
}

func TestUserFromContext_Lazy(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	token := h.signIn(t, ada)
	ctx, refusal := h.authorize(t, core.Guard{}, token)
	if refusal != nil {
		t.Fatalf("%s", refusal.Body)
	}
	user, err := core.UserFromContext(ctx)
	if err != nil || user.Email != ada {
		t.Fatalf("%+v, %v", user, err)
	}
	if err := h.kit.Users().Delete(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := core.UserFromContext(ctx); err != nil || again.ID != user.ID {
		t.Errorf("the same request saw two users: %+v, %v", again, err)
	}
	if _, err := core.UserFromContext(context.Background()); autherr.CodeOf(err) != autherr.Unauthenticated {
		t.Errorf("behind no guard: %v", err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
}

func TestSessions_Renew_NewToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	token := h.signIn(t, ada)
	ctx, _ := h.authorize(t, core.Guard{}, token)
	before, _ := core.PrincipalFromContext(ctx)
	renewed, err := h.kit.Sessions().Renew(ctx)
	if err != nil || len(renewed.SetCookies) != 0 || renewed.Token == "" || renewed.Token == token {
		t.Fatalf("%+v, %v", renewed, err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	ctx, refusal := h.authorize(t, core.Guard{}, renewed.Token)
	if refusal != nil {
		t.Fatalf("%s", refusal.Body)
	}
	if after, _ := core.PrincipalFromContext(ctx); after.SessionID != before.SessionID {
		t.Errorf("session %s became %s", before.SessionID, after.SessionID)
	}
}

func TestSessionRoutes_ListAndRevoke(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	tokens := []string{h.signIn(t, ada), h.signIn(t, ada), h.signIn(t, ada)}
	foreign := h.signIn(t, bob)
	list := func(token string) (ids []string, current string) {
		var body struct {
			Sessions []struct {
				ID      string
				Current bool
			}
		}
		decode(t, h.call(t, "GET", "/auth/sessions", "", "Authorization", "Bearer "+token), &body)
		for _, s := range body.Sessions {
			ids = append(ids, s.ID)
			if s.Current {
				current = s.ID
			}
		}
		return ids, current
	}
	revoke := func(token, body string) core.Response {
		return h.call(t, "POST", "/auth/sessions/revoke", body, "Authorization", "Bearer "+token)
	}
	ids, _ := list(tokens[0])
	if len(ids) != 3 {
		t.Fatalf("%v", ids)
	}
	_, second := list(tokens[1])
	_, foreigner := list(foreign)
	is(t, revoke(tokens[0], `{"id":"`+second+`"}`), 204, "")
	h.admits(t, core.Guard{}, tokens[1], "invalid_token")
	is(t, revoke(tokens[0], `{"id":"`+second+`"}`), 404, "not_found")
	is(t, revoke(tokens[0], `{"id":"`+foreigner+`"}`), 404, "not_found")
	for _, bad := range []string{`{}`, `{"all":false}`, `{"all":true,"others":true}`, `{"all":true,"id":"x"}`, `{"ALL":true}`, `{"id":1}`, `{"all":"true"}`} {
		is(t, revoke(tokens[0], bad), 400, "invalid_request")
	}
	is(t, revoke(tokens[0], `{"others":true}`), 204, "")
	h.admits(t, core.Guard{}, tokens[0], "")
	h.admits(t, core.Guard{}, tokens[2], "invalid_token")
	h.admits(t, core.Guard{}, foreign, "")
	is(t, revoke(tokens[0], `{"all":true}`), 204, "")
	h.admits(t, core.Guard{}, tokens[0], "invalid_token")
	h.admits(t, core.Guard{}, foreign, "")
}

func TestRevokeAll_StopsProviderTokens(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	old := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(old.Body())), 201, "")
	is(t, h.call(t, "POST", "/auth/login", string(old.Body())), 200, "")
	token := h.signIn(t, ada)
	h.clock.Advance(time.Second)
	is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, "Authorization", "Bearer "+token), 204, "")
	is(t, h.call(t, "POST", "/auth/login", string(old.Body())), 401, "invalid_token")
	is(t, h.login(t, ada, ""), 200, "")
}

func TestUsers_Disable_StopsLogins(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	token := h.signIn(t, ada)
	ctx, _ := h.authorize(t, core.Guard{}, token)
	principal, _ := core.PrincipalFromContext(ctx)
	if err := h.kit.Users().Disable(t.Context(), principal.UserID); err != nil {
		t.Fatal(err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	is(t, h.login(t, ada, ""), 403, "account_disabled")
	if err := h.kit.Users().Enable(t.Context(), principal.UserID); err != nil {
		t.Fatal(err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	is(t, h.login(t, ada, ""), 200, "")
	if err := h.kit.Users().Disable(t.Context(), uuid.New()); autherr.CodeOf(err) != autherr.NotFound {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestLogin_RegistrationClosed(t *testing.T) {
	t.Parallel()
	db := database.Existing(memstore.New())
	open := newHarness(t, func(s *core.Settings) { s.Database = db })
	is(t, open.login(t, ada, ""), 201, "")
	closed := newHarness(t, func(s *core.Settings) { s.Database, s.Users.Create = db, new(false) })
	is(t, closed.login(t, ada, ""), 200, "")
	is(t, closed.login(t, bob, ""), 403, "registration_closed")
}

func TestOnRegister_Veto(t *testing.T) {
	t.Parallel()
	var hookError error
	h := newHarness(t, nil, core.WithOnRegister(func(context.Context, core.Registration) error { return hookError }))
	hookError = autherr.New(autherr.RegistrationClosed, "not_on_the_list")
	is(t, h.login(t, ada, ""), 403, "registration_closed")
	hookError = errors.New("boom")
	is(t, h.login(t, ada, ""), 500, "internal")
	hookError = nil
	is(t, h.login(t, ada, ""), 201, "")
	hookError = errors.New("the hook is not called again")
	is(t, h.login(t, ada, ""), 200, "")
}

func TestLogin_FailuresLimitedByAddress(t *testing.T) {
	t.Parallel()
	three := 3
	h := newHarness(t, func(s *core.Settings) { s.Auth.LoginFailures = &three })
	bad := func() core.Response {
		return h.call(t, "POST", "/auth/login", `{"oauth_token":{"access_token":"x.y.z"}}`)
	}
	is(t, h.login(t, ada, ""), 201, "")
	for range 2 * three {
		is(t, h.login(t, ada, ""), 200, "") // accepted logins are not counted
	}
	for range three {
		is(t, bad(), 401, "invalid_token")
	}
	refused := bad()
	is(t, refused, 429, "rate_limited")
	if field(refused, "Retry-After") != "20" {
		t.Errorf("Retry-After: %s", field(refused, "Retry-After"))
	}
	is(t, h.login(t, ada, ""), 429, "rate_limited")
	h.clock.Advance(20 * time.Second)
	is(t, h.login(t, ada, ""), 200, "")
}

func TestProviderToken_RecognizesCaller(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	login := h.issuer.Login(ada)
	h.admits(t, core.Guard{}, login.AccessToken, "not_registered")
	r := h.call(t, "POST", "/auth/login", string(login.Body()))
	is(t, r, 201, "")
	var body struct {
		issued
		Session map[string]any
	}
	decode(t, r, &body)
	if body.Session["id"] != nil || body.Session["strategy"] != "provider_token" || body.Token.AccessToken != login.AccessToken ||
		body.Token.RefreshToken != "" || body.Token.ExpiresIn != 3600 {
		t.Errorf("%s", r.Body)
	}
	h.admits(t, core.Guard{}, login.AccessToken, "")
	h.admits(t, core.Guard{}, login.IDToken, "invalid_token")
	h.admits(t, core.Guard{MaxAge: time.Hour}, login.AccessToken, "reauthentication_required")
	is(t, h.call(t, "GET", "/auth/sessions", "", "Authorization", "Bearer "+login.AccessToken), 404, "not_found")
	is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"others":true}`, "Authorization", "Bearer "+login.AccessToken), 404, "not_found")
	h.clock.Advance(3600*time.Second + 31*time.Second)
	h.admits(t, core.Guard{}, login.AccessToken, "token_expired")
}

func TestRefresh_ProviderToken(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{config.TransportBearer, config.TransportCookie} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, providerToken(nil))
			other := h.issuer.Login(bob)
			is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"`+other.RefreshToken+`"}`), 403, "not_registered")
			login := h.issuer.Login(ada)
			payload := login.Payload()
			payload["transport"] = transport
			is(t, h.call(t, "POST", "/auth/login", text(t, payload)), 201, "")
			carrier := []string{"Authorization", "Bearer " + login.AccessToken}
			if transport == config.TransportCookie {
				carrier = []string{"Cookie", cookieName + "=" + login.AccessToken}
			}
			h.clock.Advance(2 * time.Hour)
			r := h.call(t, "POST", "/auth/refresh", `{"refresh_token":"`+login.RefreshToken+`"}`, carrier...)
			is(t, r, 200, "")
			var body issued
			decode(t, r, &body)
			if body.Token.RefreshToken == "" || body.Token.RefreshToken == login.RefreshToken {
				t.Errorf("%s", r.Body)
			}
			if cookie := len(r.Cookies) == 1; cookie != (transport == config.TransportCookie) || cookie == (body.Token.AccessToken != "") {
				t.Errorf("%s %q", r.Body, r.Cookies)
			}
			is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"`+login.RefreshToken+`"}`, carrier...), 401, "invalid_token")
			is(t, h.call(t, "POST", "/auth/refresh", `{}`, carrier...), 400, "invalid_request")
			is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"x","provider":"unknown"}`, carrier...), 400, "invalid_request")
			h.issuer.SetRefresh(providertest.Failing)
			is(t, h.call(t, "POST", "/auth/refresh", `{"refresh_token":"`+body.Token.RefreshToken+`"}`, carrier...), 503, "temporarily_unavailable")
		})
	}
}

func TestRevokeAll_ProviderTokenSameNode(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	login := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(login.Body())), 201, "")
	ctx, _ := h.authorize(t, core.Guard{}, login.AccessToken)
	principal, _ := core.PrincipalFromContext(ctx)
	h.clock.Advance(time.Second)
	is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, "Authorization", "Bearer "+login.AccessToken), 204, "")
	h.admits(t, core.Guard{}, login.AccessToken, "invalid_token")

	fresh := h.issuer.Login(ada)
	h.admits(t, core.Guard{}, fresh.AccessToken, "")
	if err := h.kit.Users().Disable(t.Context(), principal.UserID); err != nil {
		t.Fatal(err)
	}
	h.admits(t, core.Guard{}, fresh.AccessToken, "account_disabled")
}

func TestLogin_TokenTooLargeForCookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	payload := h.issuer.Login(ada).Payload()
	payload["oauth_token"].(map[string]any)["access_token"] = h.issuer.AccessToken(ada, providertest.Claim("filler", strings.Repeat("x", 3500)))
	payload["transport"] = config.TransportCookie
	refused := h.call(t, "POST", "/auth/login", text(t, payload))
	is(t, refused, 400, "token_too_large")
	if len(refused.Cookies) != 0 {
		t.Errorf("%q", refused.Cookies)
	}
	payload["transport"] = config.TransportBearer
	is(t, h.call(t, "POST", "/auth/login", text(t, payload)), 201, "") // 201: nothing was written before
}

func TestLogin_NothingStored(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) {
		providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
		s.Database = nil
	})
	login := h.issuer.Login(ada)
	r := h.call(t, "POST", "/auth/login", string(login.Body()))
	is(t, r, 200, "")
	var body map[string]any
	decode(t, r, &body)
	if body["created"] != false || body["user"] != nil {
		t.Errorf("%s", r.Body)
	}
	h.admits(t, core.Guard{}, login.AccessToken, "")
	ctx, _ := h.authorize(t, core.Guard{}, login.AccessToken)
	if _, err := core.UserFromContext(ctx); autherr.CodeOf(err) != autherr.NotFound {
		t.Errorf("%v", err)
	}
	is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, "Authorization", "Bearer "+login.AccessToken), 404, "not_found")
	is(t, h.call(t, "GET", "/auth/ready", ""), 200, "")
}

func TestOutage_ProviderStopsLogins(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	h.issuer.SetJWKS(providertest.Failing)
	var health struct{ Status string }
	decode(t, h.call(t, "GET", "/auth/ready", ""), &health)
	if health.Status != "degraded" {
		t.Errorf("%+v", health)
	}
	refused := h.login(t, ada, "")
	is(t, refused, 503, "temporarily_unavailable")
	if field(refused, "Retry-After") == "" || len(refused.Cookies) != 0 {
		t.Errorf("%v %q", refused.Header, refused.Cookies)
	}
	h.issuer.SetJWKS(providertest.OK)
	h.clock.Advance(30 * time.Second)
	token := h.signIn(t, ada)
	decode(t, h.call(t, "GET", "/auth/ready", ""), &health)
	if health.Status != "ok" {
		t.Errorf("%+v", health)
	}
	h.issuer.SetJWKS(providertest.Failing)
	h.clock.Advance(26 * time.Hour)
	is(t, h.login(t, ada, ""), 503, "temporarily_unavailable")
	h.admits(t, core.Guard{}, token, "")
}

func TestNew_AmbiguousProviders(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	s := h.settings()
	twin := s.Providers[0]
	twin.Name = "twin"
	s.Providers = []provider.Instance{s.Providers[0], twin}
	_, err := core.New(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "same issuer and audience") {
		t.Errorf("%v", err)
	}
}

func TestServe_Paths(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	for path, ours := range map[string]bool{
		"/auth": true, "/auth/": true, "/auth/x": true, "/authx": false, "/AUTH/ok": false, "/": false, "/x/auth/ok": false, "*": false, "": false,
	} {
		if _, got := h.kit.Adapter().Serve(t.Context(), newRequest("GET", path, "")); got != ours {
			t.Errorf("%q: got %v, want %v", path, got, ours)
		}
	}
}

func TestLog_NoToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	login := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(login.Body())), 201, "")
	token := h.signIn(t, ada)
	h.admits(t, core.Guard{}, token+"x", "invalid_token")
	h.admits(t, core.Guard{}, token, "")
	is(t, h.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+token), 204, "")
	for _, secret := range []string{login.AccessToken, login.IDToken, login.RefreshToken, token, token[30:]} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log holds %.12s…", secret)
		}
	}
	for line := range strings.Lines(h.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %q", line)
		}
	}
	if !strings.Contains(h.log.String(), `"event":"authn_login_success"`) {
		t.Error("the login is not in the log")
	}
}

// S07, S08: failures are not counted for an address that many clients share. The
// log contains each cause once.
func TestFailures_SharedAddress(t *testing.T) {
	t.Parallel()
	const forwarded, listed = "X-Forwarded-For", "10.0.0.7:1"
	for name, c := range map[string]struct {
		remote  string
		lines   []string
		limited bool
		logged  string
	}{
		"client":           {"192.0.2.1:1", nil, true, ""},
		"private client":   {"10.0.0.8:1", nil, true, ""},
		"unlisted proxy":   {"10.0.0.8:1", []string{forwarded, "198.51.100.4"}, false, "that trusted_proxies does not list forwards"},
		"public address":   {"192.0.2.1:1", []string{forwarded, "198.51.100.4"}, true, "a public address"},
		"listed proxy":     {listed, []string{forwarded, "198.51.100.4"}, true, ""},
		"without a client": {listed, []string{"Forwarded", "for=198.51.100.4"}, false, "does not name the client"},
		"Unix socket":      {"@", []string{forwarded, "198.51.100.4"}, false, "have no address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			two := 2
			h := newHarness(t, func(s *core.Settings) {
				s.Auth.LoginFailures, s.Auth.TrustedProxies = &two, []string{"10.0.0.7"}
			})
			var last core.Response
			for range 2 * two {
				r := newRequest("POST", "/auth/login", `{"oauth_token":{"access_token":"x.y.z"}}`, append(c.lines, "Content-Type", "application/json")...)
				r.Remote = c.remote
				last, _ = h.kit.Adapter().Serve(t.Context(), r)
			}
			want, code := 401, "invalid_token"
			if c.limited {
				want, code = 429, "rate_limited"
			}
			is(t, last, want, code)
			lines := 0
			if c.logged != "" {
				lines = 1
			}
			log := h.log.String()
			if got := strings.Count(log, `"event":"client_address_unknown"`); got != lines || !strings.Contains(log, c.logged) {
				t.Errorf("got %d warnings, want %d with %q:\n%s", got, lines, c.logged, log)
			}
		})
	}
}

func TestFailures_IPv6Network(t *testing.T) {
	t.Parallel()
	two := 2
	h := newHarness(t, func(s *core.Settings) { s.Auth.LoginFailures = &two })
	refusedFor := func(remote string) core.Response {
		r := newRequest("POST", "/auth/login", `{"oauth_token":{"access_token":"x.y.z"}}`, "Content-Type", "application/json")
		r.Remote = remote
		response, _ := h.kit.Adapter().Serve(t.Context(), r)
		return response
	}
	is(t, refusedFor("[2001:db8:0:1::1]:1"), 401, "invalid_token")
	is(t, refusedFor("[2001:db8:0:1::2]:1"), 401, "invalid_token")
	is(t, refusedFor("[2001:db8:0:1:ffff::3]:1"), 429, "rate_limited")
	is(t, refusedFor("[2001:db8:0:2::1]:1"), 401, "invalid_token")
}

func TestSessions_Renew_Cookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	line, _, _ := strings.Cut(h.login(t, ada, config.TransportCookie).Cookies[0], ";")
	ctx, refusal := h.kit.Adapter().Authorize(t.Context(), newRequest("GET", "/", "", "Cookie", line), http.Header{}, core.Guard{})
	if refusal != nil {
		t.Fatalf("%s", refusal.Body)
	}
	renewed, err := h.kit.Sessions().Renew(ctx)
	if err != nil || renewed.Token != "" {
		t.Fatalf("%+v, %v", renewed, err)
	}
	is(t, h.call(t, "GET", "/auth/session", "", "Cookie", line), 401, "invalid_token")
	line, _, _ = strings.Cut(renewed.SetCookies[0], ";")
	is(t, h.call(t, "GET", "/auth/session", "", "Cookie", line), 200, "")
	if _, err := h.kit.Sessions().Renew(t.Context()); autherr.CodeOf(err) != autherr.Unauthenticated {
		t.Errorf("behind no guard: %v", err)
	}
}

func TestEndpoints_ByStrategy(t *testing.T) {
	t.Parallel()
	paths := func(h *harness) (paths []string) {
		for _, e := range h.kit.Endpoints() {
			paths = append(paths, e.Method+" "+strings.TrimPrefix(e.Path, "/auth"))
		}
		return paths
	}
	common := "GET /identities, POST /identities, POST /identities/remove, POST /login, POST /logout, GET /ok, GET /providers, GET /ready, "
	helper := "GET /client.js, "
	for name, c := range map[string]struct {
		edit func(*core.Settings)
		want string
	}{
		"Own":           {nil, helper + common + "GET /session, GET /sessions, POST /sessions/revoke"},
		"ProviderToken": {providerToken(nil), common + "POST /refresh, GET /session, POST /sessions/revoke"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(paths(newHarness(t, c.edit)), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCheckGuard_ReportsUnmeetable(t *testing.T) {
	t.Parallel()
	keeping := func(s *core.Settings) { s.Own.Claims = []string{"hd"} }
	const event = "guard_cannot_be_met"
	for name, c := range map[string]struct {
		edit  func(*core.Settings)
		guard core.Guard
		want  int
	}{
		"Configured":        {keeping, core.Guard{Providers: []string{"cotter"}, Claims: map[string]string{"hd": "example.com"}}, 0},
		"NoSuchProvider":    {keeping, core.Guard{Providers: []string{"cotter", "coter"}}, 1},
		"ClaimIsNotKept":    {keeping, core.Guard{Claims: map[string]string{"hd": "example.com", "group": "staff"}}, 1},
		"TokensClaimAnyWay": {providerToken(nil), core.Guard{Claims: map[string]string{"group": "staff"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, c.edit)
			h.log.Reset()
			h.kit.Adapter().CheckGuard(c.guard)
			if got := strings.Count(h.log.String(), event); got != c.want {
				t.Errorf("%d warnings, want %d: %s", got, c.want, h.log)
			}
		})
	}
}
