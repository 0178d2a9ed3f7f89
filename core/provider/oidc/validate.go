package oidc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

func validate(s Settings, env provider.Env) []config.Problem {
	_, wrongPointers := s.Claims.pointers()
	return slices.Concat(
		s.issuerProblems(env),
		s.tenantProblems(),
		s.perIssuer()[0].keyProblems(env),
		s.algorithmProblems(),
		s.nonceProblems(),
		s.clientProblems(),
		s.accessTokenProblems(),
		claimProblems("required_claims", s.RequiredClaims),
		s.machineProblems(),
		wrongPointers,
	)
}

func (s Settings) issuerProblems(env provider.Env) []config.Problem {
	var problems []config.Problem
	if problem := s.issuerProblem(env); problem != "" {
		problems = append(problems, config.Problem{Argument: "issuer", Message: problem})
	}
	needsAudience := s.AccessToken == nil || !s.AccessToken.Login
	if needsAudience && len(s.Audience) == 0 || slices.Contains(s.Audience, "") {
		problems = append(problems, config.Problem{Argument: "audience", Message: "must name at least one client id, and no empty one"})
	}
	return problems
}

// issuerProblem returns what is wrong with the issuer, or with that of a tenant; ""
// if nothing is.
func (s Settings) issuerProblem(env provider.Env) string {
	if problem := entraProblem(s.Issuer); problem != "" {
		return problem
	}
	for _, one := range s.perIssuer() {
		if problem := issuerProblem(one.Issuer, env); problem != "" {
			return problem
		}
	}
	return ""
}

func issuerProblem(issuer string, env provider.Env) string {
	if err := env.CheckURL(issuer); err != nil {
		return err.Error()
	}
	switch {
	case strings.Contains(issuer, "?"):
		return "must have no query"
	case !identity.IsIssuer(issuer):
		return "must be at most 255 visible ASCII characters"
	default:
		return ""
	}
}

func (s Settings) keyProblems(env provider.Env) []config.Problem {
	var problems []config.Problem
	sources := 0
	for _, source := range []struct {
		argument, value string
		isURL           bool
	}{
		{"jwks_url", s.JWKSURL, true},
		{"jwks_file", s.JWKSFile, false},
		{"discovery_url", s.DiscoveryURL, true},
	} {
		if source.value == "" {
			continue
		}
		if sources++; sources > 1 {
			problems = append(problems, config.Problem{
				Argument: source.argument,
				Message:  "is a second source of keys: keep one of jwks_url, jwks_file and discovery_url",
			})
		}
		if !source.isURL {
			continue
		}
		if err := env.CheckURL(source.value); err != nil {
			problems = append(problems, config.Problem{Argument: source.argument, Message: err.Error()})
		}
	}
	if s.UserInfo && (s.JWKSURL != "" || s.JWKSFile != "") {
		problems = append(problems, config.Problem{
			Argument: "userinfo",
			Message: "needs the discovery document, which names the UserInfo endpoint: " +
				"remove jwks_url and jwks_file, so that the keys come from the document too, or remove userinfo",
		})
	}
	return problems
}

func (s Settings) algorithmProblems() []config.Problem {
	report := func(message string) []config.Problem {
		return []config.Problem{{Argument: "algorithms", Message: message}}
	}
	for _, name := range s.Algorithms {
		switch {
		case slices.Contains(token.Algorithms(), name):
		case strings.EqualFold(name, "none") || len(name) > 1 && strings.EqualFold(name[:2], "HS"):
			return report(fmt.Sprintf(`must not name %q: anyone could sign a token; use an algorithm of public keys, such as "RS256" or "ES256"`, name))
		default:
			return report(fmt.Sprintf("%q is not supported: use some of %s", name, strings.Join(token.Algorithms(), ", ")))
		}
	}
	if len(s.Algorithms) == 0 {
		return report(`must name at least one algorithm, such as "RS256" or "ES256"`)
	}
	return nil
}
