package account

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// NewUser is what an [OnRegister] hook is told about.
type NewUser struct {
	ID         identity.UserID
	IdentityID uuid.UUID
	Identity   identity.Identity
}

// OnRegister runs inside the transaction that creates a user. The application
// may write rows of its own through tx, which is nil in a store without SQL.
//
// It should be short: ctx ends with the login's patience for the database, after
// at most 3 s, and on SQLite nobody else can write meanwhile. It must not ask
// the kit, which does not see the new user yet; on SQLite in memory that would
// wait for the very connection that tx holds.
//
// An error vetoes the registration: nothing is written. If it is an
// *autherr.Error its code is the answer, such as registration_closed, or that of
// [autherr.StoreFailed] where tx failed; if ctx has ended the answer is
// temporarily_unavailable, else internal. A panic is an error too. The hook must
// neither commit nor roll back nor keep tx. It is called again, for another user
// id, if its transaction did not last; so what it does outside of tx must bear
// repeating.
type OnRegister func(ctx context.Context, tx *sql.Tx, user NewUser) error
