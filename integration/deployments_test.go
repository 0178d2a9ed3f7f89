package integration_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/enginetest"
)

// TestDeployment_UsableMigration has a newer program migrate the tables while
// processes of this one run, in a way that is recorded as usable by this one.
//
// Cases: D01. Databases: sqlite, postgres, mariadb.
func TestDeployment_UsableMigration(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		issuer, database := providertest.NewIssuer(t), b.create(t)
		old := startOn(t, database, "nethttp", issuer, ownSession)
		before := old.signIn(t, issuer, ada)
		old.ready(t, http.StatusOK, `{"status":"ok"}`)

		database.upgrade(t, true, "ALTER TABLE auth_users ADD COLUMN nickname varchar(9)")
		for range 2 {
			old.ready(t, http.StatusOK, `{"status":"ok"}`)
		}
		old.me(t, before.credential)
		old.me(t, old.signIn(t, issuer, "grace@example.com").credential)
		for _, migrate := range []string{"check", "apply"} {
			restarted := start(t, "nethttp", configurationOn(database.migrating(migrate), issuer, ownSession))
			restarted.ready(t, http.StatusOK, `{"status":"ok"}`)
			restarted.me(t, before.credential)
			restarted.me(t, restarted.signIn(t, issuer, migrate+"@example.com").credential)
			restarted.loggedNewerTables(t, 0) // it logs that before it listens
		}
		old.loggedNewerTables(t, 1)
		database.isConsistent(t, 4)
	})
}

// TestDeployment_UnusableMigration has a newer program migrate the tables in a way
// that is recorded as unusable by this one, or not recorded.
//
// Cases: D01. Databases: sqlite, postgres, mariadb.
func TestDeployment_UnusableMigration(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		for name, c := range map[string]struct {
			statements []string
			want       string
		}{
			"NotUsable":   {nil, "which requires program version 2 or later, but this program has version 1"},
			"NotRecorded": {[]string{"UPDATE auth_migrations SET oldest_program = NULL"}, "this program supports only version 1, and no record shows"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				issuer, database := providertest.NewIssuer(t), b.create(t)
				old := startOn(t, database, "nethttp", issuer, ownSession)
				old.signIn(t, issuer, ada)
				old.ready(t, http.StatusOK, `{"status":"ok"}`)

				database.upgrade(t, false, "ALTER TABLE auth_users ADD COLUMN nickname varchar(9)")
				database.execute(t, c.statements...)
				old.ready(t, http.StatusServiceUnavailable, "temporarily_unavailable")
				for _, migrate := range []string{"check", "apply"} {
					stderr := refusedStart(t, configurationOn(database.migrating(migrate), issuer, ownSession))
					for _, want := range []string{"the tables are at version 2, ", c.want, "start the newer program, or restore the backup"} {
						if !strings.Contains(stderr, want) {
							t.Errorf("migrate = %q: got %s\nwant %q", migrate, stderr, want)
						}
					}
				}
			})
		}
	})
}

// TestDeployment_InterruptedTable starts on a database in which another program
// has created the table of versions, and was killed before it wrote a row.
//
// Cases: D13. Databases: sqlite, postgres, mariadb.
func TestDeployment_InterruptedTable(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		empty := []string{"DROP TABLE auth_sessions", "DROP TABLE auth_identities", "DROP TABLE auth_users", "DELETE FROM auth_migrations"}
		for name, statements := range map[string][]string{
			"Complete":      nil,
			"NoRow":         empty,
			"NoRowNoRecord": append(slices.Clip(empty), "ALTER TABLE auth_migrations DROP COLUMN oldest_program"),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				issuer, database := providertest.NewIssuer(t), b.create(t)
				database.opened(t)
				database.execute(t, statements...)
				p := startOn(t, database, "nethttp", issuer, ownSession)
				p.ready(t, http.StatusOK, `{"status":"ok"}`)
				p.me(t, p.signIn(t, issuer, ada).credential)
			})
		}
	})
}

// upgrade migrates the tables as a newer program does.
func (s scratch) upgrade(t *testing.T, usable bool, statement string) {
	t.Helper()
	pool, err := s.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	enginetest.Engine{Dialect: s.dialect}.Upgrade(t, pool, usable, statement)
}

func (s scratch) execute(t *testing.T, statements ...string) {
	t.Helper()
	pool, err := s.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range statements {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// migrating returns the block with the argument migrate.
func (s scratch) migrating(migrate string) string {
	return strings.Replace(s.block, "{\n", "{\n  migrate = \""+migrate+"\"\n", 1)
}

// loggedNewerTables ends the program, and checks how often it has logged since it
// listens that the tables are newer.
func (p *program) loggedNewerTables(t *testing.T, want int) {
	t.Helper()
	p.end(t)
	if count := strings.Count(p.log, `"event":"tables_newer"`); count != want {
		t.Errorf("newer tables are logged %d times, want %d:\n%s", count, want, p.log)
	}
}

// refusedStart returns what a program writes that refuses a configuration, without
// line breaks.
func refusedStart(t *testing.T, configuration string) (stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stderr := runBriefly(t, "nethttp", "-addr", "127.0.0.1:0", "-config", file)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	return strings.Join(strings.Fields(stderr), " ")
}
