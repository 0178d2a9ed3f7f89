package core_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

const refreshCookie = "__Host-refresh"

// jwtSessions gives own sessions the format "jwt".
func jwtSessions(s *core.Settings) { s.Own.Format = config.FormatJWT }

// tokens are those of a session, in the transport of the login.
type tokens struct{ access, refresh string }

// jwtTokens returns the tokens of the response to a login or refresh.
func jwtTokens(t *testing.T, r core.Response) tokens {
	t.Helper()
	if r.Status >= http.StatusBadRequest {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	var body issued
	decode(t, r, &body)
	got := tokens{body.Token.AccessToken, body.Token.RefreshToken}
	for _, line := range r.Cookies {
		name, value, _ := strings.Cut(strings.Split(line, ";")[0], "=")
		switch {
		case value == "":
		case name == cookieName:
			got.access = value
		case name == refreshCookie:
			got.refresh = value
		}
	}
	if !strings.HasPrefix(got.access, "ey") || !strings.HasPrefix(got.refresh, "cpr_") {
		t.Fatalf("tokens %+v, cookies %q", got, r.Cookies)
	}
	return got
}

func (h *harness) refresh(t *testing.T, token string) core.Response {
	t.Helper()
	return h.call(t, "POST", "/auth/refresh", text(t, map[string]string{"refresh_token": token}))
}

func (h *harness) refreshByCookie(t *testing.T, cookies string, lines ...string) core.Response {
	t.Helper()
	return h.call(t, "POST", "/auth/refresh", "", append(lines, "Cookie", cookies)...)
}

func (h *harness) sessionBy(t *testing.T, lines ...string) core.Response {
	t.Helper()
	return h.call(t, "GET", "/auth/session", "", lines...)
}

// Cases: R01.
func TestJWTSessions_Bearer(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	r := h.login(t, ada, config.TransportBearer)
	first := jwtTokens(t, r)
	var body issued
	decode(t, r, &body)
	if body.Token.ExpiresIn != 300 || len(r.Cookies) != 0 || !strings.Contains(string(r.Body), `"format":"jwt"`) {
		t.Errorf("%s, cookies %q", r.Body, r.Cookies)
	}
	wantCode(t, h.sessionBy(t, "Authorization", "Bearer "+first.access), http.StatusOK, "")
	h.admits(t, core.Guard{}, first.access, "")

	r = h.refresh(t, first.refresh)
	second := jwtTokens(t, r)
	if r.Status != http.StatusOK || second.refresh == first.refresh || second.access == first.access || len(r.Cookies) != 0 {
		t.Errorf("refresh: %d %s, cookies %q", r.Status, r.Body, r.Cookies)
	}
	if !strings.Contains(string(r.Body), `"identifier":"`+ada+`"`) || !strings.Contains(string(r.Body), `"created":false`) {
		t.Errorf("refresh: %s", r.Body)
	}
	h.admits(t, core.Guard{}, second.access, "")
	h.clock.Advance(5 * time.Minute)
	h.admits(t, core.Guard{}, second.access, "token_expired")
	wantCode(t, h.refresh(t, first.refresh), http.StatusUnauthorized, "invalid_token")
	wantCode(t, h.refresh(t, second.refresh), http.StatusUnauthorized, "invalid_token")
	if log := h.log.String(); !strings.Contains(log, `"event":"refresh_reused"`) || strings.Contains(log, "cpr_") {
		t.Errorf("log %s", log)
	}
}

func TestJWTSessions_Cookies(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	r := h.login(t, ada, config.TransportCookie)
	first := jwtTokens(t, r)
	wantCookies := func(r core.Response, got tokens, session string) {
		t.Helper()
		want := []string{
			cookieName + "=" + got.access + "; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax",
			refreshCookie + "=" + got.refresh + "; Path=/; Max-Age=" + session + "; HttpOnly; Secure; SameSite=Lax",
		}
		if !slices.Equal(r.Cookies, want) {
			t.Errorf("cookies %q, want %q", r.Cookies, want)
		}
		if strings.Contains(string(r.Body), `"token"`) || strings.Contains(string(r.Body), got.refresh) {
			t.Errorf("body %s", r.Body)
		}
	}
	wantCookies(r, first, "2592000")
	pair := cookieName + "=" + first.access + "; " + refreshCookie + "=" + first.refresh
	wantCode(t, h.sessionBy(t, "Cookie", pair), http.StatusOK, "")
	h.clock.Advance(time.Minute)
	for name, lines := range map[string][]string{
		"Empty":    nil,
		"Repeated": {"Content-Type", "application/json"},
	} {
		r = h.refreshByCookie(t, pair, lines...)
		if r.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, r.Status, r.Body)
		}
		wantCookies(r, jwtTokens(t, r), "2591940")
	}
	if r := h.call(t, "POST", "/auth/refresh", `{}`, "Cookie", pair); r.Status != http.StatusOK {
		t.Errorf("an empty object: %d %s", r.Status, r.Body)
	}
}

