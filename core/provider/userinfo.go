package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

// maxUserInfo is the maximum length of a UserInfo response in bytes.
const maxUserInfo = 1 << 20

// UserInfo fetches the claims of an access token's user from the UserInfo endpoint
// at that address (OpenID Connect Core 1.0, section 5.3). It follows no redirect and
// reads at most 1 MiB. It does not accept a signed response (application/jwt), and
// compares nothing: see [Rules].
//
// Errors by code: InvalidToken if the endpoint refuses the access token (RFC 6750,
// section 3.1); TemporarilyUnavailable if the address must not be called (see
// [Env.CheckURL]), or if the endpoint cannot be reached or fails.
func (e Env) UserInfo(ctx context.Context, address, accessToken string) (token.Claims, error) {
	if strings.ContainsFunc(accessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return token.Claims{}, autherr.New(autherr.InvalidToken, "malformed_access_token")
	}
	request, err := e.userInfoRequest(ctx, address, accessToken)
	if err != nil {
		return token.Claims{}, userInfoFailed(err)
	}
	response, err := e.HTTPClient.Do(request)
	if err != nil {
		return token.Claims{}, userInfoFailed(err)
	}
	defer response.Body.Close()
	switch {
	case refusesToken(response):
		return token.Claims{}, autherr.New(autherr.InvalidToken, "userinfo_refused")
	case response.StatusCode != http.StatusOK:
		return token.Claims{}, userInfoFailed(fmt.Errorf("unexpected status %d", response.StatusCode))
	}
	claims, err := readUserInfo(response)
	if err != nil {
		return token.Claims{}, userInfoFailed(err)
	}
	return claims, nil
}

func (e Env) userInfoRequest(ctx context.Context, address, accessToken string) (*http.Request, error) {
	if err := e.CheckURL(address); err != nil {
		return nil, fmt.Errorf("the address of the endpoint %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("the address of the endpoint: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "identity") // otherwise the transport decompresses
	return request, nil
}

// refusesToken reports whether a response is about the access token. A status of
// another origin, such as a firewall, has no challenge.
func refusesToken(r *http.Response) bool {
	const scheme = "Bearer"
	switch r.StatusCode {
	case http.StatusUnauthorized:
		return true
	case http.StatusBadRequest, http.StatusForbidden:
		challenge := r.Header.Get("WWW-Authenticate")
		return len(challenge) >= len(scheme) && strings.EqualFold(challenge[:len(scheme)], scheme)
	}
	return false
}

func readUserInfo(r *http.Response) (token.Claims, error) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/jwt" {
		return token.Claims{}, errors.New("the response is signed (application/jwt), which is not supported: " +
			"let the issuer send application/json, by removing userinfo_signed_response_alg from the client")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUserInfo+1))
	if err != nil {
		return token.Claims{}, fmt.Errorf("reading the response: %w", err)
	}
	if len(body) > maxUserInfo {
		return token.Claims{}, fmt.Errorf("the response exceeds %d bytes", maxUserInfo)
	}
	claims, err := token.ParseClaims(body)
	if err != nil {
		return token.Claims{}, errors.New("the response is not a JSON object with distinct members")
	}
	return claims, nil
}

func userInfoFailed(cause error) error {
	return autherr.Wrap(autherr.TemporarilyUnavailable, "userinfo_failed", fmt.Errorf("userinfo: %w", cause))
}
