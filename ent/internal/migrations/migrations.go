// Package migrations reports the version of the tables, and migrates them to the
// version that this program requires.
//
// Versions are numbers from 1. Each has one file per database, embedded in the
// program; the table auth_migrations records the applied versions. The files are
// generated from package schema and never change after a release:
//
//	go generate ./ent/...
//
// Files for PostgreSQL and MySQL need a server to plan on; see the command
// generate.
//
// There are no down migrations: a downgrade of the program requires a backup
// from before.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
)

//go:generate go run ./generate sqlite3
//go:generate go run ./generate postgres
//go:generate go run ./generate mysql

// Table is the name of the table with the applied versions.
const Table = "auth_migrations"

//go:embed sqlite/*.sql postgres/*.sql mysql/*.sql
var files embed.FS

// databases contains the differences between databases, by ent's dialect name.
var databases = map[string]struct {
	directory string      // of the files
	exists    string      // counts the tables of a name
	lock      sessionLock // prevents concurrent migrations
}{
	dialect.SQLite: {
		directory: "sqlite",
		exists:    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
	},
	dialect.Postgres: {
		directory: "postgres",
		exists:    "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
		lock:      postgresLock,
	},
	dialect.MySQL: {
		directory: "mysql",
		exists:    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
		lock:      mysqlLock,
	},
}

// Set contains the migrations of one database.
type Set struct {
	db       *sql.DB
	dialect  string
	files    fs.FS
	exists   string
	lock     sessionLock
	required int64
}

// For returns the migrations of a database, or an error if ent's dialect name is
// unknown.
func For(dialect string, db *sql.DB) (*Set, error) {
	known, ok := databases[dialect]
	if !ok {
		return nil, fmt.Errorf("migrations: unknown database %q", dialect)
	}
	directory, err := fs.Sub(files, known.directory)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	s := &Set{db: db, dialect: dialect, files: directory, exists: known.exists, lock: known.lock}
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	for _, source := range provider.ListSources() {
		s.required = max(s.required, source.Version)
	}
	return s, nil
}

// Required returns the version that this program requires.
func (s *Set) Required() int64 { return s.required }

// Current returns the version of the tables, 0 if nothing was applied. It does
// not write.
func (s *Set) Current(ctx context.Context) (int64, error) {
	var tables int
	if err := s.db.QueryRowContext(ctx, s.exists, Table).Scan(&tables); err != nil {
		return 0, fmt.Errorf("migrations: searching for %s: %w", Table, err)
	}
	if tables == 0 {
		return 0, nil
	}
	var version int64
	err := s.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+Table).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("migrations: reading %s: %w", Table, err)
	}
	return version, nil
}

// Check returns an error unless the tables are at the required version. It does
// not write.
func (s *Set) Check(ctx context.Context) error {
	current, err := s.Current(ctx)
	switch {
	case err != nil:
		return err
	case current > s.required:
		return s.newerThanRequired(current)
	case current < s.required:
		return fmt.Errorf("migrations: the tables are at version %d, this program requires version %d: "+
			`start it once with migrate = "apply", after a backup`, current, s.required)
	}
	return nil
}

// Apply migrates the tables to the required version. Each version is applied
// completely or not at all; MySQL cannot roll back the change of a table, so that
// an interrupted version is completed by the next call. Several programs may call
// Apply concurrently; each uses two connections. Newer tables are an error.
func (s *Set) Apply(ctx context.Context) error {
	current, err := s.Current(ctx)
	if err != nil || current == s.required {
		return err
	}
	return s.lock.hold(ctx, s.db, func() error { return s.upgrade(ctx) })
}

// upgrade applies versions until the required one is reached. On SQLite, which
// has no lock, another program may apply a version at the same time.
func (s *Set) upgrade(ctx context.Context) error {
	for {
		current, err := s.Current(ctx)
		switch {
		case err != nil:
			return err
		case current > s.required:
			return s.newerThanRequired(current)
		case current == s.required:
			return nil
		}
		if err := s.up(ctx, current); err != nil && !s.isBeyond(ctx, current) {
			return s.explain(ctx, current, err)
		}
	}
}

// explain adds to a failed first migration what to do about a table that already
// exists. On MySQL it may also be the result of an interrupted one, which the
// migration completes.
func (s *Set) explain(ctx context.Context, current int64, failed error) error {
	if current > 0 || s.dialect == dialect.MySQL {
		return failed
	}
	for _, table := range []string{"auth_users", "auth_identities", "auth_sessions"} {
		var tables int
		if err := s.db.QueryRowContext(ctx, s.exists, table).Scan(&tables); err == nil && tables > 0 {
			return fmt.Errorf("migrations: the database has a table %s that cotterpin did not create: "+
				"rename that table, or use another database or schema: %w", table, failed)
		}
	}
	return failed
}

// isBeyond reports whether the tables are at a later version, because another
// program has migrated them.
func (s *Set) isBeyond(ctx context.Context, version int64) bool {
	current, err := s.Current(ctx)
	return err == nil && current > version
}

// up applies the versions after the given one.
func (s *Set) up(ctx context.Context, version int64) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrations: migrating from version %d: %w", version, err)
	}
	return nil
}

// provider returns goose without global state and without output.
func (s *Set) provider() (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.Dialect(s.dialect), s.db, s.files,
		goose.WithTableName(Table), goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}

func (s *Set) newerThanRequired(current int64) error {
	return fmt.Errorf("migrations: the tables are at version %d, this program supports only version %d: "+
		"a newer program has migrated them; start that one, or restore the backup from before", current, s.required)
}
