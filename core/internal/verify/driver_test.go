package verify_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// driver is made of its parts. A nil identify maps issuer and subject.
type driver struct {
	rules    provider.Rules
	identify func(provider.Verified) (identity.Identity, error)
}

func (d driver) Rules() provider.Rules { return d.rules }

func (d driver) Identify(v provider.Verified) (identity.Identity, error) {
	if d.identify != nil {
		return d.identify(v)
	}
	return soundIdentity(v), nil
}

func soundIdentity(v provider.Verified) identity.Identity {
	claims := v.AccessToken
	if claims.Issuer == "" {
		claims = v.IDToken
	}
	return identity.Identity{Key: identity.Key{Issuer: claims.Issuer, Subject: claims.Subject}}
}

// refreshing is a driver that can refresh.
type refreshing struct{ driver }

func (refreshing) Refresh(context.Context, string) (provider.Refreshed, error) {
	return provider.Refreshed{}, nil
}

// accessRules returns the rules for access tokens of an issuer that uses the
// keys of i.
func accessRules(t *testing.T, i *providertest.Issuer, issuer string) provider.Rules {
	t.Helper()
	document, err := json.Marshal(map[string]any{"keys": []any{i.Key().JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwt.StaticJWKS(document)
	if err != nil {
		t.Fatal(err)
	}
	return provider.Rules{
		Issuer:     issuer,
		Algorithms: []string{"ES256"},
		Keys:       provider.Keys{KeySet: keys, Source: "keys"},
		AccessToken: &provider.TokenRules{
			Audience: []string{"former", providertest.Audience},
			Login:    true,
		},
	}
}

// idRules returns the rules for ID tokens in the same way.
func idRules(t *testing.T, i *providertest.Issuer, issuer string) provider.Rules {
	t.Helper()
	rules := accessRules(t, i, issuer)
	rules.AccessToken, rules.IDToken = nil, rules.AccessToken
	return rules
}

// open opens a block with that driver.
func open(t *testing.T, name string, d provider.Driver, options ...provider.Option) *verify.Provider {
	t.Helper()
	return openAt(t, name, d, time.Now, options...)
}

func openAt(t *testing.T, name string, d provider.Driver, now func() time.Time, options ...provider.Option) *verify.Provider {
	t.Helper()
	p, err := tryOpen(t, name, d, now, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryOpen(t *testing.T, name string, d provider.Driver, now func() time.Time, options ...provider.Option) (*verify.Provider, error) {
	t.Helper()
	return verify.Open(t.Context(), newInstance(name, d, options...), verify.Host{Now: now, Log: discard})
}

// newInstance returns a block whose type opens that driver.
func newInstance(name string, d provider.Driver, options ...provider.Option) provider.Instance {
	typ := provider.Define(provider.Definition[struct{}]{
		Type: "test",
		Open: func(context.Context, struct{}, provider.Env) (provider.Driver, error) { return d, nil },
	})
	return provider.NewInstance(typ, name, new(struct{}), options...)
}

var discard = slog.New(slog.DiscardHandler)
