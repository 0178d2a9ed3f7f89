package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// loopbackOIDC is an OpenID provider with a test issuer on loopback.
var loopbackOIDC = provider.Define(provider.Definition[oidc.Settings]{
	Type:    "oidc",
	Default: *oidc.Type.NewSettings().(*oidc.Settings),
	Open: func(ctx context.Context, s oidc.Settings, env provider.Env) (provider.Driver, error) {
		env.Development = true
		return oidc.Type.Open(ctx, &s, env)
	},
})

// useOIDC turns settings to an OpenID provider with the required claims.
func (h *harness) useOIDC(s *core.Settings, required map[string]string) {
	s.Providers = []provider.Instance{{
		Type:     loopbackOIDC,
		Name:     "corp",
		Common:   provider.Common{Trust: []string{"email"}},
		Settings: &oidc.Settings{Issuer: h.issuer.URL(), Audience: []string{providertest.Audience}, RequiredClaims: required},
	}}
}

// newOIDCHarness opens a kit of an OpenID provider with own sessions that keep
// claims, or with the provider's tokens.
func newOIDCHarness(t *testing.T, strategy string, keeps []string, required map[string]string) *harness {
	t.Helper()
	h := &harness{
		issuer: providertest.NewIssuer(t),
		clock:  &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		log:    &record{},
	}
	h.issuer.Now = h.clock.Now
	s := h.settings()
	h.useOIDC(&s, required)
	s.Own.Claims = keeps
	if strategy == config.StrategyProviderToken {
		providerToken(nil)(&s)
	}
	h.open(t, s)
	return h
}

// postIDToken posts an ID token with edited claims.
func (h *harness) postIDToken(t *testing.T, edits ...providertest.Edit) core.Response {
	t.Helper()
	payload := map[string]any{
		"oauth_token": map[string]any{"id_token": h.issuer.OIDCToken(ada, edits...)},
		"transport":   config.TransportBearer,
	}
	return h.call(t, "POST", "/auth/login", text(t, payload))
}

// signInOIDC returns the bearer token of a login with an ID token.
func (h *harness) signInOIDC(t *testing.T, edits ...providertest.Edit) string {
	t.Helper()
	var response issued
	r := h.postIDToken(t, edits...)
	decode(t, r, &response)
	if response.Token.AccessToken == "" {
		t.Fatalf("no token: %d %s", r.Status, r.Body)
	}
	return response.Token.AccessToken
}

var strategies = []string{config.StrategyOwn, config.StrategyProviderToken}
