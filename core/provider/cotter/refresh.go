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

// maxRefreshed bounds the response to a refresh, in bytes.
const maxRefreshed = 64 << 10

// Refresh implements [provider.Refresher]: POST /token/{api_key_id}
// (docs.cotter.app/api-reference/oauth-tokens-api).
//
// Cotter revokes a refresh token as soon as it receives it. So the exchange is
// made once, and continues after ctx ends: the client's own time limit bounds it.
func (d *driver) Refresh(ctx context.Context, refreshToken string) (provider.Refreshed, error) {
	request, err := d.refreshRequest(context.WithoutCancel(ctx), refreshToken)
	if err != nil {
		return provider.Refreshed{}, err
	}
	response, err := d.client.Do(request)
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
	// Without a new one the old one stays active. RFC 6749, section 6.
	refreshed.RefreshToken = cmp.Or(refreshed.RefreshToken, refreshToken)
	return refreshed, nil
}

func failed(cause error) error {
	return autherr.Wrap(autherr.TemporarilyUnavailable, "provider_failed", fmt.Errorf("cotter: refresh: %w", cause))
}

func (d *driver) refreshRequest(ctx context.Context, refreshToken string) (*http.Request, error) {
	body, err := json.Marshal(map[string]string{"grant_type": "refresh_token", "refresh_token": refreshToken})
	if err != nil {
		return nil, fmt.Errorf("cotter: refresh: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.refreshURL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("cotter: refresh: %w", err)
	}
	request.Header.Set("API_KEY_ID", d.settings.APIKeyID)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// readRefreshed parses the response, which is the object oauth_token of a login.
func readRefreshed(body io.Reader) (provider.Refreshed, error) {
	document, err := io.ReadAll(io.LimitReader(body, maxRefreshed+1))
	if err != nil {
		return provider.Refreshed{}, fmt.Errorf("reading the response: %w", err)
	}
	if len(document) > maxRefreshed {
		return provider.Refreshed{}, errors.New("the response is too long")
	}
	response, err := strictjson.Parse(document)
	if err != nil {
		return provider.Refreshed{}, errors.New("the response is not a JSON object")
	}
	member := func(name string) string {
		value, _ := response.Lookup(name)
		s, _ := value.String()
		return s
	}
	access := member("access_token")
	if access == "" {
		return provider.Refreshed{}, errors.New("the response has no access token")
	}
	return provider.Refreshed{
		Tokens:       provider.Tokens{AccessToken: access, IDToken: member("id_token")},
		RefreshToken: member("refresh_token"),
	}, nil
}
