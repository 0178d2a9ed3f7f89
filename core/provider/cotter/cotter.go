// Package cotter verifies the tokens of Cotter (cotter.app), a passwordless
// sign-in service: ES256 tokens, one set of keys for all of its customers, the
// API key as audience.
//
// At a login the access token decides; an ID token beside it must belong to it.
// Cotter's older proof, the ed25519 object "token", is not taken: it lives for
// 30 days and has no delimiter between its signed fields.
//
// # Errors
//
// As [provider.Provider] demands. Reasons of this package: missing_access_token,
// wrong_token_type, wrong_scope, zero_subject, malformed_identifier,
// missing_identifier, auth_method_not_allowed, subjects_differ,
// identifiers_differ, too_old; at a refresh: provider_refused,
// provider_unreachable, provider_failed. Those of package token come beside
// them.
//
// # Security
//
// All customers of Cotter share the signing keys. Only the audience, the API
// key, tells whose users sign in; it is compared byte by byte, always.
package cotter

import (
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Type is `provider "cotter"`.
var Type = provider.Define(provider.Definition[Settings]{
	Type:     "cotter",
	Summary:  "Cotter (cotter.app): passwordless sign-in by e-mail or phone",
	Default:  DefaultSettings(),
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "cotter"`. Start from
// [DefaultSettings].
type Settings struct {
	// APIKeyID is the project's public API key, a UUID at Cotter. Required.
	APIKeyID string `hcl:"api_key_id" doc:"the project's API key, which is the audience of its tokens"`

	// BaseURL is where Cotter's API is: the keys are at /token/jwks below it.
	BaseURL string `hcl:"base_url,optional" doc:"where Cotter's API is; keys at /token/jwks below it"`

	// Issuer is the tokens' iss, byte-exact.
	Issuer string `hcl:"issuer,optional" doc:"the tokens' iss, to the letter"`

	// AuthMethods lists the only values of authentication_method that are
	// taken, such as "OTP". Default: any.
	AuthMethods []string `hcl:"auth_methods,optional" doc:"the only authentication_method values taken, such as OTP; default any"`
}

// DefaultSettings returns the arguments where the file is silent: those of the
// service, as its documentation has them
// (docs.cotter.app/getting-access-token/verifying-jwt-tokens).
func DefaultSettings() Settings {
	return Settings{
		BaseURL: "https://www.cotter.app/api/v0",
		Issuer:  "https://www.cotter.app",
	}
}

func validate(s Settings, env provider.Env) []config.Problem {
	var problems []config.Problem
	wrong := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	if !isVisible(s.APIKeyID) {
		wrong("api_key_id", "must be the project's API key: printable text without blanks")
	}
	if err := provider.CheckURL(s.BaseURL, env.Development); err != nil {
		wrong("base_url", err.Error())
	} else if strings.HasSuffix(s.BaseURL, "/") || strings.Contains(s.BaseURL, "?") {
		wrong("base_url", "must not end with a slash and have no query")
	}
	if !identity.IsIssuer(s.Issuer) {
		wrong("issuer", "must be the tokens' iss: at most 255 visible ASCII characters")
	}
	for _, method := range s.AuthMethods {
		if !identity.IsAuthMethod(method) {
			wrong("auth_methods", `holds a value that no token has: use names such as "OTP", "MAGIC_LINK"`)
		}
	}
	return problems
}

// isVisible reports whether text is one or more visible ASCII characters.
func isVisible(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
