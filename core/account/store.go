package account

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// The errors of a [Store] that are not failures of the store.
var (
	// ErrNotFound means that there is no such user or identity.
	ErrNotFound = errors.New("account: not found")

	// ErrConflict means that the identity is registered, or that another user has
	// the external id.
	ErrConflict = errors.New("account: the identity or external id is already registered")

	// ErrReferenced means that rows of the application reference the user.
	ErrReferenced = errors.New("account: the user is referenced")
)

// ErrOvertaken means that another transaction has changed or registered the
// user since a login read it: the login starts again. Registrar.RegisterOrLogin
// and database.Database.SignIn return it.
var ErrOvertaken = errors.New("account: another transaction has changed the user since the login read it")

// Store keeps users and their identities. Each method is atomic. Keys and external
// ids are compared byte-wise. Times are stored in milliseconds of UTC.
//
// Any error other than those named here means that the store failed, and that
// the outcome of a write is unknown; the caller may repeat the call. Methods are
// called concurrently by many goroutines, and by other processes on the same
// database.
//
// A user may have several identities, or none. Get returns it with the contacts of
// the identity that signed in last; without identities, with zero fields.
//
// The suite that each store must pass is accounttest.Run.
type Store interface { //nolint:interfacebloat // one method per statement or atomic change
	// Find returns the user of the identity, with the contacts of that identity.
	// ErrNotFound: it is not registered.
	Find(ctx context.Context, key identity.Key) (identity.User, error)

	// Get returns a user, with the contacts of the identity that signed in last.
	// ErrNotFound: there is no such user.
	Get(ctx context.Context, id identity.UserID) (identity.User, error)

	// Identities returns the identities of a user, oldest first. ErrNotFound: there
	// is no such user.
	Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error)

	// List returns users, ordered by id and each once, with the contacts of the
	// matching identity that signed in last. The last user's id is Query.After of the
	// next page; an empty page is the last one.
	List(ctx context.Context, q Query) ([]identity.User, error)

	// Transact calls do in a transaction, and commits it unless do returns an error
	// or a method of tx has failed. That error is wrapped, and nothing was written. A
	// panic of do continues after the transaction was rolled back.
	//
	// Of transactions with an equal lock, one begins when the other has ended. Locks
	// are arbitrary strings, acquired in sorted order before do is called. A store
	// that repeats the transaction, for example after a deadlock, calls do again.
	//
	// do must read and write this database through tx only: other connections may
	// wait for the transaction.
	Transact(ctx context.Context, locks []string, do func(ctx context.Context, tx Tx) error) error

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

	// IsRecorded reports whether a mark is recorded and has not expired at that time; see
	// [Tx.Record] and [Tx.EndProviderSession].
	IsRecorded(ctx context.Context, mark string, at time.Time) (bool, error)

	// Sweep deletes at most limit records of transactions that expired before the
	// given time, and returns how many it deleted.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)
}

// Query selects users. An empty field selects all. Email, Phone and Provider are
// those of one identity. Email is compared ignoring the case of ASCII letters, the
// others byte-wise.
type Query struct {
	Email      string // verified or not
	Phone      string // verified or not
	ExternalID string
	Provider   string // name of the provider's block at the last login

	After identity.UserID // the page begins after this id; uuid.Nil: it is the first page
	Limit int             // maximum number of users, at least 1
}

// Tx is a transaction of a [Store]. It must not be used after the function that
// received it has returned.
//
// Reads see the writes of the transaction, and what others have committed. They
// lock the users that they return until the transaction ends: their logins and
// their administration wait. After an error the function must return it, except
// ErrNotFound of a method that reads.
type Tx interface { //nolint:interfacebloat // what a transaction may read and write
	// SQL returns the transaction, for rows of the application; nil in a store
	// without SQL. It must neither be committed nor rolled back.
	SQL() *sql.Tx

	// Find is Store.Find. ErrNotFound.
	Find(ctx context.Context, key identity.Key) (identity.User, error)

	// Get is Store.Get. ErrNotFound.
	Get(ctx context.Context, id identity.UserID) (identity.User, error)

	// GetByExternalID is Get by the application's own id. ErrNotFound.
	GetByExternalID(ctx context.Context, externalID string) (identity.User, error)

	// Identities is Store.Identities. ErrNotFound.
	Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error)

	// WithEmail returns the users that have an identity with that email address,
	// verified or not, ignoring the case of ASCII letters, ordered by id.
	WithEmail(ctx context.Context, email string) ([]identity.UserID, error)

	// WithPhone returns the users that have an identity with that phone number,
	// verified or not, ordered by id.
	WithPhone(ctx context.Context, phone string) ([]identity.UserID, error)

	// CreateUser adds a user without identities: ID, ExternalID, CreatedAt, Disabled
	// and NotBefore. ErrConflict: another user has the external id.
	CreateUser(ctx context.Context, u identity.User) error

	// AddIdentity adds an identity to a user. ErrConflict: the key is registered, by a
	// transaction that was committed; Find in the next transaction returns its user,
	// unless it was deleted meanwhile.
	//
	// A store must not use an upsert: on MariaDB an upsert over two unique keys
	// changes the first row that matches either.
	AddIdentity(ctx context.Context, user identity.UserID, i identity.Stored) error

	// RemoveIdentity deletes an identity of the user with the sessions that began by
	// it. ErrNotFound: the user has no such identity.
	RemoveIdentity(ctx context.Context, user identity.UserID, id uuid.UUID) error

	// SetExternalID sets the application's own id of the user; "" removes it.
	// ErrNotFound. ErrConflict: another user has it.
	SetExternalID(ctx context.Context, id identity.UserID, externalID string) error

	// SetNotBefore is Store.SetNotBefore. ErrNotFound.
	SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error

	// Disable is Store.Disable. ErrNotFound.
	Disable(ctx context.Context, id identity.UserID, at time.Time) error

	// RevokeSessions revokes all active own sessions of the user, if there are any.
	RevokeSessions(ctx context.Context, id identity.UserID, reason string, at time.Time) error

	// Delete is Store.Delete. ErrNotFound, ErrReferenced.
	Delete(ctx context.Context, id identity.UserID) error

	// Record records a mark, which identifies a message of a provider, until it
	// expires. ErrConflict: another transaction has recorded it, and was committed.
	Record(ctx context.Context, mark string, expires time.Time) error

	// EndProviderSession revokes the active own sessions whose ProviderSession is the
	// mark, and returns their users. It records the mark until it expires, or until an
	// earlier call has recorded it: until then Database.SignIn begins no session with
	// it. A login that has begun before ends before the sessions are revoked.
	EndProviderSession(ctx context.Context, mark, reason string, at, expires time.Time) ([]identity.UserID, error)
}
