// Package oidc verifies the ID tokens of any OpenID Connect issuer (OpenID
// Connect Core 1.0, section 3.1.3.7), and its access tokens if they are JWTs
// (RFC 9068 and what issuers sent before it). Keys come from the issuer's
// discovery document, from a JWKS URL or from a file.
//
// The front end posts the tokens; or, with the argument client_id, the kit redirects
// the browser to the issuer and exchanges the code. The issuer then needs the
// redirect URI base_url + auth.path + "/callback/" + name of the block.
//
// # Errors
//
// As [provider.Driver] and the kit define them. Reasons of this package:
// wrong_claim, bad_subject, wrong_tenant, client_id_in_id_token, missing_nonce,
// wrong_nonce, provider_refused, client_refused, token_endpoint_failed,
// client_secret_unreadable, bad_endpoint, discovery_failed, userinfo_failed.
//
// # Issuers
//
// Arguments in addition to issuer and audience, where the vendor's documents
// deviate from the standard (the page is in parentheses):
//
//   - Apple: string_booleans ("Authenticating users with Sign in with Apple":
//     email_verified is a string or a boolean).
//   - Amazon Cognito: for API calls access_token with audience_claim "client_id" and
//     typed = false ("Understanding the access token").
//   - Auth0: the issuer ends with a slash; access_token with typed = false, unless
//     the API uses the RFC 9068 profile ("Access Token Profiles").
//   - Clerk: no ID token for the front end; access_token with audience_claim "azp",
//     typed = false, login = true and clients ("Session tokens").
//   - Firebase: issuer https://securetoken.google.com/PROJECT, audience PROJECT, and
//     login_max_age "1h", because the SDK caches tokens ("Verify ID Tokens").
//   - Google: none; both forms of iss are accepted ("Verify the Google ID token on
//     your server side").
//   - Keycloak, Okta: access_token with typed = false for API calls ("Server
//     Administration Guide"; "Validate access tokens").
//   - Microsoft Entra: tenants for applications of several tenants; no trust in the
//     email, which an administrator can set to any address ("ID token claims
//     reference").
//   - Supabase: no ID token for the front end; access_token with audience
//     "authenticated", typed = false, login = true and clients [""] ("JWT Claims
//     Reference").
package oidc

