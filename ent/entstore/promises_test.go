package entstore_test

import (
	"database/sql"
	"log/slog"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

const foreignKeys = "&_pragma=foreign_keys(1)"

// openTables opens an in-memory database with the tables.
func openTables(t *testing.T, pragmas string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", "file::memory:?_txlock=immediate"+pragmas)
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = pool.Close() })
	set, err := migrations.For(dialect.SQLite, pool)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	return pool
}

func execute(t *testing.T, pool *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func openStore(t *testing.T, pool *sql.DB, migrate database.Migrate) error {
	t.Helper()
	db, err := entstore.Open(t.Context(), pool, sqlite.Dialect(), migrate, slog.Default())
	if err != nil {
		return err
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	return db.Close()
}

// replaceIdentities recreates the table of identities with a changed definition.
func replaceIdentities(t *testing.T, pool *sql.DB, old, replacement string) {
	t.Helper()
	var definition string
	row := pool.QueryRowContext(t.Context(), "SELECT sql FROM sqlite_master WHERE name = 'auth_identities'")
	if err := row.Scan(&definition); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(definition, old, replacement, 1)
	if changed == definition {
		t.Fatalf("%q is not in %s", old, definition)
	}
	execute(t, pool, "DROP TABLE auth_identities", changed,
		"CREATE UNIQUE INDEX auth_identities_issuer_subject ON auth_identities (issuer, subject)")
}

func TestOpen_UnsuitableTables(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		pragmas string
		change  func(*testing.T, *sql.DB)
		want    string
	}{
		"CaseInsensitiveSubject": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			replaceIdentities(t, pool, "`subject` text", "`subject` text COLLATE NOCASE")
		}, "byte-wise"},
		"SubjectWithoutTrailingSpaces": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			replaceIdentities(t, pool, "`subject` text", "`subject` text COLLATE RTRIM")
		}, "byte-wise"},
		"CaseInsensitiveIssuer": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			replaceIdentities(t, pool, "`issuer` text", "`issuer` text COLLATE NOCASE")
		}, "byte-wise"},
		"NoUniqueKey": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			execute(t, pool, "DROP INDEX auth_identities_issuer_subject")
		}, "unique key"},
		"NoUniqueID": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			execute(t, pool, "DROP INDEX auth_users_external_id_key")
		}, "unique key over external_id"},
		"CaseInsensitiveID": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			execute(t, pool, "DROP INDEX auth_users_external_id_key", "ALTER TABLE auth_users DROP COLUMN external_id",
				"ALTER TABLE auth_users ADD COLUMN external_id text COLLATE NOCASE", "CREATE UNIQUE INDEX external_id ON auth_users (external_id)")
		}, "external_id byte-wise"},
		"NoCascade": {"", func(*testing.T, *sql.DB) {}, "ON DELETE CASCADE"},
		"OtherRequiredColumn": {foreignKeys, func(t *testing.T, pool *sql.DB) {
			execute(t, pool, "CREATE TRIGGER nickname BEFORE INSERT ON auth_users BEGIN SELECT RAISE(ABORT, 'no nickname'); END")
		}, "reject a new user"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := openStore(t, openTables(t, foreignKeys), database.MigrateCheck); err != nil {
				t.Fatalf("Open of the unchanged tables: %v", err)
			}
			pool := openTables(t, c.pragmas)
			c.change(t, pool)
			if err := openStore(t, pool, database.MigrateCheck); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestOpen_SelfCheckLeavesNoRows(t *testing.T) {
	t.Parallel()
	pool := openTables(t, foreignKeys)
	if err := openStore(t, pool, database.MigrateCheck); err != nil {
		t.Fatalf("Open: %v", err)
	}
	for _, table := range []string{"auth_users", "auth_identities", "auth_sessions", "auth_keys", "auth_marks"} {
		var rows int
		if err := pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s has %d rows, want none (error %v)", table, rows, err)
		}
	}
}

func TestOpen_MigrateOff(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		statement string
		want      string // "": no error
	}{
		"NoVersions":    {"DROP TABLE auth_migrations", ""},
		"MoreColumns":   {"ALTER TABLE auth_users ADD COLUMN nickname text", ""},
		"MoreTables":    {"CREATE TABLE notes (id integer)", ""},
		"MissingColumn": {"ALTER TABLE auth_users RENAME COLUMN not_before_ms TO other", "auth_users lacks not_before_ms"},
		"MissingTable":  {"DROP TABLE auth_sessions", "auth_sessions"},
		"MissingKeys":   {"DROP TABLE auth_keys", "auth_keys"},
		"MissingMarks":  {"DROP TABLE auth_marks", "auth_marks"},
		"OldUsers": {
			"DROP INDEX auth_users_external_id_key; ALTER TABLE auth_users RENAME COLUMN external_id TO other", "auth_users lacks external_id",
		},
		"OldSessions": {"ALTER TABLE auth_sessions RENAME COLUMN previous_hash TO other", "auth_sessions lacks previous_hash"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := openTables(t, foreignKeys)
			if err := openStore(t, pool, database.MigrateOff); err != nil {
				t.Fatalf("Open of the unchanged tables: %v", err)
			}
			execute(t, pool, c.statement)
			err := openStore(t, pool, database.MigrateOff)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("Open: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("Open: got %v, want an error with %q", err, c.want)
			}
		})
	}
}
