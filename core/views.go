package core

import (
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// signedInBody answers a login and a refresh.
type signedInBody struct {
	Created bool        `json:"created"`
	User    *userBody   `json:"user"`
	Session sessionBody `json:"session"`
	Token   *tokenBody  `json:"token,omitempty"`
}

// whoBody answers "who am I".
type whoBody struct {
	User    *userBody   `json:"user"`
	Session sessionBody `json:"session"`
}

type userBody struct {
	ID            string    `json:"id"`
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

// userBody returns nil where there are no users.
func (k *Kit) userBody(u identity.User) *userBody {
	if u.ID == uuid.Nil {
		return nil
	}
	return &userBody{
		ID:            u.ID.String(),
		Identifier:    textOrNull(u.Identifier),
		Email:         textOrNull(u.Email),
		EmailVerified: u.EmailVerified,
		Phone:         textOrNull(u.Phone),
		PhoneVerified: u.PhoneVerified,
		CreatedAt:     timestamp(u.CreatedAt),
		LastLoginAt:   timestamp(u.LastLoginAt),
	}
}

func newSessionBody(v session.View) sessionBody {
	return sessionBody{
		ID:            textOrNull(v.ID),
		Strategy:      v.Strategy,
		Format:        v.Format,
		Provider:      v.Provider,
		AuthMethod:    textOrNull(v.AuthMethod),
		CreatedAt:     timestamp(v.CreatedAt),
		ExpiresAt:     timestamp(v.ExpiresAt),
		IdleExpiresAt: timestamp(v.IdleExpiresAt),
	}
}

// untilEnd returns how long a session lasts at most, in whole seconds.
func (k *Kit) untilEnd(v session.View) time.Duration {
	return v.ExpiresAt.Sub(k.now()).Round(time.Second)
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// timestamp is an instant as every answer writes it: RFC 3339, UTC,
// milliseconds; null if it is zero.
type timestamp time.Time

func (t timestamp) MarshalJSON() ([]byte, error) {
	instant := time.Time(t)
	if instant.IsZero() {
		return []byte("null"), nil
	}
	return instant.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}
