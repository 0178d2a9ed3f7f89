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

// identityAnswer is what an application gets for an authorization code.
type identityAnswer struct {
	Identifier identifierObject `json:"identifier"`
	Token      legacyToken      `json:"token"`
	OAuthToken *oauthToken      `json:"oauth_token,omitempty"`
	User       userObject       `json:"user"`
}

// identifierObject is an identifier on a device, as Cotter writes it.
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

// getIdentity exchanges an authorization code, which is used up even if the
// rest of the request is wrong.
func (e *Emulator) getIdentity(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return web.Response{}, badRequest("the query is malformed")
	}
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	done, err := e.exchange(body)
	if err != nil {
		return web.Response{}, err
	}
	now := e.clock.now()
	known := e.users.seen(done.identifier, now)
	answer := e.identityAnswer(known, done.kind, now)
	if query.Get("oauth_token") != "true" {
		return web.JSON(http.StatusOK, answer), nil
	}
	refreshToken := e.families.start(known.identifier, now)
	issued, err := e.tokens(known, refreshToken, alteration{})
	if err != nil {
		return web.Response{}, err
	}
	answer.OAuthToken = &issued
	return web.JSON(http.StatusOK, answer).WithCookie(e.refreshCookie(r, refreshToken)), nil
}

func (e *Emulator) exchange(body strictjson.Object) (signIn, error) {
	challengeID, ok := challengeIDIn(body)
	if !ok {
		return signIn{}, badRequest("challenge_id must be an integer")
	}
	done, ok := e.signIns.take(stringIn(body, "authorization_code"), e.clock.now())
	switch {
	case !ok || done.challengeID != challengeID:
		return signIn{}, badRequest("The authorization code is not valid")
	case !done.comesFrom(stringIn(body, "redirect_url")):
		return signIn{}, badRequest("The redirect URL is not valid for this authorization code")
	case !done.provedBy(stringIn(body, "code_verifier")):
		return signIn{}, badRequest("The code verifier is not valid")
	}
	return done, nil
}

func challengeIDIn(body strictjson.Object) (int64, bool) {
	value, ok := body.Lookup("challenge_id")
	if !ok {
		return 0, false
	}
	return value.Int64()
}

func (e *Emulator) identityAnswer(u user, kind string, now time.Time) identityAnswer {
	id := uuid.NewString()
	at := now.UTC().Format(microseconds)
	return identityAnswer{
		Identifier: identifierObject{
			ID:             id,
			CreatedAt:      at,
			UpdateAt:       at,
			Identifier:     u.identifier,
			IdentifierType: kind,
			PublicKey:      e.legacy.publicKey(),
			DeviceType:     "BROWSER",
			DeviceName:     "Cotter emulator",
			Expiry:         now.Add(refreshLifetime).UTC().Format(microseconds),
			Timestamp:      at,
		},
		Token: e.legacy.sign(id, u.identifier, kind, now),
		User:  e.userObject(u),
	}
}
