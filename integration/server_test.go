package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	neturl "net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestServer_Faults pauses, kills and restarts a server during traffic.
func TestServer_Faults(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		server, issuer := dedicated(t, e), providertest.NewIssuer(t)
		p := startOn(t, at(t, e, databaseOn(t, server.Server)), "nethttp", issuer, manySessions)
		people := startTraffic(t, p, issuer)
		for _, fault := range []struct {
			name       string
			begin, end func(context.Context) error
		}{
			{"Paused", server.Pause, server.Resume},
			{"Killed", server.Kill, server.Start},
		} {
			t.Run(fault.name, func(t *testing.T) { //nolint:paralleltest // one fault after the other
				people.awaitServed(t, 20)
				must(t, fault.begin)
				people.awaitFailed(t, len(people.people)) // every person
				p.ready(t, http.StatusServiceUnavailable, `"temporarily_unavailable"`)
				must(t, fault.end)
				people.awaitServed(t, 20)
			})
		}
		t.Run("Restarted", func(t *testing.T) { //nolint:paralleltest // as before
			must(t, server.Restart)
			people.awaitServed(t, 20)
		})
		people.settle(t)
	})
}

func must(t *testing.T, do func(context.Context) error) {
	t.Helper()
	if err := do(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestServer_ReadOnly makes a server read-only, as a full disk or a failover
// does, and writable again.
func TestServer_ReadOnly(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		server, issuer := dedicated(t, e), providertest.NewIssuer(t)
		url := databaseOn(t, server.Server)
		admin := connection(t, e, url)
		database := at(t, e, asPlainUser(t, e, admin, url))
		if e.Name == "postgres" {
			database.look = func() (*sql.DB, error) { return sql.Open("pgx", url.Reveal()) } // the kit's own wants to write
		}
		p := startOn(t, database, "nethttp", issuer, manySessions)
		before := p.signIn(t, issuer, ada)
		connections := connectionsOf(t, e, admin)

		t.Cleanup(func() { execute(t, admin, readOnly[e.Name].end...) })
		execute(t, admin, readOnly[e.Name].begin...)
		awaitRefusal(t, p, issuer) // until then a login may succeed
		rows := database.rows(t)
		for range 20 { // more than the connections
			cannotCheck(t, p.login(t, issuer.Login(ada).Payload()))
			cannotCheck(t, p.login(t, issuer.Login("grace@example.com").Payload()))
			cannotCheck(t, p.send(t, "POST", "/auth/logout", before.credential))
			p.me(t, before.credential)
			p.send(t, "GET", "/auth/sessions", before.credential).is(t, http.StatusOK, "")
		}
		if got := database.rows(t); got != rows {
			t.Errorf("rows %+v, then %+v", rows, got)
		}
		kept := slices.DeleteFunc(connectionsOf(t, e, admin), func(id int) bool { return !slices.Contains(connections, id) })
		if readOnly[e.Name].dropped && len(kept) > 0 {
			t.Error("a connection that refused a write is reused")
		}

		execute(t, admin, readOnly[e.Name].end...)
		p.signedIn(t, p.untilServed(t, func() reply { return p.login(t, issuer.Login(ada).Payload()) }))
		for range 20 {
			p.me(t, p.signIn(t, issuer, ada).credential)
		}
		p.me(t, before.credential)
		p.send(t, "POST", "/auth/logout", before.credential).is(t, http.StatusNoContent, "")
		p.rejects(t, before.credential)
		database.isConsistent(t, 1)
	})
}

// readOnly contains the statements that make a server read-only and writable
// again, and whether connections that were refused a write must be closed,
// since another server may have replaced it.
var readOnly = map[string]struct {
	begin, end []string
	dropped    bool
}{
	"postgres": {
		begin: []string{"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
		end:   []string{"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"},
	},
	"mariadb": {
		begin:   []string{"SET GLOBAL read_only = 1"},
		end:     []string{"SET GLOBAL read_only = 0"},
		dropped: true,
	},
}

// asPlainUser returns the database URL of a user with the privileges that the
// kit needs, and no others.
func asPlainUser(t *testing.T, e *engine.Engine, admin *sql.Conn, url config.Secret) config.Secret {
	t.Helper()
	if e.Name == "postgres" {
		return url // the default applies to every user
	}
	execute(t, admin, "CREATE USER ada IDENTIFIED BY 'secret'", "GRANT ALL ON "+nameOf(t, url)+".* TO ada")
	u := parse(t, url)
	u.User = neturl.UserPassword("ada", "secret")
	return config.NewSecret(u.String())
}

func nameOf(t *testing.T, url config.Secret) string {
	t.Helper()
	return strings.TrimPrefix(parse(t, url).Path, "/")
}

// connectionsOf returns the connections of the application.
func connectionsOf(t *testing.T, e *engine.Engine, admin *sql.Conn) (ids []int) {
	t.Helper()
	query := "SELECT pid FROM pg_stat_activity WHERE application_name = 'cotterpin' AND pid <> pg_backend_pid()"
	if e.Name == "mariadb" {
		query = "SELECT id FROM information_schema.processlist WHERE user = 'ada'"
	}
	rows, err := admin.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 || rows.Err() != nil {
		t.Fatalf("the application has no connection (error %v)", rows.Err())
	}
	return ids
}

// awaitRefusal waits until the server refuses writes.
func awaitRefusal(t *testing.T, p *program, issuer *providertest.Issuer) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for p.login(t, issuer.Login(ada).Payload()).Status != http.StatusServiceUnavailable {
		if time.Now().After(deadline) {
			t.Fatal("the server still accepts writes")
		}
	}
}