import (
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Type is `provider "oidc"`.
var Type = provider.Define(provider.Definition[Settings]{
	Type:     "oidc",
	Summary:  "any OpenID Connect issuer: tokens that the front end posts, or sign-in by redirects",
	Default:  Settings{Algorithms: []string{"RS256", "ES256"}, Nonce: nonceOff, NonceForm: noncePlain, Scopes: defaultScopes},
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "oidc"`. Zero fields mean the
// defaults.
type Settings struct {
	// Issuer is the tokens' iss, byte-exact; each of Tenants replaces {tenantid} in it.
	// Tokens of https://accounts.google.com may omit https://. Required.
	Issuer string `hcl:"issuer" doc:"the tokens' iss, exactly, such as https://accounts.google.com"`

	// Audience lists the client ids whose ID tokens are accepted; at least one,
	// unless access tokens suffice for a login.
	Audience []string `hcl:"audience" doc:"the client ids whose ID tokens are accepted; at least one"`

	// Tenants lists the ids of the tenants whose users may sign in, as in the claim
	// tid, which must equal the tenant. Each replaces {tenantid} in Issuer,
	// DiscoveryURL and JWKSURL, and is an issuer with its own discovery document, keys
	// and identities. Required with {tenantid} in Issuer. Default: there is one issuer.
	Tenants []string `hcl:"tenants,optional" doc:"ids of the tenants whose users may sign in, as in the claim tid; each replaces {tenantid} in issuer"`

	// JWKSURL is the address of the keys. Default: that in the discovery document.
	JWKSURL string `hcl:"jwks_url,optional" doc:"address of the keys; default: that in the discovery document"`

	// JWKSFile is a file that contains the keys. It is read once, at start.
	JWKSFile string `hcl:"jwks_file,optional" doc:"file that contains the keys, read once at start"`

	// DiscoveryURL is the address of the discovery document. Default: at the
	// issuer.
	DiscoveryURL string `hcl:"discovery_url,optional" doc:"address of the discovery document; default: at the issuer"`

	// Algorithms lists the accepted signature algorithms (RFC 7518, section 3.1;
	// RFC 8037; RFC 9864): EdDSA and Ed25519 are the same. Default RS256 and ES256.
	Algorithms []string `hcl:"algorithms,optional" doc:"accepted signature algorithms; EdDSA and Ed25519 are the same; never none or HMAC"`

	// RequiredClaims must be in each token with that value, by name or JSON Pointer;
	// see [token.Claims.Has].
	RequiredClaims map[string]string `hcl:"required_claims,optional" doc:"claims, by name or JSON Pointer, that each token must have with that value"`

	// ClientID is the id of this application at the issuer; one of Audience. With it
	// the kit signs users in by redirects where a session can travel in a cookie, and
	// refreshes the tokens of session "provider_token". Needs the discovery document.
	// Default: the front end posts the tokens, and gets new ones itself.
	ClientID string `hcl:"client_id,optional" doc:"id of this application at the issuer, one of audience, for sign-in by redirects to base_url + path + /callback/NAME and for refresh"`

	// ClientSecret authenticates ClientID at the token endpoint. Default: ClientID is
	// a public client, which PKCE protects alone.
	ClientSecret config.Secret `hcl:"client_secret,optional" doc:"secret of client_id at the token endpoint; omitted: a public client"`

	// TokenAuth is how ClientSecret is sent: "basic" or "post" (client_secret_basic and
	// client_secret_post: OpenID Connect Core 1.0, section 9). Default: what the
	// discovery document supports, else basic.
	TokenAuth string `hcl:"token_auth,optional" doc:"basic or post: how client_secret is sent; default: by the discovery document, else basic"`

	// Scopes lists the scopes that a sign-in by redirects requests; openid is
	// required. Default openid and email.
	Scopes []string `hcl:"scopes,optional" doc:"scopes that a sign-in by redirects requests; openid is required"`

	// UserInfo reads the email at a login from the issuer's UserInfo endpoint, with
	// the posted access token, if the ID token has none (OpenID Connect Core 1.0,
	// sections 5.3 and 5.4). The phone number is read with it. Without access token
	// the stored contacts remain. Default: the ID token contains all claims.
	UserInfo bool `hcl:"userinfo,optional" doc:"whether a login reads the email from the UserInfo endpoint if the ID token has none"`

	// StringBooleans makes the string "true" count as true in email_verified and
	// phone_number_verified. It is for issuers that send strings, such as Apple and
	// Amazon Cognito; at others, users may choose strings. Default: only the
	// boolean true counts.
	StringBooleans bool `hcl:"string_booleans,optional" doc:"whether \"true\" counts as true in email_verified and phone_number_verified, for issuers that send strings"`

	// Claims locates the claims in the token; nil means the standard claims.
	Claims *Claims `hcl:"claims,block" doc:"where the claims are, if not the standard ones"`

	// Nonce is "required" if each login must post the nonce of its ID token as the
	// member "nonce". Default "off": a nonce that is posted must match all the same.
	Nonce string `hcl:"nonce,optional" doc:"off, or required: each login must post the nonce of its ID token"`

	// NonceForm is "sha256" if the token's nonce is the SHA-256 of the posted one,
	// in base64url or hex. Default "plain": both are equal.
	NonceForm string `hcl:"nonce_form,optional" doc:"plain: the token has the posted nonce; sha256: it has its SHA-256 in base64url or hex"`

	// AccessToken accepts access tokens; nil: only ID tokens.
	AccessToken *AccessToken `hcl:"access_token,block" doc:"which access tokens are accepted; without it none is, and an ID token recognizes callers"`

	// Machines recognizes the tokens of machines; nil: those that the kit
	// recognizes.
	Machines *Machines `hcl:"machines,block" doc:"which tokens belong to a machine, in addition to those of the usual claims"`
}

// Provider returns a `provider "oidc"` block written in Go. An empty name means
// "oidc".
func Provider(name string, s Settings, options ...provider.Option) provider.Instance {
	return provider.NewInstance(Type, name, &s, options...)
}