// Cases: R09, R14, R15.
func TestJWTSessions_RefreshRejects(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	c := jwtTokens(t, h.login(t, ada, config.TransportCookie))
	b := jwtTokens(t, h.login(t, bob, config.TransportBearer))
	cookie := refreshCookie + "=" + c.refresh
	reject := func(name string, r core.Response, status int, code string) {
		t.Helper()
		var problem struct{ Code string }
		decode(t, r, &problem)
		if r.Status != status || problem.Code != code || len(r.Cookies) != 0 {
			t.Errorf("%s: %d %s, cookies %q, want %d %s and no cookies", name, r.Status, r.Body, r.Cookies, status, code)
		}
	}
	reject("nothing", h.call(t, "POST", "/auth/refresh", ""), 401, "unauthenticated")
	reject("no token", h.call(t, "POST", "/auth/refresh", `{}`), 400, "invalid_request")
	reject("no JSON", h.call(t, "POST", "/auth/refresh", `x`), 400, "invalid_request")
	reject("form", h.call(t, "POST", "/auth/refresh", `a=b`, "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type")
	reject("access token in the body", h.refresh(t, b.access), 401, "invalid_token")
	reject("access token in the cookie", h.refreshByCookie(t, refreshCookie+"="+c.access), 401, "invalid_token")
	reject("cookie's token in the body", h.refresh(t, c.refresh), 401, "invalid_token")
	reject("body's token in the cookie", h.refreshByCookie(t, refreshCookie+"="+b.refresh), 401, "invalid_token")
	reject("two cookies", h.refreshByCookie(t, cookie+"; "+cookie), 400, "invalid_request")
	reject("body before cookie", h.call(t, "POST", "/auth/refresh", `{"refresh_token":"cpr_x"}`, "Cookie", cookie), 401, "invalid_token")
	reject("other origin", h.refreshByCookie(t, cookie, "Origin", "https://evil.example"), 403, "cross_origin")
	reject("GET", h.call(t, "GET", "/auth/refresh", "", "Cookie", cookie), 405, "method_not_allowed")
	reject("refresh token as access", h.sessionBy(t, "Authorization", "Bearer "+b.refresh), 401, "invalid_token")
	reject("refresh token as session cookie", h.sessionBy(t, "Cookie", cookieName+"="+c.refresh), 401, "invalid_token")
	if r := h.refreshByCookie(t, cookie+"; "+cookieName+"=x; "+cookieName+"=y"); r.Status != http.StatusOK {
		t.Errorf("two session cookies: %d %s", r.Status, r.Body)
	}
	if r := h.refresh(t, b.refresh); r.Status != http.StatusOK {
		t.Errorf("bearer: %d %s", r.Status, r.Body)
	}
}

// Cases: R16.
func TestJWTSessions_RefreshCookieElsewhere(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	c := jwtTokens(t, h.login(t, ada, config.TransportCookie))
	cookie := refreshCookie + "=" + c.refresh
	wantCode(t, h.sessionBy(t, "Cookie", cookie), http.StatusUnauthorized, "unauthenticated")
	wantCode(t, h.sessionBy(t, "Cookie", cookie+"; "+cookie+"; "+cookieName+"="+c.access), http.StatusOK, "")

	r := newRequest("POST", "/api/notes", "", "Cookie", cookie, "Origin", "https://evil.example")
	_, rejection := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{Optional: true})
	if rejection == nil || rejection.Status != http.StatusForbidden {
		t.Errorf("another origin: got %+v, want cross_origin", rejection)
	}
}

