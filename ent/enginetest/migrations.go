package enginetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/internal/drift"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

func (e Engine) testMigrations(t *testing.T) {
	t.Run("Schema", e.testSchema)
	for name, statement := range map[string]string{
		"AddedColumn":   "ALTER TABLE auth_users ADD COLUMN nickname varchar(9)",
		"MissingTable":  "DROP TABLE auth_sessions",
		"RenamedColumn": "ALTER TABLE auth_identities RENAME COLUMN phone TO telephone",
		"Collation":     collateSubject(e, "utf8mb4_bin", "default"),
	} {
		t.Run("Drift/"+name, func(t *testing.T) {
			t.Parallel()
			url := e.NewDatabase(t)
			e.open(t, url)
			pool := e.pool(t, url)
			execute(t, pool, statement)
			if changes, err := drift.Plan(t.Context(), e.Dialect.Name, pool); err != nil || len(changes) == 0 {
				t.Errorf("no drift is reported (error %v)", err)
			}
		})
	}
	t.Run("FiveNodes", e.testFiveNodes)
	t.Run("OtherVersion", e.testOtherVersions)
	t.Run("Interrupted", e.testInterrupted)
	t.Run("ForeignTable", e.testForeignTable)
}

func (e Engine) testSchema(t *testing.T) {
	t.Parallel()
	url := e.NewDatabase(t)
	pool := e.pool(t, url)
	if changes, err := drift.Plan(t.Context(), e.Dialect.Name, pool); err != nil || len(changes) == 0 {
		t.Fatalf("an empty database needs %d changes, want some (error %v)", len(changes), err)
	}
	e.open(t, url)
	changes, err := drift.Plan(t.Context(), e.Dialect.Name, pool)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	for _, change := range changes {
		t.Errorf("the migrations lack a change, run go generate ./ent/... with a server: %s", change.Cmd)
	}
}

func (e Engine) testFiveNodes(t *testing.T) {
	t.Parallel()
	url := e.NewDatabase(t)
	var nodes sync.WaitGroup
	for range 6 {
		nodes.Go(func() {
			db, err := e.Open(t.Context(), url, database.MigrateApply)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := errors.Join(db.Ready(t.Context()), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	var rows int
	row := e.pool(t, url).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+migrations.Table+" WHERE version_id = 1")
	if err := row.Scan(&rows); err != nil || rows != 1 {
		t.Errorf("version 1 was applied %d times (error %v)", rows, err)
	}
}

func (e Engine) testOtherVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, want string }{
		"Older": {"DELETE FROM auth_migrations WHERE version_id > 0", fmt.Sprintf("are at version 0, this program requires version %d", migrations.Program)},
		"Newer": {
			fmt.Sprintf("INSERT INTO auth_migrations (version_id, is_applied) VALUES (%d, true)", migrations.Program+1),
			fmt.Sprintf("are at version %d, this program supports only version %d", migrations.Program+1, migrations.Program),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := e.NewDatabase(t)
			ready := e.open(t, url).Ready
			if err := ready(t.Context()); err != nil {
				t.Fatalf("Ready: %v", err)
			}
			execute(t, e.pool(t, url), c.statement)
			_, openErr := e.Open(t.Context(), url, database.MigrateCheck)
			for what, err := range map[string]error{"Open": openErr, "Ready": ready(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want an error with %q", what, err, c.want)
				}
			}
		})
	}
}

func (e Engine) testForeignTable(t *testing.T) {
	t.Parallel()
	url := e.NewDatabase(t)
	execute(t, e.pool(t, url), "CREATE TABLE auth_sessions (mine int)")
	_, err := e.Open(t.Context(), url, database.MigrateApply)
	if err == nil || !strings.Contains(err.Error(), "auth_sessions that cotterpin did not create") {
		t.Errorf("Open: got %v, want an error about auth_sessions", err)
	}
}

// testInterrupted interrupts a migration after some of its statements. PostgreSQL
// rolls it back; on MySQL the next Open completes it.
func (e Engine) testInterrupted(t *testing.T) {
	t.Parallel()
	if e.Dialect.Name == dialect.Postgres {
		url := e.NewDatabase(t)
		pool := e.pool(t, url)
		execute(t, pool, "CREATE TABLE mine (n int)", "CREATE INDEX auth_sessions_revoked_ms ON mine (n)")
		if _, err := e.Open(t.Context(), url, database.MigrateApply); err == nil || !strings.Contains(err.Error(), "auth_sessions_revoked_ms") {
			t.Fatalf("Open: got %v, want an error of the last statement", err)
		}
		execute(t, pool, "DROP TABLE mine")
		e.open(t, url)
		return
	}
	for tables := range 6 {
		t.Run(fmt.Sprintf("After%dTables", tables), func(t *testing.T) {
			t.Parallel()
			url := e.NewDatabase(t)
			e.open(t, url)
			pool := e.pool(t, url)
			for _, table := range []string{"auth_marks", "auth_keys", "auth_sessions", "auth_identities", "auth_users"}[:5-tables] {
				execute(t, pool, "DROP TABLE "+table)
			}
			execute(t, pool, "DELETE FROM auth_migrations WHERE version_id > 0")
			e.open(t, url)
		})
	}
}
