package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/integration/engine"
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
			"NotUsable":   {nil, "which requires program version NEWER or later, but this program has version OWN"},
			"NotRecorded": {[]string{"UPDATE auth_migrations SET oldest_program = NULL"}, "this program supports only version OWN, and no record shows"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				issuer, database := providertest.NewIssuer(t), b.create(t)
				old := startOn(t, database, "nethttp", issuer, ownSession)
				old.signIn(t, issuer, ada)
				old.ready(t, http.StatusOK, `{"status":"ok"}`)

				newer := database.upgrade(t, false, "ALTER TABLE auth_users ADD COLUMN nickname varchar(9)")
				database.execute(t, c.statements...)
				old.ready(t, http.StatusServiceUnavailable, "temporarily_unavailable")
				for _, migrate := range []string{"check", "apply"} {
					stderr := refusedStart(t, configurationOn(database.migrating(migrate), issuer, ownSession))
					for _, want := range []string{"the tables are at version NEWER, ", c.want, "start the newer program, or restore the backup"} {
						want = strings.NewReplacer("NEWER", fmt.Sprint(newer), "OWN", fmt.Sprint(newer-1)).Replace(want)
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
		empty := []string{
			"DROP TABLE auth_marks", "DROP TABLE auth_keys", "DROP TABLE auth_sessions", "DROP TABLE auth_identities", "DROP TABLE auth_users",
			"DELETE FROM auth_migrations",
		}
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

// TestDeployment_ForeignTable has a table of another program with the name of one
// of the kit.
//
// Cases: D12. Databases: sqlite, postgres, mariadb.
func TestDeployment_ForeignTable(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		for _, table := range []string{"auth_users", "auth_identities", "auth_sessions", "auth_keys", "auth_marks"} {
			t.Run(table, func(t *testing.T) {
				t.Parallel()
				issuer, database := providertest.NewIssuer(t), b.create(t)
				if database.path != "" {
					replaceFile(t, database.path, "")
				}
				database.execute(t, "CREATE TABLE "+table+" (id int, mine int)")
				stderr := refusedStart(t, configurationOn(database.block, issuer, ownSession))
				want := " has a table " + table + " that cotterpin did not create: rename that table, or use another database or schema"
				if !strings.Contains(stderr, want) {
					t.Errorf("got %s\nwant %q", stderr, want)
				}

				database.execute(t, "ALTER TABLE "+table+" RENAME TO theirs")
				p := startOn(t, database, "nethttp", issuer, ownSession)
				p.me(t, p.signIn(t, issuer, ada).credential)
			})
		}
	})
}

// TestDeployment_MissingRight starts as a role that may not create tables, and then
// as one that may not write.
//
// Cases: D12. Databases: postgres, mariadb.
func TestDeployment_MissingRight(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		t.Helper()
		issuer, r := providertest.NewIssuer(t), newRole(t, e)
		block, _ := r.block(t)
		refused := func(want ...string) {
			t.Helper()
			stderr := refusedStart(t, configurationOn(block, issuer, ownSession))
			for _, want := range want {
				if want = strings.ReplaceAll(want, "ROLE", r.name); !strings.Contains(stderr, want) {
					t.Errorf("got %s\nwant %q", stderr, want)
				}
			}
		}
		switch e.Driver {
		case "postgres":
			refused("the role ROLE lacks CREATE on the schema public: run GRANT CREATE ON SCHEMA public TO ROLE as the owner of")
			r.execute(t, []string{"REVOKE ALL ON SCHEMA public FROM PUBLIC, %[1]s"})
			refused("the role ROLE can use no schema of its search_path, ", "run GRANT USAGE, CREATE ON SCHEMA public TO ROLE")
			r.execute(t, []string{"GRANT USAGE ON SCHEMA public TO %[1]s"})
		default:
			refused("the account ROLE@% lacks a right on the database ", "CREATE command denied to user 'ROLE'", ".* TO it")
		}
		at(t, e, r.base).opened(t) // as the administrator
		switch e.Driver {
		case "postgres":
			const lacks = "the role ROLE lacks rights: as the owner of the tables run GRANT "
			const all = "DELETE, INSERT, SELECT, UPDATE ON public."
			refused(lacks + all + "auth_identities TO ROLE; GRANT " + all + "auth_keys TO ROLE; GRANT SELECT ON public.auth_migrations TO ROLE; GRANT ")
			r.execute(t, []string{"GRANT SELECT ON ALL TABLES IN SCHEMA public TO %[1]s"})
			refused(lacks+"DELETE, INSERT, UPDATE ON public.auth_identities TO ROLE; GRANT ", "GRANT DELETE, INSERT, UPDATE ON public.auth_users TO ROLE: ")
			r.execute(t, []string{"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %[1]s"})
		default:
			refused("the account ROLE@% lacks a right on the database ", "INSERT command denied to user 'ROLE'")
			r.execute(t, []string{"GRANT SELECT, INSERT, UPDATE, DELETE ON %[3]s.* TO %[1]s"})
		}
		p := start(t, "nethttp", configurationOn(block, issuer, ownSession))
		p.me(t, p.signIn(t, issuer, ada).credential)
	})
}

// upgrade migrates the tables as a newer program does, and returns their version.
func (s scratch) upgrade(t *testing.T, usable bool, statement string) int64 {
	t.Helper()
	pool, err := s.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	return enginetest.Engine{Dialect: s.dialect}.Upgrade(t, pool, usable, statement)
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
