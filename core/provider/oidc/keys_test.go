package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestKeys_DiscoveryDocument(t *testing.T) {
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
			valid := open(t, i, nil)
			if _, err := valid.Login(t.Context(), tokens(i.OIDCToken(ada))); err != nil {
				t.Fatal(err)
			}
			i.SetDiscovery(c.member, c.value(i))
			_, err := open(t, i, nil).Login(t.Context(), tokens(i.OIDCToken(ada)))
			if autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("got %v, want %s", err, autherr.TemporarilyUnavailable)
			}
		})
	}
}

// Cases: T22.
func TestKeys_AnotherIssuersDocument(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	if err := open(t, i, nil).Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for found, want := range map[string]string{
		i.URL() + "/":            fmt.Sprintf("expected %q, found %q", i.URL(), i.URL()+"/"),
		strings.Repeat("a", 201): fmt.Sprintf("found %q", strings.Repeat("a", 200)),
		"a\r\nlevel=ERROR":       `found "a\r\nlevel=ERROR"`,
	} {
		i.SetDiscovery("issuer", found)
		err := open(t, i, nil).Ready(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not contain %s", err, want)
		}
	}
}

func TestKeys_IssuerWithSlash(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetDiscovery("issuer", i.URL()+"/")
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.Issuer = i.URL() + "/" })
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("iss", i.URL()+"/")))); err != nil {
		t.Error(err)
	}
	_, err := p.Login(t.Context(), tokens(i.OIDCToken(ada)))
	if autherr.ReasonOf(err) != "wrong_issuer" {
		t.Errorf("without the slash: got %v, want wrong_issuer", err)
	}
}

func TestKeys_DiscoveryURL(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetDiscovery("issuer", "https://id.example.com")
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) {
		s.Issuer, s.DiscoveryURL = "https://id.example.com", i.URL()+providertest.DiscoveryPath
	})
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("iss", "https://id.example.com")))); err != nil {
		t.Error(err)
	}
}

// Cases: T09.
func TestDriver_GoogleIssuer(t *testing.T) {
	t.Parallel()
	const google = "https://accounts.google.com"
	i := providertest.NewIssuer(t)
	i.SetDiscovery("issuer", google)
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) {
		s.Issuer, s.DiscoveryURL = google, i.URL()+providertest.DiscoveryPath
	})
	for iss, accepted := range map[string]bool{
		google: true, "accounts.google.com": true,
		"http://accounts.google.com": false, google + "/": false, "accounts.google.com/": false, "Accounts.google.com": false, "google.com": false,
	} {
		token := i.OIDCToken(ada, providertest.Claim("iss", iss))
		login, err := p.Login(t.Context(), tokens(token))
		request, errRequest := p.Request(t.Context(), token)
		if !accepted {
			if autherr.ReasonOf(err) != "wrong_issuer" || autherr.ReasonOf(errRequest) != "wrong_issuer" {
				t.Errorf("iss %q: got %v and %v, want wrong_issuer", iss, err, errRequest)
			}
			continue
		}
		want := identity.Key{Issuer: google, Subject: providertest.SubjectOf(ada)}
		if err != nil || errRequest != nil || login.Key != want || request.Key != want {
			t.Errorf("iss %q: got %+v, %v and %+v, %v, want %+v", iss, login.Key, err, request.Key, errRequest, want)
		}
	}
	other := open(t, i, func(s *oidc.Settings, _ *provider.Common) {
		s.Issuer, s.DiscoveryURL = i.URL(), ""
	})
	i.SetDiscovery("issuer", i.URL())
	without := strings.TrimPrefix(i.URL(), "http://")
	if _, err := other.Login(t.Context(), tokens(i.OIDCToken(ada))); err != nil {
		t.Fatal(err)
	}
	_, err := other.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("iss", without))))
	if autherr.ReasonOf(err) != "wrong_issuer" {
		t.Errorf("another issuer without scheme: got %v, want wrong_issuer", err)
	}
}

func TestOpen_NoNetwork(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	if n := i.Requests(providertest.DiscoveryPath); n != 0 {
		t.Errorf("%d requests at start, want none", n)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	if n := i.Requests(providertest.OIDCKeysPath); n != 1 {
		t.Errorf("%d requests for keys after Ready, want one", n)
	}
}

func TestKeys_File(t *testing.T) {
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
	from := func(file string) (*providertest.Opened, error) {
		return providertest.Open(t, oidc.Provider("", oidc.Settings{
			Issuer: i.URL(), Audience: []string{providertest.Audience}, JWKSFile: filepath.Join(directory, file),
		}), nil)
	}
	p, err := from("keys.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada))); err != nil {
		t.Error(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	if n := i.Requests(providertest.OIDCKeysPath) + i.Requests(providertest.DiscoveryPath); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	for _, file := range []string{"empty.json", "missing.json"} {
		if _, err := from(file); err == nil {
			t.Errorf("%s is accepted", file)
		}
	}
}

func TestRules_KeySource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings oidc.Settings
		want     string
	}{
		"at the issuer": {oidc.Settings{}, "https://id.example.com/.well-known/openid-configuration"},
		"discovery_url": {oidc.Settings{DiscoveryURL: "https://id.example.com/doc"}, "https://id.example.com/doc"},
		"jwks_url":      {oidc.Settings{JWKSURL: "https://id.example.com/jwks"}, "https://id.example.com/jwks"},
	} {
		c.settings.Issuer = "https://id.example.com"
		driver, err := oidc.Type.Open(t.Context(), &c.settings, provider.Env{HTTPClient: &http.Client{}})
		if err != nil {
			t.Fatal(err)
		}
		if got := driver.Rules().Keys.Source; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestOpen_KeyAddressNotAllowed(t *testing.T) {
	t.Parallel()
	open := func(issuer string) error {
		_, err := oidc.Type.Open(t.Context(), &oidc.Settings{Issuer: issuer}, provider.Env{HTTPClient: &http.Client{}})
		return err
	}
	if err := open("https://id.example.com"); err != nil {
		t.Fatal(err)
	}
	if err := open("http://id.example.com"); err == nil {
		t.Error("keys at an http address are accepted")
	}
}
