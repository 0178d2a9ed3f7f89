package cotter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// service is the opened provider: a verifier under the keys that Cotter
// publishes, and Cotter's refresh.
type service struct {
	*Verifier
	keys       *token.RemoteKeySet
	client     *http.Client
	refreshURL string
}

var (
	_ provider.Checker   = (*service)(nil)
	_ provider.Refresher = (*service)(nil)
)

func open(_ context.Context, s Settings, env provider.Env) (provider.Provider, error) {
	fetcher := token.Fetcher{Client: env.HTTPClient, AllowInsecureLoopback: env.Development}
	keysURL := s.BaseURL + "/token/jwks"
	fetch, err := fetcher.Document(keysURL)
	if err != nil {
		return nil, fmt.Errorf("cotter: base_url: %w", err)
	}
	keys := token.NewRemoteKeySet(token.RemoteOptions{
		Fetch:   fetch,
		Timeout: env.HTTPClient.Timeout,
		Now:     env.Now,
		Log:     env.Log,
	})
	verifier, err := New(Options{
		APIKeyID:    s.APIKeyID,
		Issuer:      s.Issuer,
		AuthMethods: s.AuthMethods,
		Keys:        keys,
		KeySource:   keysURL,
		Common:      env.Common,
		Now:         env.Now,
	})
	if err != nil {
		return nil, err
	}
	return &service{
		Verifier:   verifier,
		keys:       keys,
		client:     env.HTTPClient,
		refreshURL: s.BaseURL + "/token/" + url.PathEscape(s.APIKeyID),
	}, nil
}

// Check is [provider.Checker].
func (s *service) Check(ctx context.Context) error { return s.keys.Check(ctx) }
