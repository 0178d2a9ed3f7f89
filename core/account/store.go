package account

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// The answers of a [Store] that are not failures of the store.
var (
	// ErrNotFound means that there is no such user or identity.
	ErrNotFound = errors.New("account: not found")
	// ErrConflict means that another transaction registered the same identity first.
	ErrConflict = errors.New("account: the identity is registered already")
)

// Store keeps users and their identities. Each method is atomic: it happens
// wholly or not at all. Keys are compared byte by byte. Instants are kept in
// milliseconds of UTC.
//
// An error that is neither [ErrNotFound] nor [ErrConflict] means that the store
// could not do or could not learn what was asked; the caller cannot tell
// whether a write happened, and may ask again. Methods are called by many
// goroutines, and by other processes on the same database, at once.
//
// The suite that each store must pass is accounttest.Run.
type Store interface {
	// Find returns the user that the identity belongs to, seen through that
	// identity. ErrNotFound: it is not registered.
	Find(ctx context.Context, key identity.Key) (identity.User, error)

	// Register creates the user with its one identity and calls within, which
	// may be nil, all in one transaction. ErrConflict: the key is registered;
	// nothing was written, and a later Find sees the winner. An error of within
	// is returned so that errors.Is and errors.As find it, and nothing was
	// written. A panic of within goes on after the transaction is rolled back.
	//
	// A store must not use an upsert: on MariaDB one over two unique keys
	// changes whichever row matches first.
	Register(ctx context.Context, user identity.User, within Within) error

	// RecordLogin overwrites provider, contacts and last login of the identity
	// user.IdentityID by what user says. ErrNotFound: the user is not as the
	// login saw it any more: it is not there or has no such identity, is
	// disabled, or has another not-before than user.NotBefore.
	RecordLogin(ctx context.Context, user identity.User) error

	// Get returns a user, seen through the identity that signed in last.
	// ErrNotFound: there is no such user.
	Get(ctx context.Context, id identity.UserID) (identity.User, error)

	// Disable marks the user as disabled and moves its not-before to at, never
	// backwards. A disabled user stays disabled. ErrNotFound.
	Disable(ctx context.Context, id identity.UserID, at time.Time) error

	// Enable takes the mark away; not-before stays. ErrNotFound.
	Enable(ctx context.Context, id identity.UserID) error

	// SetNotBefore moves the user's not-before to at, never backwards. ErrNotFound.
	SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error

	// Delete removes the user with its identities and sessions. ErrNotFound.
	Delete(ctx context.Context, id identity.UserID) error
}

// Within is called inside the transaction of [Store.Register]. tx is nil in a
// store without SQL. It must neither commit nor roll back nor keep tx.
type Within func(ctx context.Context, tx *sql.Tx) error
