package emulator

import (
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

const (
	accessLifetime  = time.Hour
	refreshLifetime = 30 * 24 * time.Hour
	authMethod      = "OTP"

	// neverAuthenticated is what Cotter's ID tokens say in auth_time: Go's zero
	// time, as a text.
	neverAuthenticated = "-62135596800"
)

// oauthToken is what Cotter calls oauth_token.
type oauthToken struct {
	AccessToken  string `json:"access_token"`
	AuthMethod   string `json:"auth_method"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
}

// alteration is how tokens differ from those of a sign-in. The zero value is
// "not at all".
type alteration struct {
	access, id, header strictjson.Object
	key                *signingKey // nil: the one that signs
}

// tokens returns an access and an ID token for the user, beside the refresh
// token.
func (e *Emulator) tokens(u user, refreshToken string, a alteration) (oauthToken, error) {
	key := a.key
	if key == nil {
		key = e.keys.current()
	}
	now := e.clock.now()
	access, err := key.sign(key.header().altered(a.header), e.accessClaims(u, now).altered(a.access))
	if err != nil {
		return oauthToken{}, err
	}
	id, err := key.sign(key.header().altered(a.header), e.idClaims(u, now).altered(a.id))
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

func (k *signingKey) header() members {
	return members{"alg": "ES256", "kid": k.id, "typ": "JWT"}
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

// commonClaims are in both tokens, each with its own jti. There is no nbf, and
// aud is a text, not an array.
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
