package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// backend is a kind of database that the suites run on.
type backend struct {
	name   string
	need   func(t *testing.T) // skips or fails a test where there is none
	create func(t *testing.T) scratch
}

// scratch is a database of one test: empty, and gone when the test ends.
type scratch struct {
	block string                                           // of a configuration file
	open  func(context.Context) (database.Database, error) // as the kit does, with tables
	look  func() (*sql.DB, error)                          // from outside
}

// memory is the store in memory, which no process can share with a test.
var memory = backend{
	name: "memory",
	need: func(*testing.T) {},
	create: func(*testing.T) scratch {
		return scratch{open: func(context.Context) (database.Database, error) { return memstore.New(), nil }}
	},
}

// stores are everything that keeps users and sessions.
func stores() []backend { return append([]backend{memory}, servable()...) }

// servable are what several processes can use: SQLite and every engine.
func servable() []backend {
	all := []backend{{name: "sqlite", need: func(*testing.T) {}, create: inAFile}}
	for _, e := range engine.All {
		all = append(all, backend{
			name:   e.String(),
			need:   func(t *testing.T) { t.Helper(); need(t, e) },
			create: func(t *testing.T) scratch { t.Helper(); return onAServer(t, e) },
		})
	}
	return all
}

// onEach runs a subtest for each of the backends that is selected.
func onEach(t *testing.T, backends []backend, test func(*testing.T, backend)) {
	t.Helper()
	for _, b := range backends {
		if !databaseFlag.selects(b.name) {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			record(t)
			b.need(t)
			test(t, b)
		})
	}
}

func inAFile(t *testing.T) scratch {
	t.Helper()
	file := filepath.Join(t.TempDir(), "auth.db")
	return scratch{
		block: fmt.Sprintf("database \"sqlite\" {\n  path = %q\n}\n", file),
		look:  func() (*sql.DB, error) { return sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)") },
		open: func(ctx context.Context) (database.Database, error) {
			return sqlite.Open(ctx, sqlite.Settings{Path: file, Migrate: string(database.MigrateApply)})
		},
	}
}

func need(t *testing.T, e *engine.Engine) *engine.Server {
	t.Helper()
	server, err := e.Server()
	switch {
	case err == nil:
	case e.Required():
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return server
}

// newDatabase returns the URL of an empty database.
func newDatabase(t *testing.T, e *engine.Engine) settings.Secret {
	t.Helper()
	created, err := need(t, e).Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := created.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return settings.NewSecret(created.URL)
}

func onAServer(t *testing.T, e *engine.Engine) scratch {
	t.Helper()
	url, driver := newDatabase(t, e), drivers[e.Driver]
	// A secret must not stand in the configuration file itself.
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(url.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	return scratch{
		block: fmt.Sprintf("database %q {\n  url = file(%q)\n}\n", e.Driver, file),
		look:  func() (*sql.DB, error) { return driver.OpenPool(url) },
		open: func(ctx context.Context) (database.Database, error) {
			return driver.Open(ctx, url, database.MigrateApply)
		},
	}
}

// drivers open databases, by the name of the engine's driver.
var drivers = map[string]enginetest.Engine{
	"postgres": {
		Dialect: postgres.Dialect(), OpenPool: postgres.OpenPool,
		Open: func(ctx context.Context, url settings.Secret, migrate database.Migrate) (database.Database, error) {
			return postgres.Open(ctx, postgres.Settings{URL: url, Migrate: string(migrate)})
		},
	},
	"mysql": {
		Dialect: mysql.Dialect(), OpenPool: mysql.OpenPool,
		Open: func(ctx context.Context, url settings.Secret, migrate database.Migrate) (database.Database, error) {
			return mysql.Open(ctx, mysql.Settings{URL: url, Migrate: string(migrate)})
		},
	},
}

// opened returns the database as the kit opens it, until the test ends.
func (s scratch) opened(t *testing.T) database.Database {
	t.Helper()
	db, err := s.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// rows is how many rows the tables have.
type rows struct{ users, identities, sessions int }

func (s scratch) rows(t *testing.T) rows {
	t.Helper()
	db, err := s.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var r rows
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM auth_users),
		(SELECT count(*) FROM auth_identities), (SELECT count(*) FROM auth_sessions)`).
		Scan(&r.users, &r.identities, &r.sessions)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