func TestJWTSessions_Logout(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(h *harness, c, b tokens) core.Response{
		"RefreshCookie": func(h *harness, c, _ tokens) core.Response {
			return h.call(t, "POST", "/auth/logout", "", "Cookie", refreshCookie+"="+c.refresh)
		},
		"TwoCookies": func(h *harness, c, _ tokens) core.Response {
			return h.call(t, "POST", "/auth/logout", "", "Cookie", refreshCookie+"=planted; "+refreshCookie+"="+c.refresh)
		},
		"SessionCookie": func(h *harness, c, _ tokens) core.Response {
			return h.call(t, "POST", "/auth/logout", "", "Cookie", cookieName+"="+c.access)
		},
		"Body": func(h *harness, _, b tokens) core.Response {
			return h.call(t, "POST", "/auth/logout", text(t, map[string]string{"refresh_token": b.refresh}))
		},
		"Bearer": func(h *harness, _, b tokens) core.Response {
			h.clock.Advance(time.Hour)
			return h.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+b.access)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, jwtSessions)
			c := jwtTokens(t, h.login(t, ada, config.TransportCookie))
			b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
			r := send(h, c, b)
			if r.Status != http.StatusNoContent || len(r.Cookies) < 2 {
				t.Errorf("logout: %d %s, cookies %q", r.Status, r.Body, r.Cookies)
			}
			byCookie, byBody := h.refreshByCookie(t, refreshCookie+"="+c.refresh), h.refresh(t, b.refresh)
			ended, other := byCookie, byBody
			if name == "Body" || name == "Bearer" {
				ended, other = byBody, byCookie
			}
			wantCode(t, ended, http.StatusUnauthorized, "invalid_token")
			wantCode(t, other, http.StatusOK, "")
		})
	}
	h := newHarness(t, jwtSessions)
	wantCode(t, h.call(t, "POST", "/auth/logout", `{"refresh_token":1}`), http.StatusBadRequest, "invalid_request")
	wantCode(t, h.call(t, "POST", "/auth/logout", `{"refresh_token":"cpr_x"}`), http.StatusNoContent, "")
}

// A guard recognizes a revoked session until the access token expires; a fresh one
// and the kit's own routes do not.
func TestJWTSessions_Window(t *testing.T) {
	t.Parallel()
	for _, check := range []string{config.CheckNone, config.CheckDatabase} {
		h := newHarness(t, func(s *core.Settings) { jwtSessions(s); s.Own.Check = check })
		b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
		h.admits(t, core.Guard{Fresh: true}, b.access, "")
		wantCode(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, "Authorization", "Bearer "+b.access), http.StatusNoContent, "")
		guarded := ""
		if check == config.CheckDatabase {
			guarded = "invalid_token"
		}
		h.admits(t, core.Guard{}, b.access, guarded)
		h.admits(t, core.Guard{Fresh: true}, b.access, "invalid_token")
		wantCode(t, h.sessionBy(t, "Authorization", "Bearer "+b.access), http.StatusUnauthorized, "invalid_token")
		wantCode(t, h.refresh(t, b.refresh), http.StatusUnauthorized, "invalid_token")
		h.clock.Advance(5 * time.Minute)
		h.admits(t, core.Guard{}, b.access, "token_expired")
	}
}

func TestJWTSessions_JWKS(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	r := h.call(t, "GET", "/auth/jwks.json", "")
	var document struct {
		Keys []map[string]string `json:"keys"`
	}
	decode(t, r, &document)
	if r.Status != http.StatusOK || field(r, "Cache-Control") != "public, max-age=300" || len(document.Keys) != 1 {
		t.Fatalf("%d %s, Cache-Control %q", r.Status, r.Body, field(r, "Cache-Control"))
	}
	var header struct{ Kid string }
	encoded, err := base64.RawURLEncoding.DecodeString(strings.Split(b.access, ".")[0])
	if err != nil || json.Unmarshal(encoded, &header) != nil || header.Kid != document.Keys[0]["kid"] {
		t.Errorf("header %s, keys %s", encoded, r.Body)
	}
	if key := document.Keys[0]; key["d"] != "" || key["kty"] != "EC" || key["alg"] != "ES256" {
		t.Errorf("key %v", key)
	}
	opaque := newHarness(t, nil)
	wantCode(t, opaque.call(t, "GET", "/auth/jwks.json", ""), http.StatusNotFound, "not_found")
	wantCode(t, opaque.call(t, "POST", "/auth/refresh", ""), http.StatusNotFound, "not_found")
}

