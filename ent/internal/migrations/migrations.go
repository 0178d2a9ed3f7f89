// Package migrations brings the tables of cotterpin to the version that this
// program needs, and says at which version they are.
//
// A version is a number from 1 on. Each is a file per database, embedded in the
// program; the table auth_migrations records which were applied. The files are
// generated from package schema and do not change once they were released:
//
//	go generate ./ent/...
//
// Those for PostgreSQL and MySQL need a server to plan on; see the command
// generate.
//
// There is no way down: going back to an older program means restoring a backup.
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

// Table records which versions were applied.
const Table = "auth_migrations"

//go:embed sqlite/*.sql postgres/*.sql mysql/*.sql
var files embed.FS

// databases is what differs between databases, by the name that ent knows them by.
var databases = map[string]struct {
	folder string      // of the files
	exists string      // a query for the number of tables named so
	lock   sessionLock // lets one program migrate at a time
}{
	dialect.SQLite: {
		folder: "sqlite",
		exists: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
	},
	dialect.Postgres: {
		folder: "postgres",
		exists: "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
		lock:   postgresLock,
	},
	dialect.MySQL: {
		folder: "mysql",
		exists: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
		lock:   mysqlLock,
	},
}

// Set is the migrations of one database.
type Set struct {
	db      *sql.DB
	dialect string
	files   fs.FS
	exists  string
	lock    sessionLock
	need    int64
}

// For returns the migrations of a database. Dialect is the name that ent knows
// it by; an unknown one is an error.
func For(dialect string, db *sql.DB) (*Set, error) {
	known, ok := databases[dialect]
	if !ok {
		return nil, fmt.Errorf("migrations: there are none for the database %q", dialect)
	}
	folder, err := fs.Sub(files, known.folder)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	s := &Set{db: db, dialect: dialect, files: folder, exists: known.exists, lock: known.lock}
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	for _, source := range provider.ListSources() {
		s.need = max(s.need, source.Version)
	}
	return s, nil
}

// Need returns the version that this program needs.
func (s *Set) Need() int64 { return s.need }

// Have returns the version that the tables are at: 0 if nothing was ever
// applied. It writes nothing.
func (s *Set) Have(ctx context.Context) (int64, error) {
	var tables int
	if err := s.db.QueryRowContext(ctx, s.exists, Table).Scan(&tables); err != nil {
		return 0, fmt.Errorf("migrations: looking for %s: %w", Table, err)
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

// Check returns an error unless the tables are at the version that this program
// needs. It writes nothing.
func (s *Set) Check(ctx context.Context) error {
	have, err := s.Have(ctx)
	switch {
	case err != nil:
		return err
	case have > s.need:
		return s.tooNew(have)
	case have < s.need:
		return fmt.Errorf("migrations: the tables are at version %d, this program needs version %d: "+
			`start it once with migrate = "apply", after a backup`, have, s.need)
	}
	return nil
}

// Apply brings the tables to the version that this program needs. Each version
// is applied wholly or not at all; on MySQL, which cannot undo the change of a
// table, one that was broken off is completed by the next call. Several
// programs may apply at once, each on two connections. Tables that are newer
// are an error.
func (s *Set) Apply(ctx context.Context) error {
	have, err := s.Have(ctx)
	if err != nil || have == s.need {
		return err
	}
	return s.lock.hold(ctx, s.db, func() error { return s.climb(ctx) })
}

// climb applies what is missing until nothing is. Where there is no lock,
// another program may be faster.
func (s *Set) climb(ctx context.Context) error {
	for {
		have, err := s.Have(ctx)
		switch {
		case err != nil:
			return err
		case have > s.need:
			return s.tooNew(have)
		case have == s.need:
			return nil
		}
		if err := s.up(ctx, have); err != nil && !s.movedOn(ctx, have) {
			return err
		}
	}
}

// movedOn reports whether another program brought the tables beyond a version,
// which makes our own attempt to do so fail.
func (s *Set) movedOn(ctx context.Context, version int64) bool {
	now, err := s.Have(ctx)
	return err == nil && now > version
}

// up applies what follows a version.
func (s *Set) up(ctx context.Context, version int64) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrations: applying what follows version %d: %w", version, err)
	}
	return nil
}

// provider returns goose without its global state, and silent.
func (s *Set) provider() (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.Dialect(s.dialect), s.db, s.files,
		goose.WithTableName(Table), goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}

func (s *Set) tooNew(have int64) error {
	return fmt.Errorf("migrations: the tables are at version %d, this program knows only version %d: "+
		"a newer program has migrated them; start that one, or restore the backup from before", have, s.need)
}
