package session

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// ErrNotFound means that there is no such session, or that it has ended.
var ErrNotFound = errors.New("session: not found")

// Lookup finds a session. It is the public half of an opaque token, and never
// shown outside of it.
type Lookup [16]byte

// Record is a session at rest.
type Record struct {
	Lookup     Lookup
	SecretHash [32]byte // SHA-256 of the token's secret half, which is kept nowhere

	ID         string // public id, for lists and logs; random, tells nothing about Lookup
	UserID     identity.UserID
	IdentityID uuid.UUID

	Provider   string // name of the provider's block at login
	Issuer     string
	Subject    string
	AuthMethod string
	Transport  string         // what the token was issued for: "cookie" or "bearer"
	Claims     map[string]any // kept claims: strings, bools, json.Number, []string; nil if none

	CreatedAt       time.Time
	AuthenticatedAt time.Time // when the person proved to the provider who they are
	LastSeenAt      time.Time
	IdleExpiresAt   time.Time // zero: no idle limit. Never after ExpiresAt.
	ExpiresAt       time.Time

	RevokedAt    time.Time // zero: not revoked
	RevokeReason string

	UserAgent string // at login, cut to 255 bytes
	Address   string // of the caller at login
}

// Owner is what decides about a session beside the session itself.
type Owner struct {
	Disabled  bool
	NotBefore time.Time // a session created before it has ended
}

// Store keeps sessions. Each method is atomic. Instants are kept in
// milliseconds of UTC.
//
// An error that is not [ErrNotFound] means that the store could not do or could
// not learn what was asked. Methods are called by many goroutines, and by other
// processes on the same database, at once. A revocation wins over every
// concurrent Touch and Rotate, and is seen by the next Find on every node.
//
// The suite that each store must pass is sessiontest.Run.
type Store interface {
	// Create adds a session. If the user then has more than max sessions that
	// are live at r.CreatedAt, the oldest are revoked with reason
	// "max_per_user", however many logins run at once. ErrNotFound: there is no
	// such user or identity, or it was deleted meanwhile.
	Create(ctx context.Context, r Record, max int) error

	// Find returns the session with that lookup, live or not, and its owner,
	// in one statement. ErrNotFound: there is none.
	Find(ctx context.Context, l Lookup) (Record, Owner, error)

	// Touch writes last seen and idle end of a session that is not revoked. A
	// revoked or missing one is left alone, without error.
	Touch(ctx context.Context, l Lookup, lastSeen, idleExpires time.Time) error

	// Rotate gives a session that is not revoked a new lookup and secret hash;
	// the old ones are dead. ErrNotFound: it is missing or revoked.
	Rotate(ctx context.Context, old, next Lookup, hash [32]byte) error

	// List returns the user's sessions that are live at now, newest first.
	// Lookup and SecretHash are left zero.
	List(ctx context.Context, user identity.UserID, now time.Time) ([]Record, error)

	// Revoke ends one live session of the user, by its public id. ErrNotFound:
	// the user has no such live session, whoever else has one.
	Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error

	// RevokeAll ends the user's live sessions but the one with the public id
	// except ("" for none), and returns how many it ended.
	RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error)

	// Sweep deletes at most limit sessions that expired (by either end) or were
	// revoked before the given moment, and returns how many it deleted.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)
}

// LiveAt reports whether a session with this record and owner may be used.
func (r Record) LiveAt(now time.Time, o Owner) bool {
	return r.RevokedAt.IsZero() && !o.Disabled &&
		now.Before(r.ExpiresAt) &&
		(r.IdleExpiresAt.IsZero() || now.Before(r.IdleExpiresAt)) &&
		!r.CreatedAt.Before(o.NotBefore)
}
