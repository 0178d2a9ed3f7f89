// Package customprovider accepts the access tokens of a company's gateway:
//
//	provider "gateway" {
//	  url      = "https://gateway.example.com" # the iss; keys at /jwks below it
//	  audience = "crm"
//	}
package customprovider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

var Type = provider.Define(provider.Definition[Settings]{Type: "gateway", Open: open})

type Settings struct {
	URL      string `hcl:"url"`
	Audience string `hcl:"audience"`
}

type gateway struct{ rules provider.Rules }

func open(_ context.Context, s Settings, env provider.Env) (provider.Driver, error) {
	keys, err := env.RemoteKeys(s.URL + "/jwks")
	rules := provider.Rules{Issuer: s.URL, Audience: []string{s.Audience}, Algorithms: []string{"ES256"}, Keys: keys, KeyIDRequired: true}
	return gateway{rules}, err
}

func (g gateway) Rules() provider.Rules { return g.rules }

func (g gateway) Identify(v provider.Verified) (identity.Identity, error) {
	id := identity.Identity{Key: identity.Key{Issuer: v.AccessToken.Issuer, Subject: v.AccessToken.Subject}}
	email, _ := v.AccessToken.String("email")
	if verified, _ := v.AccessToken.Bool("email_verified"); verified && identity.IsEmail(email) {
		id.Email = identity.Contact{Value: email, Verification: identity.Verified} // counts with trust = ["email"]
	}
	return id, nil
}
