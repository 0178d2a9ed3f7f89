// Package enginetest is the conformance suite for database servers, in addition
// to the suites of the stores, accounttest and sessiontest. It tests what depends
// on the server: string comparison, connection settings, migrations, concurrent
// writers, and query plans.
package enginetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// Engine is a database server, and the package for its databases.
type Engine struct {
	// Dialect, Connector and Open are functions of the package. Open uses the
	// defaults of all other arguments.
	Dialect   entstore.Dialect
	Connector func(url config.Secret) (driver.Connector, error)
	Open      func(ctx context.Context, url config.Secret, migrate database.Migrate) (database.Database, error)

	// NewDatabase creates an empty database on the server, and returns its URL
	// with a password. It drops the database in t.Cleanup.
	NewDatabase func(t *testing.T) config.Secret
}

// Run tests an engine. Many tests run in parallel, each on its own database.
func Run(t *testing.T, e Engine) {
	t.Helper()
	t.Run("Connections", e.testConnections)
	t.Run("Migrations", e.testMigrations)
	t.Run("Rolling", e.testRolling)
	t.Run("SelfCheck", e.testSelfCheck)
	t.Run("Races", e.testRaces)
	t.Run("Transactions", e.testTransactions)
	t.Run("Deletion", e.testDeletion)
	t.Run("Statements", e.testStatements)
	t.Run("Faults", e.testFaults)
	t.Run("Listener", e.testListener)
}

// openNew opens a new database.
func (e Engine) openNew(t *testing.T) database.Database {
	t.Helper()
	return e.open(t, e.NewDatabase(t))
}

// open opens a database, and migrates it.
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

// pool returns a separate pool on a database.
func (e Engine) pool(t *testing.T, url config.Secret) *sql.DB {
	t.Helper()
	return openPool(t, e.connector(t, url))
}

// newConnector returns a connector to a new database.
func (e Engine) newConnector(t *testing.T) driver.Connector {
	t.Helper()
	return e.connector(t, e.NewDatabase(t))
}

func (e Engine) connector(t *testing.T, url config.Secret) driver.Connector {
	t.Helper()
	connector, err := e.Connector(url)
	if err != nil {
		t.Fatalf("Connector: %v", err)
	}
	return connector
}

func openPool(t testing.TB, connector driver.Connector) *sql.DB {
	t.Helper()
	pool := sql.OpenDB(connector)
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
