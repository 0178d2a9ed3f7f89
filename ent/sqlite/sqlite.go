// Package sqlite stores users and sessions in an SQLite file, with the driver
// modernc.org/sqlite, which needs no C compiler: `database "sqlite" { … }`.
//
// The kit owns how the file is opened: write-ahead log, foreign keys enforced,
// and every transaction takes the write lock as it begins, asking for it for up
// to five seconds. With SQLite's defaults most of the first logins that run at
// once would fail.
//
// SQLite lets one connection write at a time. The logins of a process wait for
// each other in the order in which they came, and nobody who only reads waits.
// Several processes on one machine may share a file, but not over a network file
// system; which of them writes next is chance, and may take some tenths of a
// second. A commit survives the death of the process; when the machine loses
// power, the last ones may be undone.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Memory is the path of a database in the memory of the process, gone when it
// is closed: for tests. Every one that is opened is another, and starts empty.
const Memory = ":memory:"

// Settings are the arguments of `database "sqlite"`.
type Settings struct {
	// Path of the file. In a configuration file it is relative to that, in Go
	// to the working directory. Default "auth.db"; required in Go.
	Path string `hcl:"path,optional" doc:"the database file, relative to this one; \":memory:\" for tests"`

	// Migrate says what is done about the tables: "check", "apply" (which makes
	// a missing file, readable for its owner alone) or "off". Default "check";
	// in development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "sqlite".
var Type = database.Define(database.Definition[Settings]{
	Type:     "sqlite",
	Summary:  "an SQLite file on this machine",
	Default:  Settings{Path: "auth.db"},
	Validate: validate,
	Open: func(ctx context.Context, s Settings, env database.Env) (database.Database, error) {
		if s.Path != Memory && !filepath.IsAbs(s.Path) {
			s.Path = filepath.Join(env.Directory, s.Path)
		}
		s.Migrate = string(entstore.Way(s.Migrate, env))
		return Open(ctx, s)
	},
})

func validate(s Settings, _ database.Env) []config.Problem {
	problems := entstore.ValidateMigrate(s.Migrate)
	switch {
	case s.Path == "":
		problems = append(problems, config.Problem{
			Argument: "path",
			Message:  `must not be empty: name a file, such as "auth.db"`,
		})
	case strings.HasPrefix(s.Path, "file:"):
		problems = append(problems, config.Problem{
			Argument: "path",
			Message:  `is the path of a file, not a URI: leave out "file:" and everything from "?" on`,
		})
	}
	return problems
}

// Open opens the database from Go. It fails if the file cannot be used, or if
// its tables are not at the version that this program needs.
func Open(ctx context.Context, s Settings) (database.Database, error) {
	for _, mistake := range validate(s, database.Env{}) {
		return nil, fmt.Errorf("sqlite: %s %s", mistake.Argument, mistake.Message)
	}
	pool, err := openPool(s)
	if err != nil {
		return nil, err
	}
	opened, err := entstore.OpenOwned(ctx, pool, Dialect(), way(s))
	if err != nil {
		return nil, explain(s.Path, err)
	}
	return opened, nil
}

// Dialect is what entstore needs to know of SQLite, for a program that opens
// the file itself. Its connections must enforce foreign keys, and begin every
// transaction as immediate.
func Dialect() entstore.Dialect {
	return entstore.Dialect{Name: dialect.SQLite, IsConflict: isConflict, IsBusy: isBusy}
}

// way is what is done about the tables. Those in memory are never there yet.
func way(s Settings) database.Migrate {
	if s.Path == Memory {
		return database.MigrateApply
	}
	return entstore.Way(s.Migrate, database.Env{})
}

// openPool opens connections that nothing was asked of yet. One of them writes
// at a time, while the others read. A database in memory is its connection.
func openPool(s Settings) (*sql.DB, error) {
	connections := 1
	if s.Path != Memory {
		connections = max(4, 2*runtime.GOMAXPROCS(0))
		if err := touch(s.Path, way(s) == database.MigrateApply); err != nil {
			return nil, err
		}
	}
	made, err := Connector(s.Path)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(made)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}
