// Package identity contains the types that the other packages share: the content
// of a provider's verified tokens ([Identity]), the application's user ([User]),
// and the recognized caller of a request ([Principal]).
package identity

import (
	"time"

	"github.com/google/uuid"
)

// UserID identifies a user of the application. It is a UUID of version 7 and is
// never reused. [uuid.Nil] means no user.
type UserID = uuid.UUID

// Key selects an account, and nothing else does. Both parts are compared
// byte-wise, on every database. OpenID Connect Core 1.0, section 5.7.
type Key struct {
	Issuer  string `json:"issuer"`  // iss of the token
	Subject string `json:"subject"` // sub of the token
}

// Verification specifies whether a contact belongs to the user.
type Verification int

const (
	// Unverified means that the contact must not be trusted. It is the zero
	// value.
	Unverified Verification = iota
	// Verified means that a trusted provider has just proved possession of the
	// contact.
	Verified
	// KeepStored means that the token proves nothing new: the stored verification
	// is kept if the contact is the same, and the contact is unverified otherwise.
	KeepStored
)

// Contact is an email address or a phone number as signed by a provider. The
// zero value means that none was signed.
type Contact struct {
	Value        string
	Verification Verification

	// Unknown means that only the provider's UserInfo endpoint has the contact, and
	// that the login came without access token for it: the stored one remains, and
	// its verification with [KeepStored]. Value is then "". Only the kit sets it.
	Unknown bool
}

// Identity is the content of a provider's verified tokens. Everything in it is
// signed; nothing comes from the body of a request.
type Identity struct {
	Key

	// Machine means that the token belongs to a program, not to a user.
	Machine bool

	Provider   string  // name of the provider's block
	Identifier string  // what the user signed in with, as received; "" if the tokens do not contain it
	Email      Contact // the identifier or claim, if it is an email address as defined by [IsEmail]
	Phone      Contact // the identifier or claim, if it is a phone number as defined by [IsPhone]
	AuthMethod string  // the provider's name of the sign-in method, such as "OTP"; "" or as defined by [IsAuthMethod]

	Audience  []string  // the token's aud: at Cotter the API key
	IssuedAt  time.Time // the token's iat
	ExpiresAt time.Time // the token's exp

	// AuthenticatedAt is when the user last signed in at the provider. Zero if
	// the tokens contain no plausible time.
	AuthenticatedAt time.Time

	// ProviderSession identifies the session at the provider to which the tokens
	// belong, by a digest of their issuer and sid (OpenID Connect Back-Channel Logout
	// 1.0, section 2.1); "" if they contain no sid.
	ProviderSession string

	// Claims are the token's claims except the registered ones.
	Claims Claims
}

// User is a user of the application, with the contacts of the identity that
// signed in; without identities, all its fields of an identity are zero. No contact
// is unique, and none selects an account. Its JSON has the member names of the HTTP
// interface.
type User struct {
	ID         UserID    `json:"id"`
	ExternalID string    `json:"external_id"` // the application's own id, see [IsExternalID]; "" if it has none
	IdentityID uuid.UUID `json:"identity_id"`
	Key

	Provider      string `json:"provider"`   // name of the provider's block at the last login
	Identifier    string `json:"identifier"` // "" if the provider signed none
	Email         string `json:"email"`      // "" if the provider signed none
	EmailVerified bool   `json:"email_verified"`
	Phone         string `json:"phone"` // "" if the provider signed none
	PhoneVerified bool   `json:"phone_verified"`

	CreatedAt   time.Time `json:"created_at"`    // of the user
	LastLoginAt time.Time `json:"last_login_at"` // of the identity

	Disabled bool `json:"disabled"`

	// NotBefore is the time before which no credential of the user is valid: that
	// of the last revocation of all sessions, or of disabling. Zero: none.
	NotBefore time.Time `json:"not_before,omitzero"`
}

// The values of Principal.Kind.
const (
	KindUser    = "user"
	KindMachine = "machine" // a program that got the token for itself, such as by the grant client_credentials
)

// Principal is the recognized caller of a request.
type Principal struct {
	Kind       string // KindUser or KindMachine
	UserID     UserID // uuid.Nil for a machine, and where sessions are kept without users
	ExternalID string // of the user, the application's own id; "" if it has none
	Provider   string // name of the provider's block
	Issuer     string
	Subject    string
	AuthMethod string // "" if the provider did not specify one
	SessionID  string // public id of the session; "" with a provider's token

	// AuthenticatedAt is when the user last signed in at the provider. Zero if
	// that is unknown, as with a provider's token that does not contain it;
	// a guard with a maximum age then rejects the request.
	AuthenticatedAt time.Time

	// Claims are signed claims: all those of a provider's token except the
	// registered ones, or those that an own session is configured to keep.
	Claims Claims
}

// HasAuthTime reports whether AuthenticatedAt is the time that the provider signed
// as auth_time (OpenID Connect Core 1.0, section 2). Otherwise it is zero, or that
// of the issue of the token that an own session began with.
func (p Principal) HasAuthTime() bool {
	isOwn := p.SessionID != ""
	return !p.AuthenticatedAt.IsZero() && (!isOwn || p.Claims.isTime("auth_time", p.AuthenticatedAt))
}

// Key returns the key of the identity that signed in.
func (p Principal) Key() Key { return Key{Issuer: p.Issuer, Subject: p.Subject} }
