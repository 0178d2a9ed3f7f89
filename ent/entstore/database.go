// Package entstore keeps users, identities and sessions in a SQL database. It
// implements account.Store and session.Store once, for every database that ent
// knows; what differs is a [Dialect].
//
// Applications open a database with the package of that database, such as
// ent/sqlite, or name it in the configuration file.
//
// # Statements
//
// A session is found with one prepared statement, as is a user, and revoked with
// one. A known identity logs in with three: Find, and Create of a session
// (two in a transaction, which record the login too). Create takes one more if it
// ends older sessions, two on MySQL. A new identity logs in with five: Find,
// Register (two in a transaction) and Create. Where no sessions are kept,
// RecordLogin (one) takes the place of Create. BEGIN and COMMIT are not counted.
//
// No statement reads a whole table, however large.
//
// # Errors
//
// Those of the two interfaces. Any other error means that the database could
// not be asked, or that it is not known what it did; it wraps the driver's.
package entstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// Database is an opened database; see [Open].
type Database struct {
	tables   tables
	accounts *accounts
	sessions *sessions
}

var _ database.Database = (*Database)(nil)

// Open prepares a pool of connections for the kit: it migrates if it is told
// to, and refuses tables that are not what this program needs or would not keep
// the stores' promises. To see the latter it registers somebody in a
// transaction that it rolls back.
//
// On the pool, a transaction must lock what it writes until it ends, and an
// update must count the rows it found, changed or not (at MySQL:
// clientFoundRows=true). The pool stays the caller's, who closes it after the
// Database.
func Open(ctx context.Context, pool *sql.DB, d Dialect, way database.Migrate) (*Database, error) {
	set, err := migrations.For(d.Name, pool)
	if err != nil {
		return nil, err
	}
	tables := tables{pool: pool, dialect: d, migrations: set, way: way}
	if err := tables.prepare(ctx); err != nil {
		return nil, err
	}
	engine := newEngine(pool, d)
	if err := selfCheck(ctx, engine); err != nil {
		return nil, err
	}
	accounts, err := newAccounts(ctx, engine)
	if err != nil {
		return nil, err
	}
	sessions, err := newSessions(ctx, engine)
	if err != nil {
		return nil, errors.Join(err, accounts.close())
	}
	return &Database{tables: tables, accounts: accounts, sessions: sessions}, nil
}

// Accounts implements database.Database.
func (d *Database) Accounts() account.Store { return d.accounts }

// Sessions implements database.Database.
func (d *Database) Sessions() session.Store { return d.sessions }

// Ready implements database.Database: it asks the database for the version of
// its tables, or for their columns where the application migrates.
func (d *Database) Ready(ctx context.Context) error { return d.tables.check(ctx) }

// Close releases what Open prepared on the pool, which stays open.
func (d *Database) Close() error { return errors.Join(d.accounts.close(), d.sessions.close()) }