// connection returns a connection to the database until the test ends.
func connection(t *testing.T, e *engine.Engine, url config.Secret) *sql.Conn {
	t.Helper()
	pool, err := openPool(e, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func execute(t *testing.T, conn *sql.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestServer_Defaults changes defaults of a server.
func TestServer_Defaults(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		server := dedicated(t, e)
		for _, d := range defaults[e.Name] {
			t.Run(d.name, func(t *testing.T) {
				url := databaseOn(t, server.Server)
				set := d.set
				if strings.Contains(set, "%s") {
					set = fmt.Sprintf(set, nameOf(t, url))
				}
				_, err := connection(t, e, url).ExecContext(t.Context(), set)
				mustHave(t, e, err) // the server may lack the language
				d.check(t, e, connection(t, e, url))
				testFirstLoginsOn(t, at(t, e, url))
				if d.name == "FarZone" {
					testExpiryInEveryZone(t, at(t, e, url))
				}
			})
		}
	})
}

// otherDefault is a changed default of a server, and a check that it is set.
type otherDefault struct {
	name, set string
	check     func(*testing.T, *engine.Engine, *sql.Conn)
}

var defaults = map[string][]otherDefault{
	"postgres": {
		{"RepeatableRead", "ALTER DATABASE %s SET default_transaction_isolation = 'repeatable read'", resetTo("default_transaction_isolation", "repeatable read")},
		{"Serializable", "ALTER DATABASE %s SET default_transaction_isolation = 'serializable'", resetTo("default_transaction_isolation", "serializable")},
		{"FarZone", "ALTER DATABASE %s SET timezone = 'America/Los_Angeles'", resetTo("TimeZone", "America/Los_Angeles")},
		{"German", "ALTER DATABASE %s SET lc_messages = 'de_DE.UTF-8'", conflictMessage("doppelter Schlüsselwert verletzt Unique-Constraint")},
	},
	"mariadb": {
		{"RepeatableRead", "SET GLOBAL tx_isolation = 'REPEATABLE-READ'", globally("tx_isolation", "REPEATABLE-READ")},
		{"Serializable", "SET GLOBAL tx_isolation = 'SERIALIZABLE'", globally("tx_isolation", "SERIALIZABLE")},
		{"FarZone", "SET GLOBAL time_zone = '-08:00'", globally("time_zone", "-08:00")},
		{"German", "SET GLOBAL lc_messages = 'de_DE'", conflictMessage("Doppelter Eintrag")},
	},
}

// resetTo checks the initial value of a setting in sessions of PostgreSQL.
func resetTo(name, want string) func(*testing.T, *engine.Engine, *sql.Conn) {
	return queryReturns("SELECT reset_val FROM pg_settings WHERE name = '"+name+"'", want)
}

// globally checks the initial value of a setting in sessions of MariaDB.
func globally(name, want string) func(*testing.T, *engine.Engine, *sql.Conn) {
	return queryReturns("SELECT @@global."+name, want)
}

func queryReturns(query, want string) func(*testing.T, *engine.Engine, *sql.Conn) {
	return func(t *testing.T, _ *engine.Engine, conn *sql.Conn) {
		t.Helper()
		var got string
		if err := conn.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Fatalf("%s: %q, want %q (error %v)", query, got, want, err)
		}
	}
}

// conflictMessage violates a unique key and checks the language of the message.
func conflictMessage(want string) func(*testing.T, *engine.Engine, *sql.Conn) {
	return func(t *testing.T, e *engine.Engine, conn *sql.Conn) {
		t.Helper()
		execute(t, conn, "CREATE TABLE words (n int PRIMARY KEY)", "INSERT INTO words (n) VALUES (1)")
		_, err := conn.ExecContext(t.Context(), "INSERT INTO words (n) VALUES (1)")
		if !drivers[e.Driver].Dialect.IsConflict(err) || !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want %q", err, want)
		}
		execute(t, conn, "DROP TABLE words")
	}
}

// testFirstLoginsOn logs in new users many times at once.
func testFirstLoginsOn(t *testing.T, database scratch) {
	t.Helper()
	const rounds, atOnce = 3, 32
	issuer := providertest.NewIssuer(t)
	p := startOn(t, database, "nethttp", issuer, manySessions)
	for round := range rounds {
		payload := issuer.Login(fmt.Sprintf("somebody-%d@example.com", round)).Payload()
		checkOneRegistration(t, p.client, atOnceAt([]*program{p}, atOnce, func(p *program) reply { return p.login(t, payload) }))
	}
	database.isConsistent(t, rounds)
	if got := database.rows(t).sessions; got != rounds*atOnce {
		t.Errorf("%d sessions, want %d", got, rounds*atOnce)
	}
}
