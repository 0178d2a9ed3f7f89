package cotter

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
)

// maxRefreshed bounds the answer to a refresh, in bytes.
const maxRefreshed = 64 << 10

// Refresh is [provider.Refresher]: POST /token/{api_key_id}
// (docs.cotter.app/api-reference/oauth-tokens-api).
//
// A refresh token is dead once Cotter has seen it. So the exchange is made
// once, and is not given up when ctx ends: the client's own time limit bounds
// it.
func (s *service) Refresh(ctx context.Context, refreshToken string) (provider.Refreshed, error) {
	request, err := s.refreshRequest(context.WithoutCancel(ctx), refreshToken)
	if err != nil {
		return provider.Refreshed{}, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return provider.Refreshed{}, autherr.Wrap(autherr.TemporarilyUnavailable, "provider_unreachable", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return provider.Refreshed{}, invalid("provider_refused")
	default:
		return provider.Refreshed{}, failed(fmt.Errorf("status %d", response.StatusCode))
	}
	refreshed, err := readRefreshed(response.Body)
	if err != nil {
		return provider.Refreshed{}, failed(err)
	}
	// Where no new one is given the old one stays alive. RFC 6749, section 6.
	refreshed.RefreshToken = cmp.Or(refreshed.RefreshToken, refreshToken)
	return refreshed, nil
}

func failed(cause error) error {
	return autherr.Wrap(autherr.TemporarilyUnavailable, "provider_failed", fmt.Errorf("cotter: refresh: %w", cause))
}

func (s *service) refreshRequest(ctx context.Context, refreshToken string) (*http.Request, error) {
	body, err := json.Marshal(map[string]string{"grant_type": "refresh_token", "refresh_token": refreshToken})
	if err != nil {
		return nil, fmt.Errorf("cotter: writing a refresh: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.refreshURL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("cotter: addressing a refresh: %w", err)
	}
	request.Header.Set("API_KEY_ID", s.options.APIKeyID)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// readRefreshed reads the answer: the object that is oauth_token at a login.
func readRefreshed(body io.Reader) (provider.Refreshed, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxRefreshed+1))
	if err != nil {
		return provider.Refreshed{}, fmt.Errorf("reading the answer: %w", err)
	}
	if len(text) > maxRefreshed {
		return provider.Refreshed{}, errors.New("the answer is too long")
	}
	answer, err := strictjson.Parse(text)
	if err != nil {
		return provider.Refreshed{}, errors.New("the answer is no JSON object")
	}
	member := func(name string) string {
		value, _ := answer.Lookup(name)
		s, _ := value.String()
		return s
	}
	access := member("access_token")
	if access == "" {
		return provider.Refreshed{}, errors.New("the answer holds no access token")
	}
	return provider.Refreshed{
		Credential:   provider.Credential{Use: provider.Login, AccessToken: access, IDToken: member("id_token")},
		RefreshToken: member("refresh_token"),
	}, nil
}
