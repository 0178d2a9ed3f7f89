// Package postgres stores users and sessions in PostgreSQL, with the driver
// github.com/jackc/pgx: `database "postgres" { … }`. It is tested with
// PostgreSQL 15.
//
// The kit configures each connection, independently of the server's defaults:
// UTC, READ COMMITTED, and only to a server that accepts writes, so that of
// several hosts in the URL the primary is used. Connecting times out after five
// seconds per host; statements are limited by the caller's context alone. A
// connection is closed after five minutes, so that after a failover the pool
// follows the host name to the new server. While a server accepts no writes,
// existing connections can still read.
//
// Queries are prepared once per connection. A pooler in transaction mode must
// support prepared statements, as PgBouncer 1.21 does with
// max_prepared_statements.
package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Settings are the arguments of `database "postgres"`.
type Settings struct {
	// URL of the database: "postgres://user:password@host:5432/name", with
	// parameters that libpq supports, such as sslmode=verify-full. Several hosts
	// are separated by commas. Omitted parts default to the environment and to
	// libpq's files: PGPASSWORD, ~/.pgpass. Required. A URL that is read with file(…),
	// in Go [config.SecretFrom], is read again for each connection, so that its
	// password may be rotated.
	// See https://www.postgresql.org/docs/15/libpq-connect.html.
	URL config.Secret `hcl:"url" doc:"postgres://user:password@host:5432/name?sslmode=verify-full"`

	// ListenURL is the URL over which the kit is notified of what other processes
	// write, for session "own" with cache_ttl: a pooler in transaction mode passes on
	// no notifications. Default URL.
	ListenURL config.Secret `hcl:"listen_url,optional" doc:"for session \"own\" with cache_ttl: a URL for notifications, without a pooler in transaction mode; default url"`

	// MaxOpenConns is the maximum number of connections of this process, at
	// least 2. Default 10; 0 means the default.
	MaxOpenConns int `hcl:"max_open_conns,optional" doc:"how many connections a process has at most"`

	// Migrate is "check", "apply" or "off"; see [database.Migrate]. Default
	// "check"; in development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "postgres".
var Type = database.Define(database.Definition[Settings]{
	Type:     "postgres",
	Summary:  "a PostgreSQL database",
	Default:  Settings{MaxOpenConns: entstore.DefaultMaxOpenConns},
	Validate: validate,
	Open:     open,
	Plan:     plan,
})

// Database returns the block `database "postgres"` for settings in Go. Zero fields
// have the defaults of the file.
func Database(s Settings) *database.Instance {
	return &database.Instance{Type: Type, Settings: &s}
}

func validate(s Settings, _ database.Env) []config.Problem {
	problems := append(entstore.ValidateMigrate(s.Migrate), entstore.ValidateMaxOpenConns(s.MaxOpenConns)...)
	if problem := checkURL(s.URL); problem != "" {
		problems = append(problems, config.Problem{Argument: "url", Message: problem})
	}
	if problem := checkURL(s.ListenURL); problem != "" && !s.ListenURL.IsZero() {
		problems = append(problems, config.Problem{Argument: "listen_url", Message: problem})
	}
	return problems
}

// Open opens the database from Go. It fails if the server is unreachable, or if
// this program cannot use the version of the tables. It logs to slog.Default.
func Open(ctx context.Context, s Settings) (database.Database, error) {
	return open(ctx, s, database.Env{Log: slog.Default()})
}

func open(ctx context.Context, s Settings, env database.Env) (database.Database, error) {
	for _, problem := range validate(s, env) {
		return nil, fmt.Errorf("postgres: %s %s", problem.Argument, problem.Message)
	}
	pool, err := OpenPool(s.URL)
	if err != nil {
		return nil, err
	}
	entstore.LimitPool(pool, s.MaxOpenConns)
	opened, err := entstore.OpenOwned(ctx, pool, Dialect(), entstore.MigrateOrDefault(s.Migrate, env), env.Log)
	if err != nil {
		return nil, entstore.Unreachable(address(s.URL), err)
	}
	return withListener(opened, pool, s, env.Log)
}

// Dialect returns the dialect of PostgreSQL, for a program that opens the pool
// itself.
func Dialect() entstore.Dialect {
	return entstore.Dialect{
		Name:         dialect.Postgres,
		IsConflict:   isConflict,
		IsReferenced: isReferenced,
		IsDeadlock:   isDeadlock,
		Explain:      explainRights,
	}
}
