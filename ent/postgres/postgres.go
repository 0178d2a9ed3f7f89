// Package postgres stores users and sessions in PostgreSQL, with the driver
// github.com/jackc/pgx: `database "postgres" { … }`. It is tested with
// PostgreSQL 15.
//
// The kit owns how connections are made. Each is in UTC and READ COMMITTED,
// whatever the server's defaults are, and only to a server that takes writes,
// so that of several hosts in the URL the primary is found. Making one may last
// five seconds a host; what is asked on it lasts as long as the caller's
// context. It is used for five minutes at most: after a fail-over the pool
// follows the name to the new server. While a server takes no writes, the
// connections that are there go on reading.
//
// Queries are prepared once a connection. A pooler that gives each transaction
// another connection must know of that, as PgBouncer does from 1.21 on with
// max_prepared_statements.
package postgres

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Settings are the arguments of `database "postgres"`.
type Settings struct {
	// URL of the database: "postgres://user:password@host:5432/name", with the
	// parameters that libpq knows, such as sslmode=verify-full. Several hosts
	// are parted by commas. What it leaves out is taken from the environment
	// and from files as libpq does: PGPASSWORD, ~/.pgpass. Required.
	// See https://www.postgresql.org/docs/15/libpq-connect.html.
	URL config.Secret `hcl:"url" doc:"postgres://user:password@host:5432/name?sslmode=verify-full"`

	// MaxOpenConns is how many connections a process has at most, 2 or more.
	// Default 10, which 0 means too.
	MaxOpenConns int `hcl:"max_open_conns,optional" doc:"how many connections a process has at most"`

	// Migrate says what is done about the tables: "check", "apply" or "off".
	// Default "check"; in development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "postgres".
var Type = database.Define(database.Definition[Settings]{
	Type:     "postgres",
	Summary:  "a PostgreSQL database",
	Default:  Settings{MaxOpenConns: entstore.DefaultMaxOpenConns},
	Validate: validate,
	Open: func(ctx context.Context, s Settings, env database.Env) (database.Database, error) {
		s.Migrate = string(entstore.Way(s.Migrate, env))
		return Open(ctx, s)
	},
})

func validate(s Settings, _ database.Env) []config.Problem {
	problems := append(entstore.ValidateMigrate(s.Migrate), entstore.ValidateMaxOpenConns(s.MaxOpenConns)...)
	if problem := checkURL(s.URL); problem != "" {
		problems = append(problems, config.Problem{Argument: "url", Message: problem})
	}
	return problems
}

// Open opens the database from Go. It fails if the server does not answer, or
// if the tables are not at the version that this program needs.
func Open(ctx context.Context, s Settings) (database.Database, error) {
	for _, mistake := range validate(s, database.Env{}) {
		return nil, fmt.Errorf("postgres: %s %s", mistake.Argument, mistake.Message)
	}
	pool, err := OpenPool(s.URL)
	if err != nil {
		return nil, err
	}
	entstore.LimitPool(pool, s.MaxOpenConns)
	return entstore.OpenOwned(ctx, pool, Dialect(), entstore.Way(s.Migrate, database.Env{}))
}

// Dialect is what entstore needs to know of PostgreSQL, for a program that
// opens the pool itself.
func Dialect() entstore.Dialect {
	return entstore.Dialect{
		Name:       dialect.Postgres,
		IsConflict: isConflict,
		IsDeadlock: isDeadlock,
	}
}
