package bench_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// database is a type of database that is measured.
type database struct {
	name   string
	create func(b testing.TB) scratch
}

// scratch is an empty database for one benchmark.
type scratch struct {
	block     string // of a configuration file
	dialect   entstore.Dialect
	connector func() (driver.Connector, error)
	pool      func(b testing.TB) *sql.DB
	scs       func(b testing.TB) scs.Store
}

// databases are SQLite and every available engine.
func databases(b testing.TB) []database {
	b.Helper()
	all := []database{{"SQLite", inAFile}}
	for _, e := range engine.All {
		server, err := e.Server()
		if err != nil {
			b.Logf("without %s: %v", e, err)
			continue
		}
		all = append(all, database{e.String(), func(b testing.TB) scratch { b.Helper(); return onAServer(b, e, server) }})
	}
	return all
}

func inAFile(b testing.TB) scratch {
	b.Helper()
	file := filepath.Join(b.TempDir(), "auth.db")
	source, err := sqlite.DataSource(file)
	if err != nil {
		b.Fatal(err)
	}
	pool := func(b testing.TB) *sql.DB {
		b.Helper()
		db, err := sql.Open("sqlite", source)
		return opened(b, db, err)
	}
	return scratch{
		dialect:   sqlite.Dialect(),
		block:     fmt.Sprintf("database \"sqlite\" {\n  path = %q\n}\n", file),
		connector: func() (driver.Connector, error) { return sqlite.Connector(file) },
		pool:      pool,
		scs: func(b testing.TB) scs.Store {
			b.Helper()
			db := pool(b)
			execute(b, db, "CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)")
			return sqlite3store.NewWithCleanupInterval(db, 0)
		},
	}
}

func onAServer(b testing.TB, e *engine.Engine, server *engine.Server) scratch {
	b.Helper()
	created, err := server.Create(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := created.Drop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	b.Setenv("BENCH_DATABASE_URL", created.URL) // a literal secret in the file is a warning
	p := scratch{block: fmt.Sprintf("database %q {\n  url = env(\"BENCH_DATABASE_URL\")\n}\n", e.Driver)}
	url := config.NewSecret(created.URL)
	if e.Driver == "postgres" {
		p.dialect = postgres.Dialect()
		p.connector = func() (driver.Connector, error) { return postgres.Connector(url) }
		p.pool = func(b testing.TB) *sql.DB { b.Helper(); db, err := postgres.OpenPool(url); return opened(b, db, err) }
		p.scs = func(b testing.TB) scs.Store { b.Helper(); return inPostgres(b, created.URL) }
		return p
	}
	p.dialect = mysql.Dialect()
	p.connector = func() (driver.Connector, error) { return mysql.Connector(url) }
	p.pool = func(b testing.TB) *sql.DB { b.Helper(); db, err := mysql.OpenPool(url); return opened(b, db, err) }
	p.scs = func(b testing.TB) scs.Store {
		b.Helper()
		db := p.pool(b)
		execute(b, db, "CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)")
		return mysqlstore.NewWithCleanupInterval(db, 0)
	}
	return p
}

func inPostgres(b testing.TB, url string) scs.Store {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	const table = "CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)"
	if _, err := pool.Exec(b.Context(), table); err != nil {
		b.Fatal(err)
	}
	return pgxstore.NewWithCleanupInterval(pool, 0)
}

// opened returns a pool that closes with b.
func opened(b testing.TB, db *sql.DB, err error) *sql.DB {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

func execute(b testing.TB, db *sql.DB, statement string, arguments ...any) {
	b.Helper()
	if _, err := db.ExecContext(b.Context(), statement, arguments...); err != nil {
		b.Fatal(err)
	}
}
