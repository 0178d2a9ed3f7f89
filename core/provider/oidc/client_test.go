package oidc_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const redirectURI = "https://api.example.com/auth/callback/oidc"

// openClient opens a block that is a client of the issuer.
func openClient(t *testing.T, i *providertest.Issuer, change func(*oidc.Settings)) *providertest.Opened {
	t.Helper()
	return open(t, i, func(s *oidc.Settings, _ *provider.Common) {
		s.ClientID, s.ClientSecret = providertest.Audience, config.NewSecret(providertest.ClientSecret)
		change(s)
	})
}

// newCode signs a user in at the issuer, and returns the code.
func newCode(t *testing.T, opened *providertest.Opened, verifier string) string {
	t.Helper()
	begun := provider.AuthRequest{RedirectURI: redirectURI, State: "s", Nonce: "n", Verifier: verifier}
	address, _, err := opened.CodeFlow().AuthCodeURL(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	target, err := url.Parse(response.Header.Get("Location"))
	if err != nil || target.Query().Get("code") == "" {
		t.Fatalf("no code: %d %q", response.StatusCode, target)
	}
	return target.Query().Get("code")
}

func TestClient_Authentication(t *testing.T) {
	t.Parallel()
	both, post := []string{"client_secret_post", "client_secret_basic"}, []string{"private_key_jwt", "client_secret_post"}
	for name, c := range map[string]struct {
		change    func(*oidc.Settings)
		supported any
		want      string
	}{
		"default":          {func(*oidc.Settings) {}, nil, "client_secret_basic"},
		"both":             {func(*oidc.Settings) {}, both, "client_secret_basic"},
		"post by document": {func(*oidc.Settings) {}, post, "client_secret_post"},
		"neither":          {func(*oidc.Settings) {}, []string{"none"}, "client_secret_basic"},
		"not a list":       {func(*oidc.Settings) {}, "client_secret_post", "client_secret_basic"},
		"post":             {func(s *oidc.Settings) { s.TokenAuth = "post" }, both, "client_secret_post"},
		"basic":            {func(s *oidc.Settings) { s.TokenAuth = "basic" }, post, "client_secret_basic"},
		"public":           {func(s *oidc.Settings) { s.ClientSecret = config.Secret{} }, both, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := providertest.NewIssuer(t)
			i.SetDiscovery("token_endpoint_auth_methods_supported", c.supported)
			opened := openClient(t, i, c.change)
			verifier := strings.Repeat("v", 43)
			if _, err := opened.CodeFlow().Exchange(t.Context(), newCode(t, opened, verifier), verifier, redirectURI); err != nil {
				t.Fatal(err)
			}
			if got := i.ClientAuth(); got != c.want {
				t.Errorf("authenticated by %q, want %q", got, c.want)
			}
			if n := i.Requests(providertest.TokenPath); n != 1 {
				t.Errorf("%d requests to the token endpoint, want 1", n)
			}
		})
	}
}

