package emulator

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

const (
	accessLifetime  = time.Hour
	refreshLifetime = 30 * 24 * time.Hour
	authMethod      = methodOTP

	// neverAuthenticated is the auth_time of Cotter's ID tokens: Go's zero time,
	// as a string.
	neverAuthenticated = "-62135596800"
)

// oauthToken is Cotter's object of the same name.
type oauthToken struct {
	AccessToken  string `json:"access_token"`
	AuthMethod   string `json:"auth_method"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
}

// edits are the differences between minted tokens and those of a sign-in. The
// zero value has none.
type edits struct {
	access, id, header strictjson.Object
	key                *signer.Key // nil: the current one
}

// issueTokens returns an access and an ID token for the user with the refresh
// token.
func (e *Emulator) issueTokens(u user, refreshToken string, changes edits) (oauthToken, error) {
	key := changes.key
	if key == nil {
		key = e.keys.current()
	}
	now := e.clock.now()
	access, err := sign(key, changes.header, e.accessClaims(u, now).with(changes.access))
	if err != nil {
		return oauthToken{}, err
	}
	id, err := sign(key, changes.header, e.idClaims(u, now).with(changes.id))
	if err != nil {
		return oauthToken{}, err
	}
	return oauthToken{
		AccessToken:  access,
		AuthMethod:   authMethod,
		ExpiresIn:    int(accessLifetime.Seconds()),
		IDToken:      id,
		RefreshToken: refreshToken,
		TokenType:    "Bearer",
	}, nil
}

func (e *Emulator) accessClaims(u user, now time.Time) members {
	claims := e.commonClaims(u, now)
	claims["authentication_method"] = authMethod
	claims["scope"] = "access"
	claims["type"] = "client_access_token"
	return claims
}

func (e *Emulator) idClaims(u user, now time.Time) members {
	claims := e.commonClaims(u, now)
	claims["auth_time"] = neverAuthenticated
	claims["type"] = "client_id_token"
	return claims
}

// commonClaims returns the claims of both tokens, with a new jti at each call.
// There is no nbf, and aud is a string, not an array.
func (e *Emulator) commonClaims(u user, now time.Time) members {
	return members{
		"aud":            e.options.APIKeyID,
		"client_user_id": u.id,
		"exp":            now.Add(accessLifetime).Unix(),
		"iat":            now.Unix(),
		"identifier":     u.identifier,
		"iss":            e.options.IssuerURL,
		"jti":            uuid.NewString(),
		"sub":            u.id,
	}
}

// members is a JSON object, which is encoded in alphabetical order as at Cotter.
type members map[string]any

// with applies changes to m and returns it: null removes a member, any other
// value sets it.
func (m members) with(changes strictjson.Object) members {
	for _, name := range changes.Names() {
		value, _ := changes.Lookup(name)
		if value.IsNull() {
			delete(m, name)
		} else {
			m[name] = json.RawMessage(value)
		}
	}
	return m
}

// sign returns a token that the key signs with ES256, whatever alg is in the
// header, except for two attacks: "none" leaves the signature empty, and "HS256"
// uses the public key, as PEM, as the secret.
func sign(key *signer.Key, changes strictjson.Object, claims members) (string, error) {
	header, err := json.Marshal(members{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"}.with(changes))
	if err != nil {
		return "", fmt.Errorf("emulator: encode the header: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("emulator: encode the claims: %w", err)
	}
	signature := key.Sign
	switch stringIn(changes, "alg") {
	case "none":
		signature = signer.None
	case "HS256":
		signature = signer.HS256(key.PEM())
	}
	return signer.Compact(header, body, signature), nil
}
