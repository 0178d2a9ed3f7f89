package session

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// ErrNotFound means that there is no such session, or that it has ended.
var ErrNotFound = errors.New("session: not found")

// Store keeps sessions. Each method is atomic. Instants are kept in
// milliseconds of UTC. A session is live at a moment that is before both of its
// ends if it is not revoked; its owner is looked at by Find alone.
//
// An error that is not [ErrNotFound] means that the store could not do or could
// not learn what was asked. Methods are called by many goroutines, and by other
// processes on the same database, at once. A revocation wins over every
// concurrent Touch and Rotate, and is seen by the next Find on every node.
//
// The suite that each store must pass is sessiontest.Run.
type Store interface {
	// Create adds the session of a login and records the login, which is that
	// of r.IdentityID, as account.Store.RecordLogin does. If the user then has
	// more than limit sessions that are live at r.CreatedAt, the oldest of the
	// others are revoked with reason "max_per_user", however many logins run at
	// once. After an error there is neither session nor record, and nothing was
	// revoked.
	//
	// login is the user as the login saw it. ErrNotFound: as RecordLogin. Whoever
	// disables the user or moves its not-before, and then revokes all sessions,
	// leaves none behind, whatever the clocks of several machines say.
	Create(ctx context.Context, r Record, login identity.User, limit int) error

	// Find returns the session with that lookup, live or not, and its owner,
	// in one statement. IdentityID, UserAgent and Address are left zero.
	// ErrNotFound: there is none.
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
