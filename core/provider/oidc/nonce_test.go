package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestDriver_Nonce(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	sum := sha256.Sum256([]byte("n-1"))
	base64url, inHex := base64.RawURLEncoding.EncodeToString(sum[:]), hex.EncodeToString(sum[:])
	for name, c := range map[string]struct {
		nonce, form    string
		signed, posted any // nil: none
		reason         string
	}{
		"off, neither":              {"", "", nil, nil, ""},
		"off, none posted":          {"", "", "n-1", nil, ""},
		"off, posted":               {"", "", "n-1", "n-1", ""},
		"off, another":              {"off", "plain", "n-1", "n-2", "wrong_nonce"},
		"off, letter case":          {"off", "plain", "n-1", "N-1", "wrong_nonce"},
		"off, none signed":          {"off", "plain", nil, "n-1", "missing_nonce"},
		"required":                  {"required", "plain", "n-1", "n-1", ""},
		"required, none posted":     {"required", "plain", "n-1", nil, "missing_nonce"},
		"required, none signed":     {"required", "plain", nil, "n-1", "missing_nonce"},
		"required, neither":         {"required", "plain", nil, nil, "missing_nonce"},
		"required, both empty":      {"required", "plain", "", "", "missing_nonce"},
		"required, another":         {"required", "plain", "n-1", "n-2", "wrong_nonce"},
		"required, a number":        {"required", "plain", 1, "1", "missing_nonce"},
		"required, digest posted":   {"required", "plain", "n-1", inHex, "wrong_nonce"},
		"sha256, base64url":         {"required", "sha256", base64url, "n-1", ""},
		"sha256, padded":            {"required", "sha256", base64url + "=", "n-1", ""},
		"sha256, hex":               {"required", "sha256", inHex, "n-1", ""},
		"sha256, upper case":        {"required", "sha256", strings.ToUpper(inHex), "n-1", ""},
		"sha256, base64url in caps": {"required", "sha256", strings.ToUpper(base64url), "n-1", "wrong_nonce"},
		"sha256, plain":             {"required", "sha256", "n-1", "n-1", "wrong_nonce"},
		"sha256, the token's":       {"required", "sha256", inHex, inHex, "wrong_nonce"},
		"sha256, of another":        {"required", "sha256", inHex, "n-2", "wrong_nonce"},
		"sha256, none posted":       {"required", "sha256", inHex, nil, "missing_nonce"},
		"sha256 off, posted":        {"off", "sha256", inHex, "n-1", ""},
		"sha256 off, another":       {"off", "sha256", inHex, "n-2", "wrong_nonce"},
	} {
		p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.Nonce, s.NonceForm = c.nonce, c.form })
		posted, _ := c.posted.(string)
		_, err := p.Login(t.Context(), provider.Tokens{IDToken: i.OIDCToken(ada, providertest.Claim("nonce", c.signed)), Nonce: posted})
		if (err != nil) != (c.reason != "") || err != nil && (autherr.ReasonOf(err) != c.reason || autherr.CodeOf(err) != autherr.InvalidToken) {
			t.Errorf("%s: got %v, want %q", name, err, c.reason)
		}
	}
}

// Cases: T22.
func TestDriver_NonceValues(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	sum := sha256.Sum256([]byte("posted"))
	for form, want := range map[string]string{"plain": "posted", "sha256": base64.RawURLEncoding.EncodeToString(sum[:])} {
		p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.Nonce, s.NonceForm = "required", form })
		right := provider.Tokens{IDToken: i.OIDCToken(ada, providertest.Claim("nonce", want)), Nonce: "posted"}
		if _, err := p.Login(t.Context(), right); err != nil {
			t.Fatal(err)
		}
		wrong := provider.Tokens{IDToken: i.OIDCToken(ada, providertest.Claim("nonce", "signed")), Nonce: "posted"}
		_, err := p.Login(t.Context(), wrong)
		e, ok := errors.AsType[*autherr.Error](err)
		if !ok {
			t.Fatalf("%s: got %v", form, err)
		}
		if expected, found, _ := e.Values(); expected != want || found != "signed" {
			t.Errorf("%s: expected %q, found %q in the error, want %q and %q", form, expected, found, want, "signed")
		}
	}
}

// A required nonce is not avoided by a login without an ID token.
func TestDriver_NonceOfAccessToken(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for nonce, want := range map[string]string{"off": "", "required": "missing_nonce"} {
		p := open(t, i, func(s *oidc.Settings, _ *provider.Common) {
			s.Nonce = nonce
			s.AccessToken = &oidc.AccessToken{Audience: []string{"api"}, Login: true, Clients: []string{"web"}}
		})
		raw := i.OIDCToken(ada, providertest.Header("typ", "at+jwt"), providertest.Claim("aud", "api"), providertest.Claim("client_id", "web"))
		_, err := p.Login(t.Context(), provider.Tokens{AccessToken: raw})
		if (err != nil) != (want != "") || err != nil && autherr.ReasonOf(err) != want {
			t.Errorf("nonce %q: got %v, want %q", nonce, err, want)
		}
		if _, err := p.Request(t.Context(), raw); err != nil {
			t.Errorf("nonce %q, at a request: %v", nonce, err)
		}
	}
}

func TestValidate_NonceWarning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		nonce, form string
		warnings    int
	}{
		"off":             {"off", "plain", 0},
		"off, sha256":     {"off", "sha256", 0},
		"required":        {"required", "plain", 1},
		"required sha256": {"required", "sha256", 0},
	} {
		settings := &oidc.Settings{
			Issuer: "https://id.example.com", Audience: []string{"app"}, Algorithms: []string{"RS256"}, Nonce: c.nonce, NonceForm: c.form,
		}
		warnings := 0
		for _, problem := range oidc.Type.Validate(settings, provider.Env{}) {
			if !problem.Warning || problem.Argument != "nonce" {
				t.Errorf("%s: %+v", name, problem)
			}
			warnings++
		}
		if warnings != c.warnings {
			t.Errorf("%s: %d warnings, want %d", name, warnings, c.warnings)
		}
	}
}
