// Package enginetest is the suite that every database behind a network must
// pass beside those of its stores, accounttest and sessiontest. It looks at what
// only a running server can show: how it compares texts, what its connections
// are like, what becomes of migrations, how writers get on with each other, and
// how it goes about each statement.
package enginetest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Engine is a server with a package that opens its databases.
type Engine struct {
	// Dialect, OpenPool and Open are those of the package. Open leaves all
	// arguments but these two at their defaults.
	Dialect  entstore.Dialect
	OpenPool func(url config.Secret) (*sql.DB, error)
	Open     func(ctx context.Context, url config.Secret, migrate database.Migrate) (database.Database, error)

	// NewDatabase makes an empty database on the server and returns its URL,
	// in which there is a password. It removes the database in t.Cleanup.
	NewDatabase func(t *testing.T) config.Secret
}

// Run checks an engine; many cases run in parallel, each on a database of its
// own.
func Run(t *testing.T, e Engine) {
	t.Helper()
	t.Run("Connections", e.testConnections)
	t.Run("Migrations", e.testMigrations)
	t.Run("SelfCheck", e.testSelfCheck)
	t.Run("Races", e.testRaces)
	t.Run("Statements", e.testStatements)
}

// opened returns an opened database with our tables.
func (e Engine) opened(t *testing.T) database.Database {
	t.Helper()
	return e.open(t, e.NewDatabase(t))
}

// open applies the migrations.
func (e Engine) open(t *testing.T, url config.Secret) database.Database {
	t.Helper()
	db, err := e.Open(t.Context(), url, database.MigrateApply)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// pool returns connections of our own.
func (e Engine) pool(t *testing.T, url config.Secret) *sql.DB {
	t.Helper()
	pool, err := e.OpenPool(url)
	if err != nil {
		t.Fatalf("OpenPool: %v", err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func execute(t testing.TB, pool *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
