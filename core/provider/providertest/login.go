package providertest

import (
	"encoding/json"
	"fmt"

	"github.com/cotterpin/cotterpin/core/provider"
)

// Login contains what Cotter's front end has after a sign-in.
type Login struct {
	Identifier   string
	AccessToken  string
	IDToken      string
	RefreshToken string
}

// Login signs a user in.
func (i *Issuer) Login(identifier string) Login {
	refresh := newRefreshToken()
	i.mu.Lock()
	i.refreshes[refresh] = identifier
	i.mu.Unlock()
	return Login{
		Identifier:   identifier,
		AccessToken:  i.AccessToken(identifier),
		IDToken:      i.IDToken(identifier),
		RefreshToken: refresh,
	}
}

// Tokens returns the tokens of the sign-in.
func (l Login) Tokens() provider.Tokens {
	return provider.Tokens{AccessToken: l.AccessToken, IDToken: l.IDToken}
}

// OAuthToken returns the member oauth_token of the payload.
func (l Login) OAuthToken() map[string]any {
	return map[string]any{
		"access_token":  l.AccessToken,
		"id_token":      l.IDToken,
		"refresh_token": l.RefreshToken,
		"expires_in":    3600,
		"token_type":    "Bearer",
		"auth_method":   "OTP",
	}
}

// Payload returns what the front end posts to the login, as Cotter's
// documentation has it, with the identifier as the email address.
func (l Login) Payload() map[string]any {
	return map[string]any{
		"email":       l.Identifier,
		"oauth_token": l.OAuthToken(),
		"user": map[string]any{
			"ID":         SubjectOf(l.Identifier),
			"created_at": "2020-08-22T20:44:52.123456Z",
			"updated_at": "2020-08-22T20:44:52.123456Z",
			"deleted_at": "0001-01-01T00:00:00Z",
			"issuer":     Audience,
			"identifier": l.Identifier,
		},
	}
}

// Body returns the payload as JSON.
func (l Login) Body() []byte {
	body, err := json.Marshal(l.Payload())
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return body
}
