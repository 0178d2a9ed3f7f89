package enginetest

import (
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"testing"
	"testing/fstest"

	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// Upgrade migrates the tables as a newer program does: with one more migration,
// which executes the statement and records whether this program can use the
// tables. It returns the new version of the tables.
func (e Engine) Upgrade(t *testing.T, pool *sql.DB, usable bool, statement string) (version int64) {
	t.Helper()
	const newer = migrations.Program + 1
	oldest := newer
	if usable {
		oldest = migrations.Program
	}
	files := fstest.MapFS{}
	current, err := migrations.For(e.Dialect.Name, pool)
	if err != nil {
		t.Fatal(err)
	}
	version = current.Required() + 1
	for _, name := range migrationFiles(t) {
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
		added := path.Join(path.Dir(name), fmt.Sprintf("%05d_newer.sql", version))
		files[added] = &fstest.MapFile{Data: fmt.Appendf(nil, "-- +goose Up\n-- oldest program: %d\n%s;\n", oldest, statement)}
	}
	set, err := migrations.Load(e.Dialect.Name, pool, files, newer)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Apply(t.Context()); err != nil {
		t.Fatalf("the newer program cannot migrate: %v", err)
	}
	return version
}

func migrationFiles(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.Files, "*/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations (error %v)", err)
	}
	return names
}
