// Command generate writes the next migration of one database: the statements
// that lead from the existing files to the tables of package schema. It writes
// nothing if there is no difference.
//
//	go run ./generate DIALECT
//
// DIALECT is ent's name of the database. The working directory is that of
// package migrations.
//
// Planning for PostgreSQL and MariaDB requires a server: the environment variable
// COTTERPIN_DEV_POSTGRES or COTTERPIN_DEV_MYSQL contains the URL of an empty
// database, in which the command creates tables. Without the variable the command
// writes nothing and reports that.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/internal/drift"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: generate DIALECT")
	}
	name := args[0]
	directory, db, err := open(name)
	if err != nil {
		return err
	}
	if db == nil {
		fmt.Fprintf(os.Stderr, "generate: skipping %s: no database to plan on\n", name)
		return nil
	}
	defer db.Close() //nolint:errcheck // a database for planning
	version, err := replay(ctx, name, db, directory)
	if err != nil {
		return err
	}
	changes, err := drift.Plan(ctx, name, db)
	if err != nil || len(changes) == 0 {
		return err
	}
	return write(filepath.Join(directory, fmt.Sprintf("%05d_schema.sql", version+1)), name, changes)
}

// open returns the directory of the files, and an empty database to plan on, or
// nil if there is none.
func open(name string) (directory string, db *sql.DB, err error) {
	switch name {
	case dialect.SQLite:
		db, err = sql.Open("sqlite", "file:plan?mode=memory&cache=shared&_pragma=foreign_keys(1)")
		return "sqlite", db, err
	case dialect.Postgres:
		db, err = openServer("COTTERPIN_DEV_POSTGRES", postgres.OpenPool)
		return "postgres", db, err
	case dialect.MySQL:
		db, err = openServer("COTTERPIN_DEV_MYSQL", mysql.OpenPool)
		return "mysql", db, err
	default:
		return "", nil, fmt.Errorf("unknown database %q", name)
	}
}

func openServer(variable string, open func(config.Secret) (*sql.DB, error)) (*sql.DB, error) {
	url := os.Getenv(variable)
	if url == "" {
		return nil, nil
	}
	return open(config.NewSecret(url))
}

// replay applies the existing files, and returns their version.
func replay(ctx context.Context, name string, db *sql.DB, directory string) (int64, error) {
	provider, err := goose.NewProvider(goose.Dialect(name), db, os.DirFS(directory), goose.WithDisableGlobalRegistry(true))
	if errors.Is(err, goose.ErrNoMigrations) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if _, err := provider.Up(ctx); err != nil {
		return 0, err
	}
	return provider.GetDBVersion(ctx)
}

func write(path, name string, changes []*migrate.Change) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // a source file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.WriteString(file, format(name, changes))
	return err
}

// format returns the statements in goose's format. The author replaces the
// question mark; until then no program accepts the file. On MySQL a table may already
// exist, because a version may have been interrupted between two statements; the
// author makes other statements repeatable, like those of version 2. On SQLite the
// author replaces a copy of a table by ADD COLUMN, and renames the file.
func format(name string, changes []*migrate.Change) string {
	var text strings.Builder
	text.WriteString("-- +goose Up\n-- oldest program: ?\n")
	for _, change := range changes {
		statement := change.Cmd
		if name == dialect.MySQL {
			statement = strings.Replace(statement, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1)
		}
		fmt.Fprintf(&text, "-- %s\n%s;\n", change.Comment, statement)
	}
	return text.String()
}
