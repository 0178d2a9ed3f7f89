package migrations_test

import (
	"database/sql"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/cotterpin/cotterpin/ent/internal/drift"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// openMemory opens an empty database.
func openMemory(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file::memory:?_pragma=foreign_keys(1)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newSet(t *testing.T, db *sql.DB) *migrations.Set {
	t.Helper()
	set, err := migrations.For(dialect.SQLite, db)
	if err != nil {
		t.Fatalf("For: %v", err)
	}
	return set
}

func wantVersion(t *testing.T, set *migrations.Set, want int64) {
	t.Helper()
	if current, err := set.Current(t.Context()); err != nil || current != want {
		t.Fatalf("Current: %d, want %d (error %v)", current, want, err)
	}
}

func tables(t *testing.T, db *sql.DB) (names []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSet_CheckWritesNothing(t *testing.T) {
	t.Parallel()
	db := openMemory(t)
	set := newSet(t, db)
	wantVersion(t, set, 0)
	if _, err := set.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "version 0") {
		t.Errorf("Check: got %v, want an error with the versions", err)
	}
	if names := tables(t, db); len(names) != 0 {
		t.Errorf("Check created the tables %v", names)
	}
}

func TestSet_ApplyTwice(t *testing.T) {
	t.Parallel()
	set := newSet(t, openMemory(t))
	for range 2 {
		if err := set.Apply(t.Context()); err != nil {
			t.Fatalf("Apply: %v", err)
		}
		wantVersion(t, set, set.Required())
		if _, err := set.Check(t.Context()); err != nil {
			t.Fatalf("Check: %v", err)
		}
	}
}

func TestSet_MatchesSchema(t *testing.T) {
	t.Parallel()
	db := openMemory(t)
	if changes, err := drift.Plan(t.Context(), dialect.SQLite, db); err != nil || len(changes) == 0 {
		t.Fatalf("an empty database needs %d changes, want some (error %v)", len(changes), err)
	}
	if err := newSet(t, db).Apply(t.Context()); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	changes, err := drift.Plan(t.Context(), dialect.SQLite, db)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	for _, change := range changes {
		t.Errorf("the migrations lack a change, run go generate ./ent/...: %s", change.Comment)
	}
}

func TestPlan_Drift(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"AddedColumn":   "ALTER TABLE auth_users ADD COLUMN nickname text",
		"MissingIndex":  "DROP INDEX auth_sessions_expires_ms",
		"MissingKey":    "DROP INDEX auth_identities_issuer_subject",
		"MissingTable":  "DROP TABLE auth_sessions",
		"RenamedColumn": "ALTER TABLE auth_identities RENAME COLUMN phone TO telephone",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openMemory(t)
			if err := newSet(t, db).Apply(t.Context()); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			if changes, err := drift.Plan(t.Context(), dialect.SQLite, db); err != nil || len(changes) == 0 {
				t.Errorf("no drift is reported (error %v)", err)
			}
		})
	}
}

func TestSet_ApplyFailure(t *testing.T) {
	t.Parallel()
	db := openMemory(t)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE auth_sessions (mine text)"); err != nil {
		t.Fatal(err)
	}
	set := newSet(t, db)
	if err := set.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Fatalf("Apply: got %v, want a failure", err)
	}
	wantVersion(t, set, 0)
	for _, name := range tables(t, db) {
		if name == "auth_users" || name == "auth_identities" {
			t.Errorf("the version was applied in part: %s exists", name)
		}
	}
}

func TestFor_UnknownDatabase(t *testing.T) {
	t.Parallel()
	if _, err := migrations.For("oracle", openMemory(t)); err == nil {
		t.Error("For: no error")
	}
}
