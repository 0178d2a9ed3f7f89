// Package entstore stores users, identities, sessions and server keys in a SQL
// database. It implements database.Database once, for every database that ent
// supports; a [Dialect] has the differences.
//
// Applications open a database with its package, such as ent/sqlite, or specify
// it in the configuration file.
//
// # Statements
//
// Statements of requests and logins are prepared once. ent builds those of
// registration, administration and server keys.
//
// A session is found with one prepared statement, as is a user, revoked with one,
// and its refresh token exchanged with one. A known identity logs in with three: Find, and SignIn (two in a
// transaction). SignIn needs one more if it revokes older sessions, two on MySQL.
// A new identity logs in with five: Find, two in a transaction that registers it, and
// SignIn; where users are linked, that transaction first locks and searches. Without
// a session and a function within, SignIn is one statement. BEGIN and COMMIT are not
// counted.
//
// Only the list of server keys reads a whole table.
//
// # Errors
//
// The stores return the errors of their interfaces. Any other error wraps the
// driver's: the database was unreachable or failed, and a write may have
// happened or not.
package entstore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// Database is an open database; see [Open].
type Database struct {
	tables   *tables
	accounts *accounts
	sessions *sessions
	keys     keys
	signIns  *signIns
}

var _ database.Database = (*Database)(nil)

// Open returns the kit's database on a pool. It migrates the tables with
// [database.MigrateApply], and returns an error if the tables lack what this
// program requires or would break a guarantee of the stores. To check the latter
// it registers a user in a transaction that it rolls back. Tables that a newer
// program has migrated are accepted if they are recorded as usable by this one;
// that is logged once.
//
// On the pool, a transaction must lock the rows that it writes until it ends, and
// an UPDATE must count matched rows, changed or not (on MySQL:
// clientFoundRows=true). The caller closes the pool after the Database.
func Open(ctx context.Context, pool *sql.DB, d Dialect, migrate database.Migrate, log *slog.Logger) (*Database, error) {
	set, err := migrations.For(d.Name, pool)
	if err != nil {
		return nil, err
	}
	tables := &tables{pool: pool, dialect: d, migrations: set, migrate: migrate, log: log}
	if err := tables.prepare(ctx); err != nil {
		return nil, d.explain(ctx, pool, err)
	}
	engine := newEngine(pool, d)
	if err := selfCheck(ctx, engine); err != nil {
		return nil, d.explain(ctx, pool, err)
	}
	accounts, err := newAccounts(ctx, engine)
	if err != nil {
		return nil, err
	}
	sessions, err := newSessions(ctx, engine)
	if err != nil {
		return nil, errors.Join(err, accounts.close())
	}
	signIns, err := newSignIns(ctx, engine)
	if err != nil {
		return nil, errors.Join(err, accounts.close(), sessions.close())
	}
	return &Database{tables: tables, accounts: accounts, sessions: sessions, keys: keys{engine}, signIns: signIns}, nil
}

// Accounts implements database.Database.
func (d *Database) Accounts() account.Store { return d.accounts }

// Sessions implements database.Database.
func (d *Database) Sessions() session.Store { return d.sessions }

// Keys implements database.Database.
func (d *Database) Keys() session.KeyStore { return d.keys }

// SignIn implements database.Database.
func (d *Database) SignIn(ctx context.Context, s database.SignIn) error {
	return d.signIns.signIn(ctx, s)
}

// Ready implements database.Database. It queries the version of the tables, with
// [database.MigrateOff] their columns.
func (d *Database) Ready(ctx context.Context) error { return d.tables.check(ctx) }

// Close closes the statements that Open prepared. The pool stays open.
func (d *Database) Close() error {
	return errors.Join(d.accounts.close(), d.sessions.close(), d.signIns.close())
}
