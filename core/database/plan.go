package database

import (
	"context"
	"iter"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Planner reports what a program would change in a database before it uses it,
// and changes it on request. Opening it changes nothing and creates no file.
type Planner interface {
	// Changes returns the pending changes. With [MigrateOff] there are none. It is
	// an error if this program cannot use the tables and applying would not
	// help: those of a newer program or of another one, and with MigrateOff those
	// that lack a column.
	Changes(ctx context.Context) (Changes, error)

	// Identities yields all identities ordered by user: the fields of
	// [identity.User] that belong to the identity, the id of the user, and Disabled.
	// Tables of all versions have them; without tables there are none. An error is
	// the last element.
	Identities(ctx context.Context) iter.Seq2[identity.User, error]

	// Apply makes the pending changes, also with [MigrateCheck]. With [MigrateOff] it
	// is an error.
	Apply(ctx context.Context) error

	Close() error
}

// Changes are pending changes of a database. Its JSON is that of the command
// `cotterpin plan --json`.
type Changes struct {
	Creates    string      `json:"creates"`    // the file that is created; "" if none
	Migrate    Migrate     `json:"migrate"`    // never empty
	Version    int64       `json:"version"`    // of the tables; 0 if there are none, and with [MigrateOff]
	Required   int64       `json:"required"`   // the version that this program needs
	Migrations []Migration `json:"migrations"` // by version
}

// Migration is a pending migration of the tables.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"name"` // of its file, such as "00001_schema.sql"
	SQL     string `json:"sql"`  // its statements, as they are executed
}

// Any reports whether something is pending.
func (c Changes) Any() bool { return c.Creates != "" || len(c.Migrations) > 0 }
