package session

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Strategy decides how a caller is recognized after the login. It does not read
// or write requests: it is given the token, and the transport that had it.
//
// The two strategies are [Own] and [ProviderToken].
type Strategy interface {
	// Name is config.StrategyOwn or config.StrategyProviderToken.
	Name() string

	// Owns reports whether a bearer token has the form of the strategy's tokens. It
	// verifies nothing: it chooses between two strategies.
	Owns(token string) bool

	// Issue returns the token of a new session. It writes nothing.
	//
	// Errors by code: TemporarilyUnavailable.
	Issue(ctx context.Context, l Login) (Issued, error)

	// Check recognizes the caller of a request. If fresh is true the database is
	// queried for this request: neither a cache nor a signed token decides alone.
	//
	// Errors by code: InvalidToken and TokenExpired for an invalid credential;
	// AccountDisabled and NotRegistered where the provider's token is valid and
	// the user is not; TemporarilyUnavailable if it could not be checked.
	Check(ctx context.Context, c Credential, fresh bool) (identity.Principal, View, error)

	// Replace decides about the session of a credential that a login presents. It
	// returns the session if the login continues it: it is active, and of the same
	// user, identity and transport. Otherwise it revokes the session, and returns what
	// End does. Neither: there is no session. TemporarilyUnavailable: as End.
	Replace(ctx context.Context, l Login, c Credential) (continued, ended *Session, err error)

	// End revokes the session of a credential, at logout, and returns the session; nil if there was nothing to revoke: an expired,
	// unknown or malformed credential is not an error. TemporarilyUnavailable: the
	// session may still be active.
	End(ctx context.Context, c Credential, reason string) (*Session, error)
}

// Issued is what a login gets from its strategy.
type Issued struct {
	Token        string
	ExpiresAt    time.Time // of Token; View has the expiry of the session
	RefreshToken string    // "": the strategy issues none
	View         View      // the session as its user may see it
	Stored       *Session  // what the login has to store together with its record; nil: nothing
}

// Login describes a user who has just signed in.
type Login struct {
	User          identity.User // as RegisterOrLogin returned it; zero where no users are stored
	Identity      identity.Identity
	ProviderToken string   // verified; it recognizes callers in strategy "provider_token"
	Transport     string   // config.TransportCookie or config.TransportBearer
	Continues     *Session // as Replace returned it; nil: a session begins
	UserAgent     string
	Address       string
	Extra         json.RawMessage // as the client posted it, unverified; nil: nothing
}

// Credential is a token as a request has it.
type Credential struct {
	Token     string
	Transport string // config.TransportCookie or config.TransportBearer
}
