// Package cotter verifies the tokens of Cotter (cotter.app), a passwordless
// sign-in service: ES256 tokens, one set of keys for all of its customers, the
// API key as audience.
//
// A login requires the access token; an ID token next to it must be valid and
// have the same subject and identifier. Cotter's older proof, the ed25519 object
// "token", is not accepted: it is valid for 30 days and has no delimiter between
// its signed fields.
//
// # Errors
//
// As [provider.Driver] and the kit define them. Reasons of this package:
// wrong_scope, zero_subject, malformed_identifier,
// missing_identifier, auth_method_not_allowed, identifiers_differ; at a refresh:
// provider_refused, provider_unreachable, provider_failed.
//
// # Security
//
// All customers of Cotter share the signing keys. Only the audience, the API
// key, identifies the application; it is compared byte-wise.
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
	Summary:  "Cotter (cotter.app): passwordless sign-in by email or phone",
	Default:  defaultSettings(),
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "cotter"`. Zero fields mean the
// defaults, which are those of the service
// (docs.cotter.app/getting-access-token/verifying-jwt-tokens).
type Settings struct {
	// APIKeyID is the project's public API key, a UUID at Cotter. Required.
	APIKeyID string `hcl:"api_key_id" doc:"the project's API key, which is the audience of its tokens"`

	// BaseURL is the address of Cotter's API. The keys are at /token/jwks below
	// it.
	BaseURL string `hcl:"base_url,optional" doc:"address of Cotter's API; keys at /token/jwks below it"`

	// Issuer is the tokens' iss, compared byte-wise.
	Issuer string `hcl:"issuer,optional" doc:"the tokens' iss, exactly"`

	// AuthMethods lists the accepted values of authentication_method, such as
	// "OTP". Default: any.
	AuthMethods []string `hcl:"auth_methods,optional" doc:"accepted authentication_method values, such as OTP; default any"`
}

func defaultSettings() Settings {
	return Settings{
		BaseURL: "https://www.cotter.app/api/v0",
		Issuer:  "https://www.cotter.app",
	}
}

// Provider returns a `provider "cotter"` block written in Go. An empty name means
// "cotter".
func Provider(name string, s Settings, options ...provider.Option) provider.Instance {
	return provider.NewInstance(Type, name, &s, options...)
}

func validate(s Settings, env provider.Env) []config.Problem {
	var problems []config.Problem
	report := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	if !isVisible(s.APIKeyID) {
		report("api_key_id", "must be the project's API key: printable characters without spaces")
	}
	if err := env.CheckURL(s.BaseURL); err != nil {
		report("base_url", err.Error())
	} else if strings.HasSuffix(s.BaseURL, "/") || strings.Contains(s.BaseURL, "?") {
		report("base_url", "must not end with a slash and have no query")
	}
	if !identity.IsIssuer(s.Issuer) {
		report("issuer", "must be the tokens' iss: at most 255 visible ASCII characters")
	}
	for _, method := range s.AuthMethods {
		if !identity.IsAuthMethod(method) {
			report("auth_methods", `contains a value that no token has: use names such as "OTP", "MAGIC_LINK"`)
		}
	}
	return problems
}

// isVisible reports whether s is one or more visible ASCII characters.
func isVisible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
