package identity

import (
	"time"

	"github.com/google/uuid"
)

// Stored is an identity of a user as it is stored, with the contacts of its last
// login. Its JSON has the member names of the HTTP interface.
type Stored struct {
	ID uuid.UUID `json:"id"`
	Key

	Provider      string `json:"provider"`   // name of the provider's block at the last login
	Identifier    string `json:"identifier"` // "" if the provider signed none
	Email         string `json:"email"`      // "" if the provider signed none
	EmailVerified bool   `json:"email_verified"`
	Phone         string `json:"phone"` // "" if the provider signed none
	PhoneVerified bool   `json:"phone_verified"`

	CreatedAt time.Time `json:"created_at"`

	// LastLoginAt is zero until the identity has signed in: it was imported or added.
	LastLoginAt time.Time `json:"last_login_at,omitzero"`
}

// Stored returns the identity of the user, created with the user.
func (u User) Stored() Stored {
	return Stored{
		ID:            u.IdentityID,
		Key:           u.Key,
		Provider:      u.Provider,
		Identifier:    u.Identifier,
		Email:         u.Email,
		EmailVerified: u.EmailVerified,
		Phone:         u.Phone,
		PhoneVerified: u.PhoneVerified,
		CreatedAt:     u.CreatedAt,
		LastLoginAt:   u.LastLoginAt,
	}
}

// With returns the user with another identity.
func (u User) With(i Stored) User {
	u.IdentityID = i.ID
	u.Key = i.Key
	u.Provider = i.Provider
	u.Identifier = i.Identifier
	u.Email, u.EmailVerified = i.Email, i.EmailVerified
	u.Phone, u.PhoneVerified = i.Phone, i.PhoneVerified
	u.LastLoginAt = i.LastLoginAt
	return u
}
