package session

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// ErrNotFound means that there is no such session, or that it is not active.
var ErrNotFound = errors.New("session: not found")

// Store keeps sessions. Each method is atomic. Times are stored in milliseconds
// of UTC. A session is active at a time before both of its expiries if it is
// not revoked; only Find considers the state of its user.
//
// Sessions begin with database.Database.SignIn.
//
// An error that is not [ErrNotFound] means that the store failed, and that the
// outcome of a write is unknown. Methods are called concurrently by many
// goroutines, and by other processes on the same database. A revocation wins
// over every concurrent Touch, Rotate and Advance, and the next Find on every node
// returns it.
//
// The suite that each store must pass is sessiontest.Run.
type Store interface {
	// Find returns the session with that lookup, active or not, with the state of
	// its user, in one statement. IdentityID, the refresh token's fields,
	// ProviderSession, UserAgent and Address are left zero. ErrNotFound: there is none.
	Find(ctx context.Context, l Lookup) (Session, error)

	// FindRefresh is Find including the refresh token's fields. They are omitted
	// there to keep requests with an opaque token fast.
	FindRefresh(ctx context.Context, l Lookup) (Session, error)

	// FindByID returns the user's session with that public id, otherwise like
	// FindRefresh. ErrNotFound: the user has none, even if another user has.
	FindByID(ctx context.Context, user identity.UserID, id string) (Session, error)

	// Touch writes last-seen time and idle expiry of a session that is not
	// revoked. A revoked or missing session is left unchanged, without an error.
	Touch(ctx context.Context, l Lookup, lastSeen, idleExpires time.Time) error

	// Rotate gives a session of the user that is not revoked a new lookup and secret
	// hash; the old ones become invalid. ErrNotFound: the user has no such session, or
	// it is revoked.
	Rotate(ctx context.Context, user identity.UserID, old, next Lookup, hash [32]byte) error

	// Advance exchanges the refresh token of a session that is active at e.At, in one
	// conditional statement. Of concurrent calls with the same Presented one
	// succeeds. ErrNotFound: there is no such active session, or Presented is not
	// its current hash.
	Advance(ctx context.Context, e Exchange) error

	// List returns the user's sessions that are active at now, newest first. Lookup,
	// SecretHash, the refresh token's fields, ProviderSession and the state of the
	// user are left zero.
	List(ctx context.Context, user identity.UserID, now time.Time) ([]Session, error)

	// Revoke revokes one active session of the user, by its public id.
	// ErrNotFound: the user has no such active session, even if another user has.
	Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error

	// RevokeAll revokes the user's active sessions except the one with the public
	// id except ("" for none), and returns how many it revoked.
	RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error)

	// Sweep deletes at most limit sessions that expired (by either expiry) or were
	// revoked before the given time, and returns how many it deleted.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)
}

// Exchange is the exchange of a session's refresh token for its successor. The
// session's Generation is incremented.
type Exchange struct {
	Lookup      Lookup
	Presented   [32]byte  // hash of the presented refresh token; becomes PreviousHash
	Next        [32]byte  // hash of its successor; becomes SecretHash
	At          time.Time // becomes RefreshedAt and LastSeenAt
	IdleExpires time.Time // becomes IdleExpiresAt; zero: no idle limit
}
