// Package oidc verifies the ID tokens of any OpenID Connect issuer (OpenID
// Connect Core 1.0, section 3.1.3.7). Keys come from the issuer's discovery
// document, from a JWKS URL or from a file.
//
// It does not redirect users to the issuer, exchange codes or read the user info
// endpoint: the front end posts the ID token.
//
// # Errors
//
// As [provider.Driver] and the kit define them. Reasons of this package:
// wrong_claim, bad_subject, wrong_access_token_hash.
package oidc

import "github.com/cotterpin/cotterpin/core/provider"

// Type is `provider "oidc"`.
var Type = provider.Define(provider.Definition[Settings]{
	Type:     "oidc",
	Summary:  "any OpenID Connect issuer: ID tokens that the front end posts",
	Default:  Settings{Algorithms: []string{"RS256", "ES256"}},
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "oidc"`. Zero fields mean the
// defaults.
type Settings struct {
	// Issuer is the tokens' iss, byte-exact. Required.
	Issuer string `hcl:"issuer" doc:"the tokens' iss, exactly, such as https://accounts.google.com"`

	// Audience lists the client ids whose tokens are accepted; at least one.
	Audience []string `hcl:"audience" doc:"the client ids whose tokens are accepted; at least one"`

	// JWKSURL is the address of the keys. Default: that in the discovery document.
	JWKSURL string `hcl:"jwks_url,optional" doc:"address of the keys; default: that in the discovery document"`

	// JWKSFile is a file that contains the keys. It is read once, at start.
	JWKSFile string `hcl:"jwks_file,optional" doc:"file that contains the keys, read once at start"`

	// DiscoveryURL is the address of the discovery document. Default: at the
	// issuer.
	DiscoveryURL string `hcl:"discovery_url,optional" doc:"address of the discovery document; default: at the issuer"`

	// Algorithms lists the accepted signature algorithms. Default RS256 and ES256.
	Algorithms []string `hcl:"algorithms,optional" doc:"accepted signature algorithms; never none or HMAC"`

	// RequiredClaims must be in the token with that value, by name or JSON Pointer;
	// see [token.Claims.Has].
	RequiredClaims map[string]string `hcl:"required_claims,optional" doc:"claims, by name or JSON Pointer, that must have or contain that value"`

	// Claims locates the claims in the token; nil means the standard claims.
	Claims *Claims `hcl:"claims,block" doc:"where the claims are, if not the standard ones"`
}

// Provider returns a `provider "oidc"` block written in Go. An empty name means
// "oidc".
func Provider(name string, s Settings, options ...provider.Option) provider.Instance {
	return provider.NewInstance(Type, name, &s, options...)
}
