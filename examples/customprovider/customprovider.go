// Package customprovider is a type of provider of one's own: the tokens of a
// company's gateway, as access tokens. A program hands Type to core.With, and
// its configuration file may then say:
//
//	provider "gateway" {
//	  url      = "https://gateway.example.com"
//	  audience = "crm"
//	}
package customprovider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// Settings are the arguments of `provider "gateway"`.
type Settings struct {
	URL      string `hcl:"url" doc:"the gateway, which is the tokens' iss; keys at /jwks below it"`
	Audience string `hcl:"audience" doc:"the tokens' aud"`
}

// Type is `provider "gateway"`.
var Type = provider.Define(provider.Definition[Settings]{
	Type: "gateway", Summary: "the tokens of the company's gateway",
	Open: open,
})

type gateway struct {
	settings Settings
	env      provider.Env
	keys     *token.RemoteKeySet
	rules    *token.Verifier
}

func open(_ context.Context, s Settings, env provider.Env) (provider.Provider, error) {
	fetch, err := token.Fetcher{Client: env.HTTPClient, AllowInsecureLoopback: env.Development}.Document(s.URL + "/jwks")
	if err != nil {
		return nil, err
	}
	keys := token.NewRemoteKeySet(token.RemoteOptions{Fetch: fetch, Now: env.Now, Log: env.Log})
	rules, err := token.NewVerifier(token.Policy{
		Issuer: s.URL, Audience: []string{s.Audience}, Algorithms: []string{"ES256"},
		Keys: keys, ClockSkew: env.Common.ClockSkew.Std(), Now: env.Now,
	})
	if err != nil {
		return nil, err
	}
	return &gateway{s, env, keys, rules}, nil
}

// Issuers lets a login leave out the provider's name.
func (g *gateway) Issuers() []provider.Issuer {
	return []provider.Issuer{{Issuer: g.settings.URL, Audience: []string{g.settings.Audience}, KeySource: g.settings.URL}}
}

// Check says whether there are keys.
func (g *gateway) Check(ctx context.Context) error { return g.keys.Check(ctx) }

// Verify is the whole of a provider.
func (g *gateway) Verify(ctx context.Context, c provider.Credential) (identity.Identity, error) {
	claims, err := g.rules.Verify(ctx, c.AccessToken)
	if err != nil {
		return identity.Identity{}, err
	}
	if err := g.env.Common.CheckAge(c.Use, claims.IssuedAt, g.env.Now()); err != nil {
		return identity.Identity{}, err
	}
	return identity.Identity{
		Key:      identity.Key{Issuer: claims.Issuer, Subject: claims.Subject},
		Audience: claims.Audience, IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt, Claims: identity.NewClaims(claims.Extra()),
	}, nil
}
