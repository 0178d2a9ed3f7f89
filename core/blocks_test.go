package core_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const providerCookie = "__Host-provider"

// bothSessions adds session "provider_token" to the settings.
func bothSessions(s *core.Settings) {
	s.ProviderToken = &config.ProviderTokenSession{Transport: []string{config.TransportBearer, config.TransportCookie}}
}

// loginAs logs ada in with a session of the strategy, and returns its token.
func (h *harness) loginAs(t *testing.T, strategy, transport string) string {
	t.Helper()
	payload := h.issuer.Login(ada).Payload()
	payload["session"], payload["transport"] = strategy, transport
	r := h.call(t, "POST", "/auth/login", text(t, payload))
	if transport == config.TransportBearer {
		var response issued
		decode(t, r, &response)
		return response.Token.AccessToken
	}
	if r.Status >= http.StatusBadRequest || len(r.Cookies) != 1 {
		t.Fatalf("login: %d %s, cookies %q", r.Status, r.Body, r.Cookies)
	}
	pair, _, _ := strings.Cut(r.Cookies[0], ";")
	return pair
}

// Cases: S05.
func TestBlocks_EachCredential(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	ownBearer := "Bearer " + h.loginAs(t, config.StrategyOwn, config.TransportBearer)
	tokenBearer := "Bearer " + h.loginAs(t, config.StrategyProviderToken, config.TransportBearer)
	ownCookie := h.loginAs(t, config.StrategyOwn, config.TransportCookie)
	tokenCookie := h.loginAs(t, config.StrategyProviderToken, config.TransportCookie)
	if !strings.HasPrefix(ownCookie, cookieName+"=cps_") || !strings.HasPrefix(tokenCookie, providerCookie+"=ey") {
		t.Fatalf("cookies %q and %q", ownCookie, tokenCookie)
	}
	badOwn, badToken := ownBearer[:len(ownBearer)-4]+"AAAA", tokenBearer[:len(tokenBearer)-4]+"AAAA"
	swapped := cookieName + "=" + strings.TrimPrefix(tokenCookie, providerCookie+"=")
	swappedBack := providerCookie + "=" + strings.TrimPrefix(ownCookie, cookieName+"=")
	const own, tokens = config.StrategyOwn, config.StrategyProviderToken
	for _, c := range []struct{ authorization, cookies, want string }{
		{ownBearer, "", own},
		{tokenBearer, "", tokens},
		{"", ownCookie, own},
		{"", tokenCookie, tokens},
		{"", ownCookie + "; " + tokenCookie, own},
		{"", tokenCookie + "; " + ownCookie, own},
		{ownBearer, tokenCookie, own},
		{tokenBearer, ownCookie, tokens},
		{tokenBearer, ownCookie + "; " + tokenCookie, tokens},
		{"Basic x", ownCookie, own},
		{"", ownCookie + "; " + tokenCookie + "; " + tokenCookie, own},

		{badOwn, tokenCookie, "invalid_token"},
		{badToken, ownCookie, "invalid_token"},
		{"Bearer x", ownCookie, "invalid_token"},
		{"", cookieName + "=x; " + tokenCookie, "invalid_token"},
		{"", tokenCookie + "; " + cookieName + "=", "invalid_token"},
		{"", swapped, "invalid_token"},
		{"", swappedBack, "invalid_token"},
		{"Bearer " + strings.TrimPrefix(ownCookie, cookieName+"="), "", "invalid_token"},
		{"", tokenCookie + "; " + tokenCookie, "invalid_request"},
		{"", ownCookie + "; " + ownCookie + "; " + tokenCookie, "invalid_request"},
		{"", "", "unauthenticated"},
	} {
		lines := []string{}
		if c.authorization != "" {
			lines = append(lines, "Authorization", c.authorization)
		}
		if c.cookies != "" {
			lines = append(lines, "Cookie", c.cookies)
		}
		r := h.call(t, "GET", "/auth/session", "", lines...)
		var body struct {
			Code    string
			Session struct{ Strategy string }
		}
		decode(t, r, &body)
		if got := body.Code + body.Session.Strategy; got != c.want {
			t.Errorf("%.20q, %.90q: got %d %q, want %q", c.authorization, c.cookies, r.Status, got, c.want)
		}
	}
}

