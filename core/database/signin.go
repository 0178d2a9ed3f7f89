package database

import (
	"context"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// SignIn is what a login writes, in one transaction of [Database]. After an
// error nothing was written, or the outcome is unknown; the caller may repeat
// the login.
//
// # Overtaken logins
//
// SignIn fails with account.ErrOvertaken if, since the login read it, the user
// was deleted or disabled, its not-before has moved, or it has lost the
// identity, the session that it continues is no longer active, or the session at
// the provider (Session.ProviderSession) has ended. The transaction excludes these
// changes until it ends. So an
// administrator who disables a user or moves its not-before, and then revokes
// all sessions, leaves no active session behind, whatever the clocks of several
// nodes show.
//
// # Sessions in another store
//
// A database whose sessions are stored elsewhere, such as in Redis, commits the
// record of the login first and begins the session then. A crash in between
// leaves a recorded login (contacts, last login) without a session: no token was
// sent, and the user signs in again. An administrator may overtake the login in
// between, too: after the session has begun, such a database reads the user
// again, and if it has changed deletes the session and returns
// account.ErrOvertaken.
type SignIn struct {
	// User is the user as the login leaves it. Provider, contacts and last login of
	// the identity User.IdentityID are overwritten, nothing else. Disabled and
	// CreatedAt are ignored; NotBefore is the one that the login read.
	User identity.User

	// Session is the session that begins, of User.ID and User.IdentityID. nil: none
	// begins.
	Session *session.Session

	// Continues is the lookup of the session that Session replaces in a login of the
	// same user, such as one that steps up its authentication: Session has its
	// public id, identity and transport, everything else is new, and the old lookup
	// becomes invalid. Zero: Session is added.
	//
	// SignIn fails with account.ErrOvertaken, and writes nothing, unless that session
	// is active at Session.CreatedAt: one that was revoked meanwhile is never active
	// again. The transaction excludes its revocation until it ends.
	Continues session.Lookup

	// MaxSessions is the number of sessions, at least 1, that the user may have
	// active at Session.CreatedAt. The oldest others are revoked with the reason
	// "max_per_user", but never the session that begins, however many logins run
	// concurrently. Unused without a session.
	MaxSessions int

	// Within runs in the transaction, after the login is recorded and the session has
	// begun. Its error is wrapped, and prevents both, as a panic does. A database that
	// repeats the transaction calls it again. nil: nothing runs.
	Within func(ctx context.Context, tx account.Tx) error
}
