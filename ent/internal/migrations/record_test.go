package migrations_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// Every file declares its record, or no program starts.
func TestFor_EveryDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.SQLite, dialect.Postgres, dialect.MySQL} {
		if _, err := migrations.For(name, openMemory(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoad_Record(t *testing.T) {
	t.Parallel()
	const statements = "CREATE TABLE auth_extra (id INTEGER);\n"
	for name, c := range map[string]struct {
		text    string
		program int64
		want    string // of the error, or ""
	}{
		"Declared":      {"-- +goose Up\n-- oldest program: 1\n" + statements, 1, ""},
		"Missing":       {"-- +goose Up\n" + statements, 1, "has 0 lines"},
		"Undecided":     {"-- +goose Up\n-- oldest program: ?\n" + statements, 1, "has 0 lines"},
		"Zero":          {"-- +goose Up\n-- oldest program: 0\n" + statements, 1, "has 0 lines"},
		"Indented":      {"-- +goose Up\n  -- oldest program: 1\n" + statements, 1, "has 0 lines"},
		"Twice":         {"-- +goose Up\n-- oldest program: 1\n-- oldest program: 1\n" + statements, 1, "has 2 lines"},
		"FutureProgram": {"-- +goose Up\n-- oldest program: 2\n" + statements, 1, "requires that Program is at least 2"},
		"ProgramTooLow": {"-- +goose Up\n-- oldest program: 1\n" + statements, 0, "requires that Program is at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"sqlite/00001_first.sql": &fstest.MapFile{Data: []byte(c.text)}}
			_, err := migrations.Load(dialect.SQLite, openMemory(t), files, c.program)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// A new version raises Program, also if older programs can use its tables.
func TestLoad_ProgramNotRaised(t *testing.T) {
	t.Parallel()
	const text = "-- +goose Up\n-- oldest program: 1\nCREATE TABLE auth_extra (id INTEGER);\n"
	files := fstest.MapFS{"sqlite/00002_second.sql": &fstest.MapFile{Data: []byte(text)}}
	if _, err := migrations.Load(dialect.SQLite, openMemory(t), files, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Load(dialect.SQLite, openMemory(t), files, 1); err == nil || !strings.Contains(err.Error(), "at least 2") {
		t.Errorf("got %v, want an error", err)
	}
}

// TestSet_NewerTables has two newer versions, of which one program accepts what
// both allow.
func TestSet_NewerTables(t *testing.T) {
	t.Parallel()
	const own, newer = migrations.Program, migrations.Program + 1
	update := func(set string, version int) []string {
		return []string{fmt.Sprintf("UPDATE auth_migrations SET oldest_program = %s WHERE version_id = %d", set, version)}
	}
	for name, c := range map[string]struct {
		statements []string
		want       string // of the error, or ""
	}{
		"Usable": {want: ""},
		"OneNotUsable": {
			update(strconv.Itoa(newer), newer),
			fmt.Sprintf("at version %d, which requires program version %d or later, but this program has version %d: start the newer program, or restore", newer, newer, own),
		},
		"OneNotRecorded": {
			update("NULL", newer),
			fmt.Sprintf("at version %d, this program supports only version %d, and no record shows that it can use the newer tables: start the newer program", newer, own),
		},
		"NoRecords": {
			[]string{"ALTER TABLE auth_migrations DROP COLUMN oldest_program"},
			fmt.Sprintf("at version %d, this program supports only version %d, and no record", newer+1, own),
		},
		"OwnVersionNotRecorded": {update("NULL", own), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openMemory(t)
			set := newSet(t, db)
			if err := set.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := newerSet(t, db).Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, statement := range c.statements {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := set.Apply(t.Context()); err != nil {
				t.Errorf("Apply: %v", err)
			}
			version, err := set.Check(t.Context())
			if version != newer+1 || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check: got version %d and %v, want version %d and an error with %q", version, err, newer+1, c.want)
			}
		})
	}
}

// newerSet returns the migrations of a newer program, with two more versions.
func newerSet(t *testing.T, db *sql.DB) *migrations.Set {
	t.Helper()
	newer := migrations.Program + 1
	files := fstest.MapFS{
		fmt.Sprintf("sqlite/%05d_column.sql", newer):  &fstest.MapFile{Data: []byte("-- +goose Up\n-- oldest program: 1\nALTER TABLE auth_users ADD COLUMN nickname text;\n")},
		fmt.Sprintf("sqlite/%05d_table.sql", newer+1): &fstest.MapFile{Data: []byte("-- +goose Up\n-- oldest program: 1\nCREATE TABLE auth_nicknames (id integer);\n")},
	}
	own, err := fs.Glob(migrations.Files, "sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range own {
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	set, err := migrations.Load(dialect.SQLite, db, files, int64(newer+1))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSet_InterruptedTable has tables of versions whose creation was interrupted,
// or that a program without records created.
//
// Cases: D13.
func TestSet_InterruptedTable(t *testing.T) {
	t.Parallel()
	const goose = "CREATE TABLE auth_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, " +
		"is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now'))"
	for name, statements := range map[string][]string{
		"NoTable":  {},
		"NoRecord": {goose + ")"},
		"NoRow":    {goose + ", oldest_program bigint)"},
		"ZeroRow":  {goose + ")", "INSERT INTO auth_migrations (version_id, is_applied) VALUES (0, 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openMemory(t)
			for _, statement := range statements {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			set := newSet(t, db)
			if err := set.Apply(t.Context()); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			wantVersion(t, set, set.Required())
			var rows, oldest int
			row := db.QueryRowContext(t.Context(), "SELECT COUNT(*), MAX(oldest_program) FROM auth_migrations")
			if err := row.Scan(&rows, &oldest); err != nil || rows != migrations.Program+1 || oldest != 1 {
				t.Errorf("%d versions, usable from program %d on, want %d and 1 (error %v)", rows, oldest, migrations.Program+1, err)
			}
		})
	}
}
