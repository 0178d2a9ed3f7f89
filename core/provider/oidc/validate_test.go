package oidc_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
)

// client makes the application a client, and then the change.
func client(change func(*oidc.Settings)) func(*oidc.Settings) {
	return func(s *oidc.Settings) {
		s.ClientID = s.Audience[0]
		change(s)
	}
}

func atTenants(all ...string) func(*oidc.Settings) {
	return func(s *oidc.Settings) { s.Issuer, s.Tenants = "https://id.example.com/{tenantid}", all }
}

func TestValidate_Arguments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(*oidc.Settings)
		development bool
		want        string // arguments, separated by spaces
	}{
		"issuer and audience":  {change: func(*oidc.Settings) {}},
		"no issuer":            {change: func(s *oidc.Settings) { s.Issuer = "" }, want: "issuer"},
		"issuer is no URL":     {change: func(s *oidc.Settings) { s.Issuer = "accounts.google.com" }, want: "issuer"},
		"issuer over http":     {change: func(s *oidc.Settings) { s.Issuer = "http://127.0.0.1:1" }, want: "issuer"},
		"http in development":  {change: func(s *oidc.Settings) { s.Issuer = "http://127.0.0.1:1" }, development: true},
		"issuer with query":    {change: func(s *oidc.Settings) { s.Issuer += "?a=b" }, want: "issuer"},
		"issuer ends in slash": {change: func(s *oidc.Settings) { s.Issuer += "/" }},
		"longest issuer":       {change: func(s *oidc.Settings) { s.Issuer += "/" + strings.Repeat("a", 254-len(s.Issuer)) }},
		"longer issuer":        {change: func(s *oidc.Settings) { s.Issuer += "/" + strings.Repeat("a", 255-len(s.Issuer)) }, want: "issuer"},
		"issuer is not ASCII":  {change: func(s *oidc.Settings) { s.Issuer += "/é" }, want: "issuer"},
		"no audience":          {change: func(s *oidc.Settings) { s.Audience = nil }, want: "audience"},
		"an empty audience":    {change: func(s *oidc.Settings) { s.Audience = []string{"app", ""} }, want: "audience"},
		"keys over http":       {change: func(s *oidc.Settings) { s.JWKSURL = "http://id.example.com/jwks" }, want: "jwks_url"},
		"keys with query":      {change: func(s *oidc.Settings) { s.JWKSURL = "https://id.example.com/jwks?p=a" }},
		"document over http":   {change: func(s *oidc.Settings) { s.DiscoveryURL = "http://id.example.com/doc" }, want: "discovery_url"},
		"two sources":          {change: func(s *oidc.Settings) { s.JWKSURL, s.JWKSFile = "https://id.example.com/jwks", "keys.json" }, want: "jwks_file"},
		"three sources": {change: func(s *oidc.Settings) {
			s.JWKSURL, s.JWKSFile, s.DiscoveryURL = "https://a.example", "b", "https://c.example"
		}, want: "jwks_file discovery_url"},
		"userinfo": {change: func(s *oidc.Settings) { s.UserInfo = true }},
		"userinfo, other document": {change: func(s *oidc.Settings) {
			s.UserInfo, s.DiscoveryURL = true, "https://id.example.com/doc"
		}},
		"userinfo, jwks_url": {change: func(s *oidc.Settings) {
			s.UserInfo, s.JWKSURL = true, "https://id.example.com/jwks"
		}, want: "userinfo"},
		"userinfo, jwks_file":   {change: func(s *oidc.Settings) { s.UserInfo, s.JWKSFile = true, "keys.json" }, want: "userinfo"},
		"other algorithms":      {change: func(s *oidc.Settings) { s.Algorithms = []string{"PS256", "EdDSA", "ES384"} }},
		"both names of Ed25519": {change: func(s *oidc.Settings) { s.Algorithms = []string{"Ed25519", "EdDSA"} }},
		"no algorithm":          {change: func(s *oidc.Settings) { s.Algorithms = nil }, want: "algorithms"},
		"none":                  {change: func(s *oidc.Settings) { s.Algorithms = []string{"RS256", "none"} }, want: "algorithms"},
		"HMAC":                  {change: func(s *oidc.Settings) { s.Algorithms = []string{"HS256"} }, want: "algorithms"},
		"algorithm in low case": {change: func(s *oidc.Settings) { s.Algorithms = []string{"rs256"} }, want: "algorithms"},
		"pointers":              {change: func(s *oidc.Settings) { s.Claims = &oidc.Claims{Email: "/a~0b/c~1d", Name: "/"} }},
		"pointers that are not": {change: func(s *oidc.Settings) { s.Claims = &oidc.Claims{Subject: "oid", Email: "/a~2", Picture: "/a~"} }, want: "claims.subject claims.email claims.picture"},
		"required claims": {change: func(s *oidc.Settings) {
			s.RequiredClaims = map[string]string{"/realm_access/roles": "x", "a~2": "x", "scope": "x", "/aud/0": "x"}
		}},
		"impossible claims": {change: func(s *oidc.Settings) {
			s.RequiredClaims = map[string]string{"/a~2": "x", "": "x", "/iss/x": "x", "scope": "x y"}
		}, want: "required_claims required_claims required_claims required_claims"},
		"client": {change: client(func(*oidc.Settings) {})},
		"secret client": {change: client(func(s *oidc.Settings) {
			s.ClientSecret, s.TokenAuth, s.Scopes = config.NewSecret("x"), "post", []string{"profile", "openid"}
		})},
		"client not in audience": {change: client(func(s *oidc.Settings) { s.ClientID = "other" }), want: "client_id"},
		"client, jwks_url":       {change: client(func(s *oidc.Settings) { s.JWKSURL = "https://id.example.com/jwks" }), want: "client_id"},
		"client, jwks_file":      {change: client(func(s *oidc.Settings) { s.JWKSFile = "keys.json" }), want: "client_id"},
		"client of one tenant":   {change: client(atTenants("a"))},
		"client of two tenants":  {change: client(atTenants("a", "b")), want: "client_id"},
		"no openid":              {change: client(func(s *oidc.Settings) { s.Scopes = []string{"email"} }), want: "scopes"},
		"two scopes in one":      {change: client(func(s *oidc.Settings) { s.Scopes = []string{"openid", "a b"} }), want: "scopes"},
		"other token_auth":       {change: client(func(s *oidc.Settings) { s.ClientSecret, s.TokenAuth = config.NewSecret("x"), "jwt" }), want: "token_auth"},
		"token_auth, no secret":  {change: client(func(s *oidc.Settings) { s.TokenAuth = "basic" }), want: "token_auth"},
		"arguments of a client": {change: func(s *oidc.Settings) {
			s.ClientSecret, s.TokenAuth, s.Scopes = config.NewSecret("x"), "basic", []string{"openid"}
		}, want: "client_secret token_auth scopes"},
		"another nonce":      {change: func(s *oidc.Settings) { s.Nonce, s.NonceForm = "on", "md5" }, want: "nonce nonce_form"},
		"everything at once": {change: func(s *oidc.Settings) { *s = oidc.Settings{} }, want: "issuer audience algorithms nonce nonce_form"},
	} {
		settings := oidc.Type.NewSettings().(*oidc.Settings)
		settings.Issuer, settings.Audience = "https://id.example.com", []string{"app"}
		c.change(settings)
		var got []string
		for _, problem := range oidc.Type.Validate(settings, provider.Env{Development: c.development}) {
			got = append(got, problem.Argument)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: problems in %q, want %q", name, got, c.want)
		}
	}
}

func TestValidate_AlgorithmProblem(t *testing.T) {
	t.Parallel()
	for algorithm, want := range map[string]string{
		"none": "anyone could sign", "None": "anyone could sign", "HS256": "anyone could sign",
		"Ed448": "not supported", "ES256K": "not supported", "rs256": "not supported", "": "not supported", "ML-DSA-44": "not supported",
	} {
		settings := oidc.Type.NewSettings().(*oidc.Settings)
		settings.Issuer, settings.Audience, settings.Algorithms = "https://id.example.com", []string{"app"}, []string{"RS256", algorithm}
		problems := oidc.Type.Validate(settings, provider.Env{})
		if len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%q: %v, want one problem with %q", algorithm, problems, want)
		}
	}
}
