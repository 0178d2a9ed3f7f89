package oidc

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

func validate(s Settings, env provider.Env) []config.Mistake {
	_, wrongPointers := s.Claims.layout()
	return slices.Concat(
		s.issuerMistakes(env.Development),
		s.keyMistakes(env.Development),
		s.algorithmMistakes(),
		wrongPointers,
	)
}

func (s Settings) issuerMistakes(development bool) []config.Mistake {
	var mistakes []config.Mistake
	if problem := issuerProblem(s.Issuer, development); problem != "" {
		mistakes = append(mistakes, config.Mistake{Argument: "issuer", Problem: problem})
	}
	if len(s.Audience) == 0 || slices.Contains(s.Audience, "") {
		mistakes = append(mistakes, config.Mistake{Argument: "audience", Problem: "must name at least one client id, and no empty one"})
	}
	return mistakes
}

func issuerProblem(issuer string, development bool) string {
	if err := provider.CheckURL(issuer, development); err != nil {
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

func (s Settings) keyMistakes(development bool) []config.Mistake {
	var mistakes []config.Mistake
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
			mistakes = append(mistakes, config.Mistake{
				Argument: source.argument,
				Problem:  "is a second source of keys: keep one of jwks_url, jwks_file and discovery_url",
			})
		}
		if !source.isURL {
			continue
		}
		if err := provider.CheckURL(source.value, development); err != nil {
			mistakes = append(mistakes, config.Mistake{Argument: source.argument, Problem: err.Error()})
		}
	}
	return mistakes
}

func (s Settings) algorithmMistakes() []config.Mistake {
	unsafe := func(algorithm string) bool { return !isPublicKeyAlgorithm(algorithm) }
	if len(s.Algorithms) > 0 && !slices.ContainsFunc(s.Algorithms, unsafe) {
		return nil
	}
	return []config.Mistake{{
		Argument: "algorithms",
		Problem:  `must name algorithms of public keys, such as "RS256", "ES256" or "EdDSA"; with "none" or HMAC anybody could sign`,
	}}
}

// isPublicKeyAlgorithm asks package token, which alone knows.
func isPublicKeyAlgorithm(algorithm string) bool {
	_, err := token.NewVerifier(token.Policy{
		Keys:       token.Static(),
		Issuer:     "any",
		Audience:   []string{"any"},
		Algorithms: []string{algorithm},
	})
	return err == nil
}
