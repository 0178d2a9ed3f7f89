package oidc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestTheDiscoveryDocumentMustBeTheIssuersOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		member string
		value  func(*providertest.Issuer) any
	}{
		"another issuer":     {"issuer", func(*providertest.Issuer) any { return "https://id.example.org" }},
		"a slash more":       {"issuer", func(i *providertest.Issuer) any { return i.URL() + "/" }},
		"no issuer":          {"issuer", func(*providertest.Issuer) any { return nil }},
		"no jwks_uri":        {"jwks_uri", func(*providertest.Issuer) any { return nil }},
		"jwks_uri no text":   {"jwks_uri", func(*providertest.Issuer) any { return 7 }},
		"jwks_uri over http": {"jwks_uri", func(*providertest.Issuer) any { return "http://id.example.org/jwks" }},
		"jwks_uri of a file": {"jwks_uri", func(*providertest.Issuer) any { return "file:///etc/passwd" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := providertest.NewIssuer(t)
			good := open(t, i, nil)
			if _, err := good.Verify(t.Context(), login(i.OIDCToken(ada))); err != nil {
				t.Fatal(err)
			}
			i.SetDiscovery(c.member, c.value(i))
			_, err := open(t, i, nil).Verify(t.Context(), login(i.OIDCToken(ada)))
			if autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("got %v, want %s", err, autherr.TemporarilyUnavailable)
			}
		})
	}
}

func TestAnIssuerMayEndWithASlash(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetDiscovery("issuer", i.URL()+"/")
	p := open(t, i, func(s *oidc.Settings, _ *provider.Env) { s.Issuer = i.URL() + "/" })
	if _, err := p.Verify(t.Context(), login(i.OIDCToken(ada, providertest.Claim("iss", i.URL()+"/")))); err != nil {
		t.Error(err)
	}
	_, err := p.Verify(t.Context(), login(i.OIDCToken(ada)))
	if autherr.ReasonOf(err) != "wrong_issuer" {
		t.Errorf("without the slash: got %v, want wrong_issuer", err)
	}
}

func TestTheDocumentMayBeElsewhere(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetDiscovery("issuer", "https://id.example.com")
	p := open(t, i, func(s *oidc.Settings, _ *provider.Env) {
		s.Issuer, s.DiscoveryURL = "https://id.example.com", i.URL()+providertest.DiscoveryPath
	})
	if _, err := p.Verify(t.Context(), login(i.OIDCToken(ada, providertest.Claim("iss", "https://id.example.com")))); err != nil {
		t.Error(err)
	}
}

func TestOpenDoesNotAskTheNetwork(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	if n := i.Requests(providertest.DiscoveryPath); n != 0 {
		t.Errorf("%d requests at start, want none", n)
	}
	if err := p.(provider.Checker).Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if n := i.Requests(providertest.OIDCKeysPath); n != 1 {
		t.Errorf("%d requests for keys after Check, want one", n)
	}
}

func TestKeysMayComeFromAFile(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	document, err := json.Marshal(map[string]any{"keys": []any{i.Key().JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	for name, text := range map[string][]byte{"keys.json": document, "empty.json": []byte(`{"keys":[]}`)} {
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from := func(file string) func(*oidc.Settings, *provider.Env) {
		return func(s *oidc.Settings, env *provider.Env) { s.JWKSFile, env.Directory = file, directory }
	}
	p := open(t, i, from("keys.json"))
	if _, err := p.Verify(t.Context(), login(i.OIDCToken(ada))); err != nil {
		t.Error(err)
	}
	if err := p.(provider.Checker).Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if n := i.Requests(providertest.OIDCKeysPath) + i.Requests(providertest.DiscoveryPath); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	for _, file := range []string{"empty.json", "missing.json"} {
		settings, env := oidc.DefaultSettings(), newEnv(t)
		settings.Issuer, settings.Audience = i.URL(), []string{providertest.Audience}
		from(file)(&settings, &env)
		if _, err := oidc.Type.Open(t.Context(), &settings, env); err == nil {
			t.Errorf("%s is taken", file)
		}
	}
}

func TestProvidersSayWhereTheirKeysAreFrom(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for name, c := range map[string]struct {
		change func(*oidc.Settings)
		want   string
	}{
		"at the issuer": {func(*oidc.Settings) {}, i.URL() + providertest.DiscoveryPath},
		"discovery_url": {func(s *oidc.Settings) { s.DiscoveryURL = i.URL() + "/doc" }, i.URL() + "/doc"},
		"jwks_url":      {func(s *oidc.Settings) { s.JWKSURL = i.URL() + "/jwks" }, i.URL() + "/jwks"},
	} {
		p := open(t, i, func(s *oidc.Settings, _ *provider.Env) { c.change(s) })
		if got := p.(provider.Issuers).Issuers()[0].KeySource; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