func TestJWTSessions_BothBlocks(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) { bothSessions(s); jwtSessions(s) })
	own := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	provided := h.loginAs(t, config.StrategyProviderToken, config.TransportBearer)
	h.admits(t, core.Guard{Sessions: []string{config.StrategyOwn}}, own.access, "")
	h.admits(t, core.Guard{Sessions: []string{config.StrategyProviderToken}}, own.access, "insufficient_scope")
	h.admits(t, core.Guard{Sessions: []string{config.StrategyProviderToken}}, provided, "")
	wantCode(t, h.refresh(t, own.refresh), http.StatusOK, "")
	wantCode(t, h.refresh(t, "cpr_x"), http.StatusUnauthorized, "invalid_token")
	wantCode(t, h.refresh(t, "unknown"), http.StatusUnauthorized, "invalid_token")

	c := jwtTokens(t, h.login(t, ada, config.TransportCookie))
	token := providerCookie + "=" + provided
	r := h.refreshByCookie(t, refreshCookie+"="+c.refresh+"; "+token)
	if r.Status != http.StatusOK || len(r.Cookies) != 2 {
		t.Errorf("refresh: %d %s, cookies %q: the provider's cookie must stay", r.Status, r.Body, r.Cookies)
	}
}

func TestJWTSessions_List(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	r := h.call(t, "GET", "/auth/sessions", "", "Authorization", "Bearer "+b.access)
	var list struct{ Sessions []struct{ Current bool } }
	decode(t, r, &list)
	if len(list.Sessions) != 1 || !list.Sessions[0].Current {
		t.Errorf("%s", r.Body)
	}
	ctx, rejection := h.authorize(t, core.Guard{}, b.access)
	if rejection != nil {
		t.Fatalf("rejected: %+v", rejection)
	}
	p, _ := core.PrincipalFromContext(ctx)
	if views, err := h.kit.Sessions().List(ctx, p.UserID); err != nil || len(views) != 1 || views[0].Format != config.FormatJWT {
		t.Errorf("%+v, %v", views, err)
	}
}

func TestJWTSessions_Renew(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	ctx, rejection := h.authorize(t, core.Guard{}, b.access)
	if rejection != nil {
		t.Fatalf("rejected: %+v", rejection)
	}
	renewed, err := h.kit.Sessions().Renew(ctx)
	if err != nil || renewed.Token == "" || renewed.RefreshToken == "" || len(renewed.SetCookies) != 0 {
		t.Fatalf("%+v, %v", renewed, err)
	}
	wantCode(t, h.refresh(t, b.refresh), http.StatusUnauthorized, "invalid_token")
	wantCode(t, h.refresh(t, renewed.RefreshToken), http.StatusOK, "")

	c := jwtTokens(t, h.login(t, ada, config.TransportCookie))
	r := newRequest("GET", "/api/me", "", "Cookie", cookieName+"="+c.access)
	if ctx, rejection = h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{}); rejection != nil {
		t.Fatalf("rejected: %+v", rejection)
	}
	if renewed, err = h.kit.Sessions().Renew(ctx); err != nil || len(renewed.SetCookies) != 2 || renewed.RefreshToken != "" {
		t.Errorf("%+v, %v", renewed, err)
	}
}

// Cases: R10.
func TestJWTSessions_RefreshOfDisabledUser(t *testing.T) {
	t.Parallel()
	db := memstore.New()
	h := newHarness(t, func(s *core.Settings) { jwtSessions(s); s.Database = database.Existing(db) })
	b := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	ctx, _ := h.authorize(t, core.Guard{}, b.access)
	p, _ := core.PrincipalFromContext(ctx)
	second := jwtTokens(t, h.refresh(t, b.refresh))
	if err := h.kit.Users().Disable(t.Context(), p.UserID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.refresh(t, second.refresh), http.StatusUnauthorized, "invalid_token")
	h.admits(t, core.Guard{Fresh: true}, second.access, "invalid_token")
}
