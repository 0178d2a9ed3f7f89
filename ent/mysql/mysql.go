// Package mysql stores users and sessions in MariaDB or MySQL, with the driver
// github.com/go-sql-driver/mysql: `database "mysql" { … }`. It is tested with
// MariaDB 10.11; MySQL 8 is untested.
//
// The kit configures each connection, independently of the server's defaults:
// UTC, strict SQL mode, utf8mb4, READ COMMITTED. At REPEATABLE READ a
// transaction would miss concurrent registrations, and concurrent first logins
// would deadlock. Connecting times out after five seconds; statements are
// limited by the caller's context alone. A connection is closed after five
// minutes, and as soon as its server turns out to be read-only, so that after a
// failover the pool follows the host name to the new server.
//
// A server with binlog_format = STATEMENT rejects writes at READ COMMITTED; the
// defaults MIXED and ROW work.
//
// Neither database can roll back the change of a table. An interrupted migration
// is completed by the next Apply.
package mysql

import (
	"context"
	"fmt"
	"log/slog"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Settings are the arguments of `database "mysql"`.
type Settings struct {
	// URL of the database: "mysql://user:password@host:3306/name". The only
	// parameter is tls: "true" (encrypted, certificate verified), "preferred"
	// (encrypted if the server supports it, not verified), "skip-verify"
	// (encrypted, not verified) or "false" (the default). Required. A URL that is
	// read with file(…), in Go [config.SecretFrom], is read again for each connection,
	// so that its password may be rotated.
	URL config.Secret `hcl:"url" doc:"mysql://user:password@host:3306/name?tls=true"`

	// MaxOpenConns is the maximum number of connections of this process, at
	// least 2. Default 10; 0 means the default.
	MaxOpenConns int `hcl:"max_open_conns,optional" doc:"how many connections a process has at most"`

	// Migrate is "check", "apply" or "off"; see [database.Migrate]. Default
	// "check"; in development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "mysql".
var Type = database.Define(database.Definition[Settings]{
	Type:     "mysql",
	Summary:  "a MariaDB or MySQL database",
	Default:  Settings{MaxOpenConns: entstore.DefaultMaxOpenConns},
	Validate: validate,
	Open:     open,
	Plan:     plan,
})

// Database returns the block `database "mysql"` for settings in Go. Zero fields
// have the defaults of the file.
func Database(s Settings) *database.Instance {
	return &database.Instance{Type: Type, Settings: &s}
}

func validate(s Settings, _ database.Env) []config.Problem {
	problems := append(entstore.ValidateMigrate(s.Migrate), entstore.ValidateMaxOpenConns(s.MaxOpenConns)...)
	if _, err := parseURL(s.URL); err != nil {
		problems = append(problems, config.Problem{Argument: "url", Message: err.Error()})
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
		return nil, fmt.Errorf("mysql: %s %s", problem.Argument, problem.Message)
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
	return opened, nil
}

// Dialect returns the dialect of MariaDB and MySQL, for a program that opens the
// pool itself. Its connections must count matched rows instead of changed rows
// (clientFoundRows=true).
func Dialect() entstore.Dialect {
	return entstore.Dialect{
		Name:         dialect.MySQL,
		IsConflict:   isConflict,
		IsReferenced: isReferenced,
		IsDeadlock:   isDeadlock,
		Explain:      explainRights,
	}
}
