package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// planner opens a database for a plan, until the test ends.
func planner(t *testing.T, s sqlite.Settings) database.Planner {
	t.Helper()
	instance := sqlite.Database(s).WithDefaults()
	p, err := instance.Type.Plan(t.Context(), instance.Settings, database.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func changesOf(t *testing.T, s sqlite.Settings) database.Changes {
	t.Helper()
	changes, err := planner(t, s).Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// contents returns the files of a directory with their contents.
func contents(t *testing.T, directory string) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %q\n", entry.Name(), content)
	}
	return all.String()
}

// A plan creates no file, whatever there is.
func TestPlan_ChangesNothing(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, path string){
		"missing file": func(*testing.T, string) {},
		"empty file": func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"rollback journal": func(t *testing.T, path string) {
			t.Helper()
			execute(t, path, "CREATE TABLE notes (id INTEGER)")
		},
		"old tables":     old,
		"current tables": current,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			path := filepath.Join(directory, "auth.db")
			prepare(t, path)
			before := contents(t, directory)
			p := planner(t, sqlite.Settings{Path: path})
			changes, err := p.Changes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for i, err := range p.Identities(t.Context()) {
				if err != nil || i.Subject != "ada" {
					t.Errorf("got %+v, %v", i, err)
				}
				found++
			}
			if (found == 1) != strings.HasSuffix(name, " tables") {
				t.Errorf("%d identities", found)
			}
			if after := contents(t, directory); after != before {
				t.Errorf("the files change from %.300s to %.300s", before, after)
			}
			pending := int(changes.Required) - int(changes.Version)
			if len(changes.Migrations) != pending || (pending > 0) != (name != "current tables") {
				t.Errorf("at version %d of %d %d migrations are pending", changes.Version, changes.Required, len(changes.Migrations))
			}
			if (changes.Creates == path) != (name == "missing file") {
				t.Errorf("creates %q", changes.Creates)
			}
			if err := p.Apply(t.Context()); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if after := changesOf(t, sqlite.Settings{Path: path}); after.Any() || after.Version != after.Required {
				t.Errorf("after Apply: %+v", after)
			}
		})
	}
}

// current creates the tables of this program, with a user.
func current(t *testing.T, path string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	register(t, db, "ada")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// old creates the tables of the first program.
func old(t *testing.T, path string) {
	t.Helper()
	const name = "sqlite/00001_schema.sql"
	first, err := migrations.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	source, err := sqlite.DataSource(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	set, err := migrations.Load(dialect.SQLite, pool, fstest.MapFS{name: {Data: first}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	execute(t, path, `INSERT INTO auth_users (id, created_ms) VALUES ('0199a000-0000-7000-8000-000000000001', 1);
		INSERT INTO auth_identities VALUES ('0199a000-0000-7000-8000-000000000002', 'https://issuer.example', 'ada', 'cotter',
			'', '', FALSE, '', FALSE, 1, 1,
			'0199a000-0000-7000-8000-000000000001')`)
}

// A process that runs has written to the -wal file only.
func TestPlan_RunningProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	user := register(t, open(t, path), "ada")
	found := 0
	for i, err := range planner(t, sqlite.Settings{Path: path}).Identities(t.Context()) {
		if err != nil || i.ID != user.ID || i.Key != user.Key || i.LastLoginAt.IsZero() {
			t.Errorf("got %+v, %v, want %+v", i, err, user)
		}
		found++
	}
	if found != 1 {
		t.Errorf("%d identities, want 1", found)
	}
}

func TestPlan_Advice(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	text := filepath.Join(directory, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(directory, "newer.db")
	current(t, newer)
	execute(t, newer, "INSERT INTO auth_migrations (version_id, is_applied, oldest_program) VALUES (99, TRUE, 99)")
	foreign := filepath.Join(directory, "foreign.db")
	execute(t, foreign, "CREATE TABLE auth_users (id INTEGER)")
	for want, s := range map[string]sqlite.Settings{
		"missing does not exist: create it":          {Path: filepath.Join(directory, "missing", "auth.db")},
		"does not exist: change path":                {Path: filepath.Join(directory, "auth.db"), Migrate: "off"},
		"is not an SQLite database: change path":     {Path: text},
		"this program has version":                   {Path: newer},
		"a table auth_users that cotterpin did not ": {Path: foreign},
		"the table auth_users lacks created_ms, ":    {Path: foreign, Migrate: "off"},
	} {
		instance := sqlite.Database(s).WithDefaults()
		p, err := instance.Type.Plan(t.Context(), instance.Settings, database.Env{})
		if err == nil {
			_, err = p.Changes(t.Context())
			_ = p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", s, err, want)
		}
	}
}

func TestPlan_MigrateOff(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	current(t, path)
	execute(t, path, "DELETE FROM auth_migrations")
	p := planner(t, sqlite.Settings{Path: path, Migrate: "off"})
	changes, err := p.Changes(t.Context())
	if err != nil || changes.Any() || changes.Migrate != database.MigrateOff {
		t.Errorf("got %+v, %v", changes, err)
	}
	found := 0
	for _, err := range p.Identities(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		found++
	}
	if found != 1 {
		t.Errorf("%d identities, want 1", found)
	}
	if err := p.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), `migrate = "off": the application migrates these tables`) {
		t.Errorf("Apply: %v", err)
	}
}

func TestPlan_Memory(t *testing.T) {
	t.Parallel()
	if changes := changesOf(t, sqlite.Settings{Path: sqlite.Memory}); changes.Any() || changes.Version != changes.Required {
		t.Errorf("got %+v", changes)
	}
}
