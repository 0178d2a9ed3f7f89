// Package sqlite stores users and sessions in an SQLite file, with the driver
// modernc.org/sqlite, which needs no C compiler: `database "sqlite" { … }`.
//
// The kit configures each connection: write-ahead log, foreign keys enforced,
// and transactions that acquire the write lock when they begin, with a timeout
// of five seconds. With SQLite's defaults most concurrent first logins would
// fail.
//
// SQLite allows one writer at a time. The writers of a process wait in order of
// arrival; readers do not wait. Several processes on one machine may share a
// file, but not over a network file system; the order of their writes is
// arbitrary, and a wait may take some tenths of a second. A commit survives a
// crash of the process; after a power failure the last commits may be lost.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

const defaultPath = "auth.db"

// Memory is the path of an in-memory database, for tests. Each Open creates an
// empty one, and Close discards it.
const Memory = ":memory:"

// Settings are the arguments of `database "sqlite"`.
type Settings struct {
	// Path of the file. In a configuration file it is relative to the directory
	// of that file, in Go to the working directory. Default "auth.db".
	Path string `hcl:"path,optional" doc:"the database file, relative to this one; \":memory:\" for tests"`

	// Migrate is "check", "apply" or "off"; see [database.Migrate]. Except for
	// "off", a missing file is created, readable and writable by its owner only;
	// also for "check" it gets the tables if it has none. Default "check"; in
	// development "apply".
	Migrate string `hcl:"migrate,optional" doc:"check, apply, or off where the application migrates; default check, in development apply"`
}

// Type is the type of database "sqlite".
var Type = database.Define(database.Definition[Settings]{
	Type:     "sqlite",
	Summary:  "an SQLite file on this machine",
	Default:  Settings{Path: defaultPath},
	Validate: validate,
	Open:     open,
	Plan:     plan,
})

// Database returns the block `database "sqlite"` for settings in Go. Zero fields
// have the defaults of the file.
func Database(s Settings) *database.Instance {
	return &database.Instance{Type: Type, Settings: &s}
}

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
// this program cannot use the version of its tables. It logs to slog.Default.
func Open(ctx context.Context, s Settings) (database.Database, error) {
	s.Path = cmp.Or(s.Path, defaultPath)
	return open(ctx, s, database.Env{Log: slog.Default()})
}

func open(ctx context.Context, s Settings, env database.Env) (database.Database, error) {
	for _, problem := range validate(s, env) {
		return nil, fmt.Errorf("sqlite: %s %s", problem.Argument, problem.Message)
	}
	s.Path = s.file(env)
	mode := entstore.MigrateOrDefault(s.Migrate, env)
	pool, err := openPool(s.Path, mode)
	if err != nil {
		return nil, err
	}
	if s.Path == Memory || mode == database.MigrateCheck && isNew(ctx, pool) {
		mode = database.MigrateApply
	}
	opened, err := entstore.OpenOwned(ctx, pool, Dialect(), mode, env.Log)
	if err != nil {
		return nil, explain(s.Path, err)
	}
	if s.Path == Memory || !isUTF8(ctx, pool) {
		return opened, nil
	}
	return withReaders(opened, s.Path)
}

// file returns Path as it is opened.
func (s Settings) file(env database.Env) string {
	if s.Path == Memory || filepath.IsAbs(s.Path) {
		return s.Path
	}
	return filepath.Join(env.Directory, s.Path)
}

// Dialect returns the dialect of SQLite, for a program that opens the file
// itself. Its connections must enforce foreign keys, and begin every transaction
// as immediate.
func Dialect() entstore.Dialect {
	return entstore.Dialect{Name: dialect.SQLite, IsConflict: isConflict, IsReferenced: isReferenced, IsBusy: isBusy}
}

// isNew reports whether another process may be creating the tables: there are none
// except that of migrations, or those of some version without a user. Migrating
// such tables needs no backup. After an error it returns false, and the caller
// finds the error again.
func isNew(ctx context.Context, pool *sql.DB) bool {
	var tables int
	err := pool.QueryRowContext(ctx,
		"SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT IN ('auth_migrations', 'sqlite_sequence')").Scan(&tables)
	if err != nil || tables == 0 {
		return err == nil
	}
	var unused bool
	err = pool.QueryRowContext(ctx,
		"SELECT EXISTS (SELECT 1 FROM auth_migrations WHERE version_id > 0) AND NOT EXISTS (SELECT 1 FROM auth_users)").Scan(&unused)
	return err == nil && unused
}

// isUTF8 reports whether the file has the default encoding. After an error it
// returns false.
func isUTF8(ctx context.Context, pool *sql.DB) bool {
	var encoding string
	err := pool.QueryRowContext(ctx, "PRAGMA encoding").Scan(&encoding)
	return err == nil && encoding == "UTF-8"
}

// openPool returns the pool, with enough connections for readers in addition to
// the writer. A database in memory belongs to a single connection.
func openPool(path string, mode database.Migrate) (*sql.DB, error) {
	connections := 1
	if path != Memory {
		connections = fileConnections()
		if err := ensureFile(path, mode != database.MigrateOff); err != nil {
			return nil, err
		}
	}
	connector, err := Connector(path)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// fileConnections is the maximum number of a pool's connections to a file.
func fileConnections() int { return max(4, 2*runtime.GOMAXPROCS(0)) }