func TestBlocks_DefaultOfLogin(t *testing.T) {
	t.Parallel()
	for _, first := range strategies {
		h := newHarness(t, func(s *core.Settings) {
			bothSessions(s)
			s.DefaultSession = first
		})
		for _, session := range append([]string{""}, strategies...) {
			want := cmp.Or(session, first)
			payload := h.issuer.Login(ada).Payload()
			if session != "" {
				payload["session"] = session
			}
			var body struct{ Session struct{ Strategy string } }
			decode(t, h.call(t, "POST", "/auth/login", text(t, payload)), &body)
			if body.Session.Strategy != want {
				t.Errorf("first block %s, session %q: got %q", first, session, body.Session.Strategy)
			}
		}
		payload := h.issuer.Login(ada).Payload()
		payload["session"] = "jwt"
		wantCode(t, h.call(t, "POST", "/auth/login", text(t, payload)), http.StatusBadRequest, "invalid_request")
	}
	alone := newHarness(t, nil)
	payload := alone.issuer.Login(ada).Payload()
	payload["session"] = config.StrategyProviderToken
	wantCode(t, alone.call(t, "POST", "/auth/login", text(t, payload)), http.StatusBadRequest, "invalid_request")
}

func TestBlocks_GuardSessions(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	own, token := h.loginAs(t, config.StrategyOwn, config.TransportBearer), h.loginAs(t, config.StrategyProviderToken, config.TransportBearer)
	for _, c := range []struct {
		sessions        []string
		ownCode, tokens string
	}{
		{nil, "", ""},
		{strategies, "", ""},
		{[]string{config.StrategyOwn}, "", "insufficient_scope"},
		{[]string{config.StrategyProviderToken}, "insufficient_scope", ""},
	} {
		h.admits(t, core.Guard{Sessions: c.sessions}, own, c.ownCode)
		h.admits(t, core.Guard{Sessions: c.sessions}, token, c.tokens)
	}
}

func TestBlocks_Logout(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	bearer := "Bearer " + h.loginAs(t, config.StrategyOwn, config.TransportBearer)
	cookie := h.loginAs(t, config.StrategyOwn, config.TransportCookie)
	token := h.loginAs(t, config.StrategyProviderToken, config.TransportCookie)
	r := h.call(t, "POST", "/auth/logout", "", "Authorization", bearer, "Cookie", token+"; "+cookie)
	if r.Status != http.StatusNoContent || len(r.Cookies) != 2 {
		t.Errorf("logout: %d, cookies %q, want both cleared", r.Status, r.Cookies)
	}
	for _, credential := range [][2]string{{"Authorization", bearer}, {"Cookie", cookie}} {
		wantCode(t, h.call(t, "GET", "/auth/session", "", credential[:]...), http.StatusUnauthorized, "invalid_token")
	}
}

// A login with one strategy must not leave the cookie of the other one, which
// would take precedence.
func TestBlocks_LoginReplacesOtherCookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	own := h.loginAs(t, config.StrategyOwn, config.TransportCookie)
	payload := h.issuer.Login(ada).Payload()
	payload["session"], payload["transport"] = config.StrategyProviderToken, config.TransportCookie
	r := h.call(t, "POST", "/auth/login", text(t, payload), "Cookie", own)
	cleared := func(line string) bool { return strings.HasPrefix(line, cookieName+"=;") }
	if r.Status != http.StatusOK || len(r.Cookies) != 2 || !slices.ContainsFunc(r.Cookies, cleared) {
		t.Errorf("login: %d, cookies %q, want the own cookie cleared", r.Status, r.Cookies)
	}
	wantCode(t, h.call(t, "GET", "/auth/session", "", "Cookie", own), http.StatusUnauthorized, "invalid_token")
}

func TestBlocks_CrossOriginEachCookie(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	own, token := h.loginAs(t, config.StrategyOwn, config.TransportCookie), h.loginAs(t, config.StrategyProviderToken, config.TransportCookie)
	for _, cookie := range []string{own, token} {
		for origin, admitted := range map[string]bool{"https://api.example.com": true, "https://evil.example": false} {
			r := newRequest("POST", "/api/notes", "", "Cookie", cookie, "Origin", origin)
			_, rejection := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{})
			if (rejection == nil) != admitted {
				t.Errorf("%.16s from %s: %+v", cookie, origin, rejection)
			}
		}
	}
}

