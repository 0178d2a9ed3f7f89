// Package oidc verifies the ID tokens of any OpenID Connect issuer (OpenID
// Connect Core 1.0, section 3.1.3.7). Keys come from the issuer's discovery
// document, from a JWKS URL or from a file.
//
// It does not send anybody to the issuer, asks for no code and reads no user
// information: the front end brings the ID token.
//
// # Errors
//
// As [provider.Provider] demands. Reasons of this package: missing_id_token,
// wrong_claim, bad_subject, wrong_access_token_hash. Those of packages token
// and provider come beside them.
package oidc

import "github.com/cotterpin/cotterpin/core/provider"

// Type is `provider "oidc"`.
var Type = provider.Define(provider.Definition[Settings]{
	Type:     "oidc",
	Summary:  "any OpenID Connect issuer: ID tokens that the front end brings",
	Default:  DefaultSettings(),
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "oidc"`. Start from
// [DefaultSettings].
type Settings struct {
	// Issuer is the tokens' iss, byte-exact. Required.
	Issuer string `hcl:"issuer" doc:"the tokens' iss, to the letter, such as https://accounts.google.com"`

	// Audience lists the client ids whose tokens are taken; at least one.
	Audience []string `hcl:"audience" doc:"the client ids whose tokens are taken; at least one"`

	// JWKSURL is where the keys are. Default: as the discovery document says.
	JWKSURL string `hcl:"jwks_url,optional" doc:"where the keys are; default: as the discovery document says"`

	// JWKSFile is a file that holds the keys; it is read once, at start.
	JWKSFile string `hcl:"jwks_file,optional" doc:"file that holds the keys, read once at start"`

	// DiscoveryURL is where the discovery document is. Default: at the issuer.
	DiscoveryURL string `hcl:"discovery_url,optional" doc:"where the discovery document is; default: at the issuer"`

	// Algorithms lists the signature algorithms taken. Default RS256 and ES256.
	Algorithms []string `hcl:"algorithms,optional" doc:"signature algorithms taken; never none or HMAC"`

	// RequiredClaims must be in the token with that value; a boolean counts as
	// "true" or "false".
	RequiredClaims map[string]string `hcl:"required_claims,optional" doc:"claims that must have that value"`

	// Claims says where to find what; nil means the standard claims.
	Claims *Claims `hcl:"claims,block" doc:"where to find what, if not in the standard claims"`
}

// DefaultSettings returns the arguments where the file is silent.
func DefaultSettings() Settings {
	return Settings{Algorithms: []string{"RS256", "ES256"}}
}
