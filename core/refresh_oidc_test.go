package core_test

import (
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// newRefreshHarness opens a kit whose sessions are the tokens of the OpenID provider
// "corp", at which ada is registered.
func newRefreshHarness(t *testing.T, edit func(*oidc.Settings)) flowHarness {
	t.Helper()
	h := newFlowHarness(t, func(s *core.Settings, c *oidc.Settings) {
		providerToken(nil)(s)
		edit(c)
	})
	return h
}

func (h flowHarness) refresh(t *testing.T, token string) core.Response {
	t.Helper()
	return h.call(t, "POST", "/auth/refresh", text(t, map[string]string{"refresh_token": token, "provider": "corp"}))
}

// register logs ada in with the tokens of a front end.
func (h flowHarness) register(t *testing.T, tokens map[string]string) {
	t.Helper()
	is(t, h.call(t, "POST", "/auth/login", text(t, map[string]any{"provider": "corp", "oauth_token": tokens})), http.StatusCreated, "")
}

func TestRefreshOIDC(t *testing.T) {
	t.Parallel()
	h := newRefreshHarness(t, func(*oidc.Settings) {})
	is(t, h.refresh(t, h.issuer.OIDCRefreshToken(ada)), http.StatusForbidden, "not_registered")
	h.register(t, map[string]string{"id_token": h.issuer.OIDCToken(ada)})

	r := h.refresh(t, h.issuer.OIDCRefreshToken(ada))
	is(t, r, http.StatusOK, "")
	var first issued
	decode(t, r, &first)
	h.admits(t, core.Guard{}, first.Token.AccessToken, "")
	is(t, h.refresh(t, first.Token.RefreshToken), http.StatusOK, "")
	is(t, h.refresh(t, first.Token.RefreshToken), http.StatusUnauthorized, "invalid_token") // the issuer has revoked it

	for code, change := range map[string]func(){
		"temporarily_unavailable": func() { h.issuer.SetToken(providertest.Failing) },
		"invalid_token":           func() { h.issuer.SetTokenResponse(nil, providertest.Claim("aud", "other")) },
	} {
		change()
		status := map[string]int{"temporarily_unavailable": http.StatusServiceUnavailable, "invalid_token": http.StatusUnauthorized}[code]
		is(t, h.refresh(t, h.issuer.OIDCRefreshToken(ada)), status, code)
		h.issuer.SetToken(providertest.OK)
		h.issuer.SetTokenResponse(nil)
	}
	h.issuer.SetTokenResponse(map[string]any{"id_token": nil})
	is(t, h.refresh(t, h.issuer.OIDCRefreshToken(ada)), http.StatusUnauthorized, "invalid_token")
}

// TestRefreshOIDC_NonceRequired: a refresh has no nonce (OpenID Connect Core 1.0,
// section 12.2).
func TestRefreshOIDC_NonceRequired(t *testing.T) {
	t.Parallel()
	h := newRefreshHarness(t, func(c *oidc.Settings) { c.Nonce, c.NonceForm = "required", "sha256" })
	b := h.browser()
	leadsTo(t, b.get(t, b.authorize(t, b.begin(t, ""))), "/")
	is(t, h.refresh(t, h.issuer.OIDCRefreshToken(ada)), http.StatusOK, "")
}

// TestRefreshOIDC_AccessToken: the session is an access token, and the issuer returns
// no new ID token.
func TestRefreshOIDC_AccessToken(t *testing.T) {
	t.Parallel()
	const api = "https://api.example.com"
	h := newRefreshHarness(t, func(c *oidc.Settings) { c.AccessToken = &oidc.AccessToken{Audience: []string{api}} })
	access := func(email string) string {
		return h.issuer.OIDCToken(email, providertest.Claim("aud", api), providertest.Header("typ", "at+jwt"))
	}
	h.register(t, map[string]string{"id_token": h.issuer.OIDCToken(ada), "access_token": access(ada)})

	for name, c := range map[string]struct {
		members map[string]any
		status  int
		code    string
	}{
		"both":                 {map[string]any{"access_token": access(ada)}, http.StatusOK, ""},
		"no ID token":          {map[string]any{"access_token": access(ada), "id_token": nil}, http.StatusOK, ""},
		"opaque access token":  {map[string]any{"id_token": nil}, http.StatusUnauthorized, "invalid_token"},
		"ID token of another":  {map[string]any{"access_token": access(ada), "id_token": h.issuer.OIDCToken(bob)}, http.StatusUnauthorized, "invalid_token"},
		"ID token as access":   {map[string]any{"access_token": h.issuer.OIDCToken(ada)}, http.StatusUnauthorized, "invalid_token"},
		"of an unknown user":   {map[string]any{"access_token": access(bob), "id_token": nil}, http.StatusForbidden, "not_registered"},
		"ID token, no access":  {map[string]any{"access_token": ""}, http.StatusServiceUnavailable, "temporarily_unavailable"},
		"access token is null": {map[string]any{"access_token": nil}, http.StatusServiceUnavailable, "temporarily_unavailable"},
	} {
		h.issuer.SetTokenResponse(c.members)
		r := h.refresh(t, h.issuer.OIDCRefreshToken(ada))
		t.Log(name)
		is(t, r, c.status, c.code)
		if c.status != http.StatusOK {
			continue
		}
		var response issued
		decode(t, r, &response)
		if response.Token.AccessToken != c.members["access_token"] {
			t.Errorf("%s: the session is not the access token", name)
		}
		h.admits(t, core.Guard{}, response.Token.AccessToken, "")
	}
}

// TestRefreshOIDC_NotAble: without client_id only Cotter refreshes.
func TestRefreshOIDC_NotAble(t *testing.T) {
	t.Parallel()
	h := newRefreshHarness(t, func(c *oidc.Settings) { c.ClientID, c.ClientSecret = "", config.Secret{} })
	is(t, h.refresh(t, h.issuer.OIDCRefreshToken(ada)), http.StatusBadRequest, "invalid_request")
	if n := h.issuer.Requests(providertest.TokenPath); n != 0 {
		t.Errorf("%d requests to the token endpoint", n)
	}
}
