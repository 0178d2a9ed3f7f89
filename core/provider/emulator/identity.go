package emulator

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// identityResponse is the response to the exchange of an authorization code.
type identityResponse struct {
	Identifier identifierObject `json:"identifier"`
	Token      legacyToken      `json:"token"`
	OAuthToken *oauthToken      `json:"oauth_token,omitempty"`
	User       userObject       `json:"user"`
}

// identifierObject is Cotter's object for an identifier on a device.
type identifierObject struct {
	ID             string  `json:"ID"`
	CreatedAt      string  `json:"created_at"`
	UpdateAt       string  `json:"update_at"` // sic
	DeletedAt      *string `json:"deleted_at"`
	Identifier     string  `json:"identifier"`
	IdentifierType string  `json:"identifier_type"`
	PublicKey      string  `json:"public_key"`
	DeviceType     string  `json:"device_type"`
	DeviceName     string  `json:"device_name"`
	Expiry         string  `json:"expiry"`
	Timestamp      string  `json:"timestamp"`
}

// getIdentity exchanges an authorization code. The code is used up even if the
// rest of the request is invalid.
func (e *Emulator) getIdentity(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return web.Response{}, badRequest("the query is malformed")
	}
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	completed, err := e.exchange(body)
	if err != nil {
		return web.Response{}, err
	}
	now := e.clock.now()
	u := e.users.signedIn(completed.identifier, now)
	response := e.identityResponse(u, completed.identifierType, now)
	if query.Get("oauth_token") != "true" {
		return web.JSON(http.StatusOK, response), nil
	}
	refreshToken := e.refreshTokens.issue(u.identifier, now)
	issued, err := e.issueTokens(u, refreshToken, edits{})
	if err != nil {
		return web.Response{}, err
	}
	response.OAuthToken = &issued
	return web.JSON(http.StatusOK, response).WithCookie(e.refreshCookie(r, refreshToken)), nil
}

// exchange returns the sign-in whose authorization code is in the body.
func (e *Emulator) exchange(body strictjson.Object) (signIn, error) {
	challengeID, ok := challengeIDIn(body)
	if !ok {
		return signIn{}, badRequest("challenge_id must be an integer")
	}
	completed, ok := e.signIns.redeem(stringIn(body, "authorization_code"), e.clock.now())
	switch {
	case !ok || completed.challengeID != challengeID:
		return signIn{}, badRequest("The authorization code is not valid")
	case !completed.matchesOrigin(stringIn(body, "redirect_url")):
		return signIn{}, badRequest("The redirect URL is not valid for this authorization code")
	case !completed.matchesVerifier(stringIn(body, "code_verifier")):
		return signIn{}, badRequest("The code verifier is not valid")
	}
	return completed, nil
}

func challengeIDIn(body strictjson.Object) (int64, bool) {
	value, ok := body.Lookup("challenge_id")
	if !ok {
		return 0, false
	}
	return value.Int64()
}

func (e *Emulator) identityResponse(u user, identifierType string, now time.Time) identityResponse {
	id := uuid.NewString()
	timestamp := now.UTC().Format(microseconds)
	return identityResponse{
		Identifier: identifierObject{
			ID:             id,
			CreatedAt:      timestamp,
			UpdateAt:       timestamp,
			Identifier:     u.identifier,
			IdentifierType: identifierType,
			PublicKey:      e.legacy.publicKey(),
			DeviceType:     "BROWSER",
			DeviceName:     "Cotter emulator",
			Expiry:         now.Add(refreshLifetime).UTC().Format(microseconds),
			Timestamp:      timestamp,
		},
		Token: e.legacy.sign(id, u.identifier, identifierType, now),
		User:  e.userObject(u),
	}
}
