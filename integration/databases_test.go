package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// backend is a type of database that the suites run on.
type backend struct {
	name   string
	need   func(t *testing.T) // skips or fails a test where there is none
	create func(t *testing.T) scratch
}

// scratch is an empty database of one test, which is dropped when the test
// ends.
type scratch struct {
	block string                                           // of a configuration file
	path  string                                           // of SQLite's file
	open  func(context.Context) (database.Database, error) // as the kit does, with tables
	look  func() (*sql.DB, error)                          // without the kit, to read
	alter func() (*sql.DB, error)                          // to change what the kit must not change

	driver    string        // of the configuration
	url       config.Secret // of a server's database
	dialect   entstore.Dialect
	connector func() (driver.Connector, error) // as the kit connects
}

// memory is the store in memory, which processes cannot share.
var memory = backend{
	name: "memory",
	need: func(*testing.T) {},
	create: func(*testing.T) scratch {
		return scratch{open: func(context.Context) (database.Database, error) { return memstore.New(), nil }}
	},
}

// stores returns all backends.
func stores() []backend { return append([]backend{memory}, servable()...) }

// servable returns the backends that several processes can use: SQLite and
// every engine.
func servable() []backend {
	all := []backend{{name: "sqlite", need: func(*testing.T) {}, create: sqliteFile}}
	for _, e := range engine.All {
		all = append(all, backend{
			name:   e.String(),
			need:   func(t *testing.T) { t.Helper(); need(t, e) },
			create: func(t *testing.T) scratch { t.Helper(); return onServer(t, e) },
		})
	}
	return all
}

// onEach runs a subtest for each of the selected backends.
func onEach(t *testing.T, backends []backend, test func(*testing.T, backend)) {
	t.Helper()
	for _, b := range backends {
		if !databaseFlag.selects(b.name) {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			skipIfLeftOut(t)
			recordResult(t)
			b.need(t)
			test(t, b)
		})
	}
}

// onEachEngine runs a subtest for each of the selected servers. A missing
// server is found when the test first needs it.
func onEachEngine(t *testing.T, test func(*testing.T, *engine.Engine)) {
	t.Helper()
	for _, e := range engine.All {
		if !databaseFlag.selects(e.String()) {
			continue
		}
		t.Run(e.String(), func(t *testing.T) {
			t.Parallel()
			recordResult(t)
			test(t, e)
		})
	}
}

func sqliteFile(t *testing.T) scratch {
	t.Helper()
	file := filepath.Join(t.TempDir(), "auth.db")
	return scratch{
		path:  file,
		block: fmt.Sprintf("database \"sqlite\" {\n  path = %q\n}\n", file),
		look:  func() (*sql.DB, error) { return sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)") },
		alter: func() (*sql.DB, error) {
			return sql.Open("sqlite", "file:"+file+"?mode=rw&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
		},
		open: func(ctx context.Context) (database.Database, error) {
			return sqlite.Open(ctx, sqlite.Settings{Path: file, Migrate: string(database.MigrateApply)})
		},
		driver:    "sqlite",
		dialect:   sqlite.Dialect(),
		connector: func() (driver.Connector, error) { return sqlite.Connector(file) },
	}
}

func need(t *testing.T, e *engine.Engine) *engine.Server {
	t.Helper()
	server, err := e.Server()
	mustHave(t, e, err)
	return server
}

// mustHave skips a test without a server, or fails it if the server is
// required.
func mustHave(t *testing.T, e *engine.Engine, err error) {
	t.Helper()
	switch {
	case err == nil:
	case e.Required():
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// dedicated returns a server that only this test uses.
func dedicated(t *testing.T, e *engine.Engine) *engine.Dedicated {
	t.Helper()
	server, err := e.Dedicated()
	mustHave(t, e, err)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// newDatabase returns the URL of an empty database.
func newDatabase(t *testing.T, e *engine.Engine) config.Secret {
	t.Helper()
	return databaseOn(t, need(t, e))
}

func databaseOn(t *testing.T, server *engine.Server) config.Secret {
	t.Helper()
	created, err := server.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := created.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return config.NewSecret(created.URL)
}

func onServer(t *testing.T, e *engine.Engine) scratch {
	t.Helper()
	return at(t, e, newDatabase(t, e))
}

// at returns the empty database with a URL.
func at(t *testing.T, e *engine.Engine, url config.Secret) scratch {
	t.Helper()
	kind := drivers[e.Driver]
	// The configuration file must not contain a secret.
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(url.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	return scratch{
		block: fmt.Sprintf("database %q {\n  url = file(%q)\n}\n", e.Driver, file),
		look:  func() (*sql.DB, error) { return openPool(e, url) },
		alter: func() (*sql.DB, error) { return openPool(e, url) },
		open: func(ctx context.Context) (database.Database, error) {
			return kind.Open(ctx, url, database.MigrateApply)
		},
		driver:    e.Driver,
		url:       url,
		dialect:   kind.Dialect,
		connector: func() (driver.Connector, error) { return kind.Connector(url) },
	}
}

// openPool opens a pool with the engine's driver.
func openPool(e *engine.Engine, url config.Secret) (*sql.DB, error) {
	connector, err := drivers[e.Driver].Connector(url)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// drivers open databases, by the name of the driver.
var drivers = map[string]enginetest.Engine{
	"postgres": {
		Dialect: postgres.Dialect(), Connector: postgres.Connector,
		Open: func(ctx context.Context, url config.Secret, migrate database.Migrate) (database.Database, error) {
			return postgres.Open(ctx, postgres.Settings{URL: url, Migrate: string(migrate)})
		},
	},
	"mysql": {
		Dialect: mysql.Dialect(), Connector: mysql.Connector,
		Open: func(ctx context.Context, url config.Secret, migrate database.Migrate) (database.Database, error) {
			return mysql.Open(ctx, mysql.Settings{URL: url, Migrate: string(migrate)})
		},
	},
}

// opened returns the database as opened by the kit, until the test ends.
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

// rows contains the number of rows of the tables.
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

// dump returns all rows of all tables as text; binary values also in the
// encoding of our tokens. It is empty if the test has not chosen a database.
func (s scratch) dump(t *testing.T) string {
	t.Helper()
	if s.look == nil {
		return ""
	}
	db, err := s.look()
	if err != nil {
		t.Error(err)
		return ""
	}
	defer db.Close()
	var text strings.Builder
	for _, table := range []string{"auth_users", "auth_identities", "auth_sessions", "auth_keys", "auth_marks", "auth_migrations"} {
		if err := dumpTable(&text, db, table); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
	return text.String()
}

func dumpTable(w io.Writer, db *sql.DB, table string) error {
	rows, err := db.Query("SELECT * FROM " + table) //nolint:unqueryvet // all columns
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		for i, value := range values {
			fmt.Fprintf(w, "%s.%s: ", table, columns[i])
			switch raw, ok := value.([]byte); {
			case !ok:
				fmt.Fprintln(w, value)
			case utf8.Valid(raw):
				fmt.Fprintf(w, "%s\n", raw)
			default:
				fmt.Fprintln(w, base64.RawURLEncoding.EncodeToString(raw))
			}
		}
	}
	return rows.Err()
}
