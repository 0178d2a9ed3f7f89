// Package customprovider accepts the access tokens of a company's gateway:
//
//	provider "gateway" {
//	  url      = "https://gateway.example.com" # the iss; keys at /jwks below it
//	  audience = ["crm"]
//	}
package customprovider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Type is `provider "gateway"`, for core.WithTypes.
var Type = provider.Define(provider.Definition[Settings]{Type: "gateway", Open: open})

// Settings are the arguments of the block.
type Settings struct {
	URL      string   `hcl:"url"`
	Audience []string `hcl:"audience"`
}

func open(_ context.Context, s Settings, env provider.Env) (provider.Driver, error) {
	keys, err := env.RemoteKeys(s.URL + "/jwks")
	return gateway{Issuer: s.URL, Algorithms: []string{"ES256"}, Keys: keys, AccessToken: &provider.TokenRules{Audience: s.Audience}}, err
}

type gateway provider.Rules

func (g gateway) Rules() provider.Rules { return provider.Rules(g) }
func (g gateway) Identify(v provider.Verified) (identity.Identity, error) {
	id := identity.Identity{Key: identity.Key{Issuer: v.AccessToken.Issuer, Subject: v.AccessToken.Subject}}
	email, _ := v.AccessToken.String("email")
	if verified, _ := v.AccessToken.Bool("email_verified"); verified && identity.IsEmail(email) {
		id.Email = identity.Contact{Value: email, Verification: identity.Verified} // counts with trust = ["email"]
	}
	return id, nil
}
