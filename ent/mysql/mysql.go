// Package mysql stores users and sessions in MariaDB or MySQL, with the driver
// github.com/go-sql-driver/mysql: `database "mysql" { … }`. It is tested with
// MariaDB 10.11; MySQL 8 is untested.
//
// The kit owns how connections are made. Each is in UTC, in strict SQL mode, in
// utf8mb4 and READ COMMITTED, whatever the server's defaults are. At REPEATABLE
// READ a transaction would not see who registered meanwhile, and first logins
// that run at once would deadlock. Making a connection may last five seconds;
// what is asked on it lasts as long as the caller's context. It is used for
// five minutes at most, and dropped when its server turns out to be read-only:
// after a fail-over the pool follows the name to the new server.
//
// A server whose binlog_format is STATEMENT does not take writes at READ
// COMMITTED; MIXED and ROW, the defaults, do.
//
// These databases cannot undo the change of a table. A migration that was
// broken off is completed by the next one that is applied.
package mysql

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Settings are the arguments of `database "mysql"`.
type Settings struct {
	// URL of the database: "mysql://user:password@host:3306/name". The one
	// parameter is tls: "true" (encrypted, and the certificate is checked),
	// "preferred" (encrypted if the server can, unchecked), "skip-verify"
	// (encrypted, unchecked) or "false" (the default). Required.
	URL config.Secret `hcl:"url" doc:"mysql://user:password@host:3306/name?tls=true"`

	// MaxOpenConns is how many connections a process has at most, 2 or more.
	// Default 10, which 0 means too.
	MaxOpenConns int `hcl:"max_open_conns,optional" doc:"how many connections a process has at most"`

	// Migrate says what is done about the tables: "check", "apply" or "off".
	// Default "check"; in development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "mysql".
var Type = database.Define(database.Definition[Settings]{
	Type:     "mysql",
	Summary:  "a MariaDB or MySQL database",
	Default:  Settings{MaxOpenConns: entstore.DefaultMaxOpenConns},
	Validate: validate,
	Open: func(ctx context.Context, s Settings, env database.Env) (database.Database, error) {
		s.Migrate = string(entstore.Way(s.Migrate, env))
		return Open(ctx, s)
	},
})

func validate(s Settings, _ database.Env) []config.Problem {
	problems := append(entstore.ValidateMigrate(s.Migrate), entstore.ValidateMaxOpenConns(s.MaxOpenConns)...)
	if _, err := parseURL(s.URL); err != nil {
		problems = append(problems, config.Problem{Argument: "url", Message: err.Error()})
	}
	return problems
}

// Open opens the database from Go. It fails if the server does not answer, or
// if the tables are not at the version that this program needs.
func Open(ctx context.Context, s Settings) (database.Database, error) {
	for _, mistake := range validate(s, database.Env{}) {
		return nil, fmt.Errorf("mysql: %s %s", mistake.Argument, mistake.Message)
	}
	pool, err := OpenPool(s.URL)
	if err != nil {
		return nil, err
	}
	entstore.LimitPool(pool, s.MaxOpenConns)
	return entstore.OpenOwned(ctx, pool, Dialect(), entstore.Way(s.Migrate, database.Env{}))
}

// Dialect is what entstore needs to know of MariaDB and MySQL, for a program
// that opens the pool itself. Its connections must count found rows, not
// changed ones (clientFoundRows=true).
func Dialect() entstore.Dialect {
	return entstore.Dialect{
		Name:       dialect.MySQL,
		IsConflict: isConflict,
		IsDeadlock: isDeadlock,
	}
}
