package account

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// The errors of a [Store] that are not failures of the store.
var (
	// ErrNotFound means that there is no such user or identity.
	ErrNotFound = errors.New("account: not found")

	// ErrConflict means that another transaction registered the identity first.
	ErrConflict = errors.New("account: the identity is already registered")

	// ErrReferenced means that rows of the application reference the user.
	ErrReferenced = errors.New("account: the user is referenced")
)

// ErrOvertaken means that another transaction has changed or registered the
// user since a login read it: the login starts again. Registrar.RegisterOrLogin
// and database.Database.SignIn return it.
var ErrOvertaken = errors.New("account: another transaction has changed the user since the login read it")

// Store keeps users and their identities. Each method is atomic. Keys are
// compared byte-wise. Times are stored in milliseconds of UTC.
//
// Any error other than those named here means that the store failed, and that
// the outcome of a write is unknown; the caller may repeat the call. Methods are
// called concurrently by many goroutines, and by other processes on the same
// database.
//
// The suite that each store must pass is accounttest.Run.
type Store interface {
	// Find returns the user of the identity, with the contacts of that identity.
	// ErrNotFound: it is not registered.
	Find(ctx context.Context, key identity.Key) (identity.User, error)

	// Register creates the user with one identity and calls within, which may be
	// nil, all in one transaction. A store that repeats the transaction, for
	// example after a deadlock, calls within again.
	//
	// ErrConflict: the key is registered, by a transaction that was committed, and
	// nothing was written; the next Find returns that user, unless it was deleted
	// meanwhile. An error of within is wrapped, and nothing was written. A panic
	// of within continues after the transaction was rolled back.
	//
	// A store must not use an upsert: on MariaDB an upsert over two unique keys
	// changes the first row that matches either.
	Register(ctx context.Context, user identity.User, within Within) error

	// Get returns a user, with the contacts of the identity that signed in last.
	// ErrNotFound: there is no such user.
	Get(ctx context.Context, id identity.UserID) (identity.User, error)

	// Disable disables the user and moves its not-before to at, never backwards. A
	// disabled user stays disabled. ErrNotFound.
	Disable(ctx context.Context, id identity.UserID, at time.Time) error

	// Enable enables the user; not-before stays. ErrNotFound.
	Enable(ctx context.Context, id identity.UserID) error

	// SetNotBefore moves the user's not-before to at, never backwards. ErrNotFound.
	SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error

	// Delete deletes the user with its identities and sessions. ErrNotFound.
	// ErrReferenced: a foreign key of the application prevents that, and nothing
	// was deleted; the message names the table if the database does.
	Delete(ctx context.Context, id identity.UserID) error
}

// Within is called inside the transaction of [Store.Register]. tx is nil in a
// store without SQL. It must neither commit nor roll back nor retain tx.
type Within func(ctx context.Context, tx *sql.Tx) error