// TestClient_Errors has a token endpoint that does not return tokens. No error
// contains what was sent.
func TestClient_Errors(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-code-or-refresh-token"
	for name, c := range map[string]struct {
		change func(i *providertest.Issuer)
		code   autherr.Code
		reason string
	}{
		"unknown":       {func(*providertest.Issuer) {}, autherr.InvalidToken, "provider_refused"},
		"fails":         {func(i *providertest.Issuer) { i.SetToken(providertest.Failing) }, autherr.TemporarilyUnavailable, "token_endpoint_failed"},
		"page":          {func(i *providertest.Issuer) { i.SetToken(providertest.Garbage) }, autherr.TemporarilyUnavailable, "token_endpoint_failed"},
		"huge":          {func(i *providertest.Issuer) { i.SetToken(providertest.Huge) }, autherr.TemporarilyUnavailable, "token_endpoint_failed"},
		"no document":   {func(i *providertest.Issuer) { i.SetDiscovery("issuer", "x") }, autherr.TemporarilyUnavailable, "discovery_failed"},
		"no endpoint":   {func(i *providertest.Issuer) { i.SetDiscovery("token_endpoint", nil) }, autherr.TemporarilyUnavailable, "bad_endpoint"},
		"over http":     {func(i *providertest.Issuer) { i.SetDiscovery("token_endpoint", "http://id.example.com") }, autherr.TemporarilyUnavailable, "bad_endpoint"},
		"not reachable": {func(i *providertest.Issuer) { i.SetDiscovery("token_endpoint", "http://127.0.0.1:1/") }, autherr.TemporarilyUnavailable, "token_endpoint_failed"},
		"not found":     {func(i *providertest.Issuer) { i.SetDiscovery("token_endpoint", i.URL()+"/x") }, autherr.TemporarilyUnavailable, "token_endpoint_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := providertest.NewIssuer(t)
			c.change(i)
			opened := openClient(t, i, func(*oidc.Settings) {})
			_, exchanged := opened.CodeFlow().Exchange(t.Context(), secret, secret, redirectURI)
			_, refreshed := opened.Refresher().Refresh(t.Context(), secret)
			for _, err := range []error{exchanged, refreshed} {
				if autherr.CodeOf(err) != c.code || autherr.ReasonOf(err) != c.reason {
					t.Errorf("got %v, want %s (%s)", err, c.code, c.reason)
				}
				if text := err.Error(); strings.Contains(text, secret) || strings.Contains(text, providertest.ClientSecret) {
					t.Errorf("the error contains a secret: %s", text)
				}
			}
		})
	}
}

// TestClient_WrongSecret distinguishes a client that is configured wrongly from a
// grant that is not valid.
func TestClient_WrongSecret(t *testing.T) {
	t.Parallel()
	opened := openClient(t, providertest.NewIssuer(t), func(s *oidc.Settings) { s.ClientSecret = config.NewSecret("wrong") })
	_, err := opened.Refresher().Refresh(t.Context(), "x")
	if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || autherr.ReasonOf(err) != "client_refused" {
		t.Errorf("got %v, want temporarily_unavailable (client_refused)", err)
	}
}

// TestClient_RotatedSecret reads the secret at each use.
func TestClient_RotatedSecret(t *testing.T) {
	t.Parallel()
	value, failure := "old", error(nil)
	secret, err := config.SecretFrom(func() (string, error) { return value, failure })
	if err != nil {
		t.Fatal(err)
	}
	opened := openClient(t, providertest.NewIssuer(t), func(s *oidc.Settings) { s.ClientSecret = secret })
	reason := func() string {
		_, err := opened.Refresher().Refresh(t.Context(), "x")
		return autherr.ReasonOf(err)
	}
	if got := reason(); got != "client_refused" {
		t.Errorf("the old secret: %s", got)
	}
	value = providertest.ClientSecret
	if got := reason(); got != "provider_refused" {
		t.Errorf("the new secret: %s", got)
	}
	failure = errors.New("no such file")
	if got := reason(); got != "client_secret_unreadable" {
		t.Errorf("no secret: %s", got)
	}
}

// TestClient_Discovery begins many sign-ins at once. One of them fetches the document,
// also for a client that has disconnected.
func TestClient_Discovery(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	opened := openClient(t, i, func(*oidc.Settings) {})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _ = opened.CodeFlow().AuthCodeURL(gone, provider.AuthRequest{}) //nolint:dogsled // select may notice either
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, _, err := opened.CodeFlow().AuthCodeURL(t.Context(), provider.AuthRequest{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := i.Requests(providertest.DiscoveryPath); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

func TestClient_Abilities(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	if plain := open(t, i, nil); plain.Refresher() != nil || plain.CodeFlow() != nil {
		t.Error("a block without client_id refreshes or redirects")
	}
	if opened := openClient(t, i, func(*oidc.Settings) {}); opened.Refresher() == nil || opened.CodeFlow() == nil {
		t.Error("a block with client_id neither refreshes nor redirects")
	}
}
