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
// # Program versions
//
// While a newer program is deployed, older processes still run. Each file
// therefore declares, on a separate line, the oldest program version that can use
// the tables after it; auth_migrations.oldest_program records that:
//
//	-- oldest program: 1
//
// A program accepts newer tables if all versions that it does not have are
// recorded as usable by it, and rejects versions without a record.
//
// A new migration raises [Program]. If it only adds tables, indexes, or columns
// that are nullable or have a default, it declares the same version as the
// migration before. A migration that renames, removes or restricts declares the
// first program version that works with the tables both before and after it, so
// that such a change takes two releases: one that stops using the column, and one
// that removes it. A release that stops using something, but has no migration,
// also raises Program.
//
// There are no down migrations: a downgrade to a program that cannot use the tables
// requires a backup from before.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"
)

//go:generate go run ./generate sqlite3
//go:generate go run ./generate postgres
//go:generate go run ./generate mysql

// Table is the name of the table with the applied versions.
const Table = "auth_migrations"

// Program is the version of this program as far as the tables are concerned. It
// is the same for all databases.
const Program = 3

// Files contains the migrations, in a directory per database.
//
//go:embed sqlite/*.sql postgres/*.sql mysql/*.sql
var Files embed.FS

// databases contains the differences between databases, by ent's dialect name.
var databases = map[string]struct {
	directory string      // of the files
	exists    string      // counts the tables of a name
	insert    string      // inserts a version and its record
	container string      // selects what contains the tables
	lock      sessionLock // prevents concurrent migrations
}{
	dialect.SQLite: {
		directory: "sqlite",
		exists:    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
		insert:    "INSERT INTO auth_migrations (version_id, is_applied, oldest_program) VALUES (?, TRUE, ?)",
		container: "SELECT 'database'",
	},
	dialect.Postgres: {
		directory: "postgres",
		exists:    "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
		insert:    "INSERT INTO auth_migrations (version_id, is_applied, oldest_program) VALUES ($1, TRUE, $2)",
		container: "SELECT 'schema ' || quote_ident(current_schema())",
		lock:      postgresLock,
	},
	dialect.MySQL: {
		directory: "mysql",
		exists:    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
		insert:    "INSERT INTO auth_migrations (version_id, is_applied, oldest_program) VALUES (?, TRUE, ?)",
		container: "SELECT CONCAT('database ', DATABASE())",
		lock:      mysqlLock,
	},
}

// Set contains the migrations of one database.
type Set struct {
	db        *sql.DB
	dialect   string
	files     fs.FS
	count     string // of the tables of a name
	container string
	lock      sessionLock
	store     recordStore
	required  int64
	program   int64
}

// For returns the migrations of a database, or an error if ent's dialect name is
// unknown.
func For(dialect string, db *sql.DB) (*Set, error) { return Load(dialect, db, Files, Program) }

// Load is [For] with the files and the version of another program. Tests of a
// newer program use it.
func Load(dialect string, db *sql.DB, files fs.FS, program int64) (*Set, error) {
	known, ok := databases[dialect]
	if !ok {
		return nil, fmt.Errorf("migrations: unknown database %q", dialect)
	}
	directory, err := fs.Sub(files, known.directory)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	store, err := goosedb.NewStore(goosedb.Dialect(dialect), Table)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	s := &Set{
		db: db, dialect: dialect, files: directory, count: known.exists, container: known.container, lock: known.lock, program: program,
		store: recordStore{Store: store, oldest: map[int64]int64{}, insert: known.insert},
	}
	return s, s.readRecords()
}

// readRecords reads the versions of the files and what they declare.
func (s *Set) readRecords() error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	for _, source := range provider.ListSources() {
		oldest, err := readRecord(s.files, source.Path)
		if err != nil {
			return err
		}
		if least := max(oldest, source.Version); s.program < least {
			return fmt.Errorf("migrations: %s requires that Program is at least %d: raise it", source.Path, least)
		}
		s.store.oldest[source.Version] = oldest
		s.required = max(s.required, source.Version)
	}
	return nil
}

// Required returns the version that this program requires.
func (s *Set) Required() int64 { return s.required }

// Current returns the version of the tables, 0 if nothing was applied. It does
// not write.
func (s *Set) Current(ctx context.Context) (int64, error) {
	exists, err := s.exists(ctx, s.db, Table)
	if err != nil || !exists {
		return 0, err
	}
	var version int64
	err = s.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+Table).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("migrations: reading %s: %w", Table, err)
	}
	return version, nil
}

// Check returns the version of the tables, and an error unless it is the required
// one, or a newer one that this program can use. It does not write.
func (s *Set) Check(ctx context.Context) (version int64, err error) {
	current, err := s.Current(ctx)
	switch {
	case err != nil:
		return 0, err
	case current > s.required:
		return current, s.checkRecord(ctx, current)
	case current < s.required:
		return current, fmt.Errorf("migrations: the tables are at version %d, this program requires version %d: "+
			`start it once with migrate = "apply", after a backup`, current, s.required)
	}
	return current, nil
}

// Apply migrates the tables to the required version. Each version is applied
// completely or not at all; MySQL cannot roll back the change of a table, so that
// an interrupted version is completed by the next call. Several programs may call
// Apply concurrently; each uses two connections. Apply does not change newer
// tables; Check reports whether this program can use them.
func (s *Set) Apply(ctx context.Context) error {
	current, err := s.Current(ctx)
	if err != nil || current >= s.required {
		return err
	}
	return s.lock.hold(ctx, s.db, func() error { return s.upgrade(ctx) })
}

// upgrade applies versions until the required one is reached. On SQLite, which
// has no lock, another program may apply a version at the same time.
func (s *Set) upgrade(ctx context.Context) error {
	for {
		current, err := s.Current(ctx)
		if err != nil || current >= s.required {
			return err
		}
		if err := s.up(ctx, current); err != nil && !s.isBeyond(ctx, current) {
			return err
		}
	}
}

// isBeyond reports whether the tables are at a later version, because another
// program has migrated them.
func (s *Set) isBeyond(ctx context.Context, version int64) bool {
	current, err := s.Current(ctx)
	return err == nil && current > version
}

// up applies the versions after the given one.
func (s *Set) up(ctx context.Context, version int64) error {
	if err := s.ensureTable(ctx); err != nil {
		return err
	}
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
	provider, err := goose.NewProvider(goose.DialectCustom, s.db, s.files,
		goose.WithStore(s.store), goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}