// The list of own sessions serves callers with a provider's token.
func TestBlocks_SessionsOfTokenCaller(t *testing.T) {
	t.Parallel()
	h := newHarness(t, bothSessions)
	own := h.loginAs(t, config.StrategyOwn, config.TransportBearer)
	bearer := "Bearer " + h.loginAs(t, config.StrategyProviderToken, config.TransportBearer)
	var list struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	decode(t, h.call(t, "GET", "/auth/sessions", "", "Authorization", bearer), &list)
	if len(list.Sessions) != 1 || list.Sessions[0].Current {
		t.Fatalf("got %+v, want one session that is not current", list)
	}
	revoke := text(t, map[string]any{"id": list.Sessions[0].ID})
	wantCode(t, h.call(t, "POST", "/auth/sessions/revoke", revoke, "Authorization", bearer), http.StatusNoContent, "")
	h.admits(t, core.Guard{}, own, "invalid_token")
}

func TestBlocks_AccessTokenChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		clients []string
		code    string
	}{
		"any client":    {nil, "insufficient_scope"},
		"listed client": {[]string{"web"}, ""},
	} {
		h := newHarness(t, nil)
		s := h.settings()
		bothSessions(&s)
		s.Providers = []provider.Instance{{Type: loopbackOIDC, Name: "corp", Settings: &oidc.Settings{
			Issuer: h.issuer.URL(), Audience: []string{providertest.Audience},
			AccessToken: &oidc.AccessToken{Audience: []string{"api"}, Clients: c.clients},
		}}}
		h.open(t, s)
		token := h.issuer.OIDCToken(ada, providertest.Claim("aud", "api"), providertest.Claim("client_id", "web"), providertest.Header("typ", "at+jwt"))
		payload := map[string]any{"session": config.StrategyProviderToken, "oauth_token": map[string]any{"id_token": h.issuer.OIDCToken(ada), "access_token": token}}
		wantCode(t, h.call(t, "POST", "/auth/login", text(t, payload)), http.StatusCreated, "")
		bearer := []string{"Authorization", "Bearer " + token}
		wantCode(t, h.call(t, "GET", "/auth/sessions", "", bearer...), http.StatusOK, "")
		r := h.call(t, "POST", "/auth/sessions/revoke", `{"others": true}`, bearer...)
		if status := map[string]int{"": http.StatusNoContent, "insufficient_scope": http.StatusForbidden}[c.code]; r.Status != status {
			t.Errorf("%s: got %d %s", name, r.Status, r.Body)
		}
	}
}

// Another process disables the user, whose lookup this one has cached.
func TestGuard_Fresh(t *testing.T) {
	t.Parallel()
	db := memstore.New()
	h := newHarness(t, func(s *core.Settings) {
		bothSessions(s)
		s.Database = database.Existing(db)
	})
	token := h.loginAs(t, config.StrategyProviderToken, config.TransportBearer)
	h.admits(t, core.Guard{}, token, "")
	h.admits(t, core.Guard{Fresh: true}, token, "")
	var who struct{ User struct{ ID uuid.UUID } }
	decode(t, h.call(t, "GET", "/auth/session", "", "Authorization", "Bearer "+token), &who)
	if err := db.Accounts().Disable(t.Context(), who.User.ID, h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	h.admits(t, core.Guard{}, token, "")
	h.admits(t, core.Guard{Fresh: true}, token, "account_disabled")

	// A fresh guard behind one that is not does not reuse its caller.
	r := newRequest("GET", "/api/me", "", "Authorization", "Bearer "+token)
	ctx, rejection := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{})
	if rejection != nil {
		t.Fatalf("rejected: %+v", rejection)
	}
	if _, rejection = h.kit.Adapter().Authorize(ctx, r, http.Header{}, core.Guard{Fresh: true}); rejection == nil {
		t.Error("the inner guard did not query the database")
	}
}

// wantCode expects the status, and a problem with the code unless that is empty.
func wantCode(t *testing.T, r core.Response, status int, code string) {
	t.Helper()
	var problem struct{ Code string }
	if code != "" {
		decode(t, r, &problem)
	}
	if r.Status != status || problem.Code != code {
		t.Errorf("got %d %s, want %d %q", r.Status, r.Body, status, code)
	}
}
