package core

import (
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// signedInBody is the body of the response to a login or a refresh.
type signedInBody struct {
	Created bool        `json:"created"`
	Linked  bool        `json:"linked,omitempty"`
	User    *userBody   `json:"user"`
	Session sessionBody `json:"session"`
	Token   *tokenBody  `json:"token,omitempty"`
}

// whoBody is the body of the response to /session.
type whoBody struct {
	User    *userBody   `json:"user"`
	Session sessionBody `json:"session"`
}

type userBody struct {
	ID            string    `json:"id"`
	ExternalID    *string   `json:"external_id"`
	Identifier    *string   `json:"identifier"`
	Email         *string   `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Phone         *string   `json:"phone"`
	PhoneVerified bool      `json:"phone_verified"`
	CreatedAt     timestamp `json:"created_at"`
	LastLoginAt   timestamp `json:"last_login_at"`
}

type sessionBody struct {
	ID            *string   `json:"id"`
	Strategy      string    `json:"strategy"`
	Format        string    `json:"format"`
	Provider      string    `json:"provider"`
	AuthMethod    *string   `json:"auth_method"`
	CreatedAt     timestamp `json:"created_at"`
	ExpiresAt     timestamp `json:"expires_at"`
	IdleExpiresAt timestamp `json:"idle_expires_at"`
}

type tokenBody struct {
	AccessToken  string `json:"access_token,omitempty"`
	TokenType    string `json:"token_type,omitempty"`
	ExpiresIn    int64  `json:"expires_in,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// userBody returns nil if the configuration stores no users.
func (k *Kit) userBody(u identity.User) *userBody {
	if u.ID == uuid.Nil {
		return nil
	}
	return &userBody{
		ID:            u.ID.String(),
		ExternalID:    stringOrNull(u.ExternalID),
		Identifier:    stringOrNull(u.Identifier),
		Email:         stringOrNull(u.Email),
		EmailVerified: u.EmailVerified,
		Phone:         stringOrNull(u.Phone),
		PhoneVerified: u.PhoneVerified,
		CreatedAt:     timestamp(u.CreatedAt),
		LastLoginAt:   timestamp(u.LastLoginAt),
	}
}

func newSessionBody(v session.View) sessionBody {
	return sessionBody{
		ID:            stringOrNull(v.ID),
		Strategy:      v.Strategy,
		Format:        v.Format,
		Provider:      v.Provider,
		AuthMethod:    stringOrNull(v.AuthMethod),
		CreatedAt:     timestamp(v.CreatedAt),
		ExpiresAt:     timestamp(v.ExpiresAt),
		IdleExpiresAt: timestamp(v.IdleExpiresAt),
	}
}

// until returns the time until a token expires, in whole seconds.
func (k *Kit) until(expires time.Time) time.Duration {
	return expires.Sub(k.now()).Round(time.Second)
}

func stringOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// timestamp is a time as every response contains it: RFC 3339 in UTC with
// milliseconds; null if it is zero.
type timestamp time.Time

func (t timestamp) MarshalJSON() ([]byte, error) {
	at := time.Time(t)
	if at.IsZero() {
		return []byte("null"), nil
	}
	return at.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}
