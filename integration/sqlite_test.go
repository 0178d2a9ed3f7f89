package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestSQLite_LockedByProcess holds the write lock for longer than any request
// waits.
func TestSQLite_LockedByProcess(t *testing.T) {
	t.Parallel()
	issuer, file := providertest.NewIssuer(t), sqliteFile(t)
	p := startOn(t, file, "nethttp", issuer, ownSession)
	session := p.signIn(t, issuer, ada).credential
	lock, err := oneConnection(t, file.path).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}

	refused := make(chan reply)
	go func() { refused <- p.login(t, issuer.Login(ada).Payload()) }()
	for range 20 {
		p.me(t, session)
		p.send(t, "GET", "/auth/sessions", session).is(t, http.StatusOK, "")
	}
	cannotCheck(t, <-refused)

	// Writers that wait for the lock leave connections for readers.
	var crowd sync.WaitGroup
	for i := range 16 {
		crowd.Go(func() { cannotCheck(t, p.login(t, issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload())) })
		crowd.Go(func() { p.me(t, session) })
	}
	crowd.Wait()
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	p.me(t, p.signedIn(t, p.untilServed(t, func() reply { return p.login(t, issuer.Login(ada).Payload()) })).credential)
	p.me(t, session)
	p.database.isConsistent(t, 1)
}

// TestSQLite_ReadOnly has a file that is read-only, and a full disk, for a
// while.
func TestSQLite_ReadOnly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ begin, end string }{
		"ReadOnly": {"PRAGMA query_only = 1", "PRAGMA query_only = 0"},
		"DiskFull": {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"}, // the current size
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sqliteFile(t)
			pool := oneConnection(t, file.path)
			d := newDeploymentOn(t, scratch{block: "database \"pool\" {}\n"}, manySessions)
			d.types = []config.Type{poolType(pool)}
			c := d.start(t)
			session := c.signIn(t, d.issuer, ada).credential
			send := func(pragma string) {
				t.Helper()
				if _, err := pool.ExecContext(t.Context(), pragma); err != nil {
					t.Fatal(err)
				}
			}

			send(fault.begin)
			refused := 0
			for i := 0; refused < 20; i++ { // rows that fit on an existing page are written
				if i == 1000 {
					t.Fatal("all rows are written")
				}
				a := c.login(t, d.issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload())
				if a.Status == http.StatusCreated {
					continue
				}
				cannotCheck(t, a)
				refused++
			}
			c.me(t, session)
			c.send(t, "GET", "/auth/sessions", session).is(t, http.StatusOK, "")
			users := file.rows(t).users
			file.isConsistent(t, users)

			send(fault.end)
			c.me(t, c.signIn(t, d.issuer, "grace@example.com").credential)
			c.me(t, session)
			c.send(t, "POST", "/auth/logout", session).is(t, http.StatusNoContent, "")
			c.rejects(t, session)
			file.isConsistent(t, users+1)
		})
	}
}

// oneConnection returns a pool with one connection, made as by the kit.
func oneConnection(t *testing.T, path string) *sql.DB {
	t.Helper()
	source, err := sqlite.DataSource(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// poolType is database "pool", SQLite on a pool of the test.
func poolType(pool *sql.DB) config.Type {
	return database.Define(database.Definition[struct{}]{
		Type:    "pool",
		Summary: "a pool that the test has opened",
		Open: func(ctx context.Context, _ struct{}, _ database.Env) (database.Database, error) {
			return entstore.Open(ctx, pool, sqlite.Dialect(), database.MigrateApply, slog.Default())
		},
	})
}
