package entstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// D01: this program and its predecessor use the same tables.
func TestDatabase_Rolling(t *testing.T) {
	t.Parallel()
	enginetest.RunRolling(t, sqlite.Dialect(), newConnector)
}

// D01: newer tables are logged once, also if they are newer at the start.
func TestOpen_NewerTables(t *testing.T) {
	t.Parallel()
	for _, migrate := range []database.Migrate{database.MigrateCheck, database.MigrateApply} {
		pool := openTables(t, foreignKeys)
		for _, want := range []int{0, 1} {
			var log bytes.Buffer
			db, err := entstore.Open(t.Context(), pool, sqlite.Dialect(), migrate, slog.New(slog.NewJSONHandler(&log, nil)))
			if err != nil {
				t.Fatalf("%s: %v", migrate, err)
			}
			for range 2 {
				if err := db.Ready(t.Context()); err != nil {
					t.Errorf("%s: Ready: %v", migrate, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			event := fmt.Sprintf(`"event":"tables_newer","version":%d,"own_version":%d}`, migrations.Program+1, migrations.Program)
			if count := strings.Count(log.String(), event); count != want {
				t.Errorf("%s: logged %d times, want %d:\n%s", migrate, count, want, &log)
			}
			if want == 0 {
				enginetest.Engine{Dialect: sqlite.Dialect()}.Upgrade(t, pool, true, "CREATE TABLE auth_extra (id integer)")
			}
		}
	}
}
