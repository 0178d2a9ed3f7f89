// Package identity holds the words that the other packages share: the verified
// statement of a provider ([Identity]), the application's user ([User]), and
// the recognised caller of a request ([Principal]).
//
// It knows nothing else of cotterpin.
package identity

import (
	"time"

	"github.com/google/uuid"
)

// UserID identifies a user of the application. Ids are UUIDs of version 7 and
// are never used again. [uuid.Nil] means "no user".
type UserID = uuid.UUID

// Key is what selects an account, and the only thing that does: who issued the
// token, and whom it names. Both are compared byte by byte, on every database.
// OpenID Connect Core 1.0, section 5.7.
type Key struct {
	Issuer  string
	Subject string
}

// Verification says what a verified token allows us to believe of a contact.
type Verification int

const (
	// Unverified means that the contact must not be believed. It is the zero value.
	Unverified Verification = iota
	// Verified means that a trusted provider has just proved possession of the contact.
	Verified
	// KeepStored means that this token proves nothing new: what is stored about
	// the contact stays true as long as the contact is the same, else it is
	// unverified.
	KeepStored
)

// Contact is an e-mail address or a phone number as a provider signed it. The
// zero value is "none signed".
type Contact struct {
	Value        string
	Verification Verification
}

// Identity is what a provider's verified token says about somebody. Everything
// in it is signed; nothing comes from the body of a request.
type Identity struct {
	Key

	Provider   string  // name of the provider's block
	Identifier string  // what the person signed in with, as received; "" if the token does not say
	Email      Contact // the identifier or claim, if it is an e-mail address
	Phone      Contact // the identifier or claim, if it is an E.164 phone number
	AuthMethod string  // the provider's word for how the person signed in, such as "OTP"; "" or as [IsAuthMethod] says

	Audience  []string  // whom the token is for: at Cotter the API key
	IssuedAt  time.Time // the token's iat
	ExpiresAt time.Time // the token's exp

	// AuthenticatedAt is when the person proved to the provider who they are.
	// Zero if the token does not say so believably.
	AuthenticatedAt time.Time

	// Claims are the token's further claims, beside the registered ones.
	Claims Claims
}

// User is a user of the application, seen through the identity that signed in.
// The contacts are columns of that identity; none is unique and none selects
// an account.
type User struct {
	ID         UserID
	IdentityID uuid.UUID
	Key

	Provider      string // name of the provider's block at the last login
	Identifier    string // "" if the provider signed none
	Email         string // "" if the provider signed none
	EmailVerified bool
	Phone         string // "" if the provider signed none
	PhoneVerified bool

	CreatedAt   time.Time // of the user
	LastLoginAt time.Time // of the identity

	Disabled bool

	// NotBefore is the moment before which no credential of the user counts:
	// set when all sessions are revoked, and when the user is disabled. Zero
	// means there is no such moment.
	NotBefore time.Time
}

// Principal is the recognised caller of a request.
type Principal struct {
	UserID     UserID // uuid.Nil where sessions are kept without users
	Provider   string // name of the provider's block
	Issuer     string
	Subject    string
	AuthMethod string // "" if the provider did not say
	SessionID  string // public id of the session; "" for a provider's token

	// AuthenticatedAt is when the person last proved who they are. Zero if
	// that is not known, as with a provider's token that does not say it;
	// guards with a maximum age then refuse.
	AuthenticatedAt time.Time

	// Claims are the signed claims that travel with the credential: all
	// further claims of a provider's token, or those an own session was told
	// to keep.
	Claims Claims
}

// Key returns the key of the identity that signed in.
func (p Principal) Key() Key { return Key{Issuer: p.Issuer, Subject: p.Subject} }
