package enginetest

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

func (e Engine) testConnections(t *testing.T) {
	t.Run("Settings", func(t *testing.T) {
		t.Parallel()
		url := e.NewDatabase(t)
		setDefaults(t, e.pool(t, url), e.Dialect.Name)
		pool := e.pool(t, url)
		for query, want := range connectionSettings[e.Dialect.Name] {
			var got string
			if err := pool.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %q, want %q (error %v)", query, got, want, err)
			}
		}
	})
	t.Run("Isolation", func(t *testing.T) {
		t.Parallel()
		url := e.NewDatabase(t)
		setDefaults(t, e.pool(t, url), e.Dialect.Name)
		e.testReadCommitted(t, e.pool(t, url))
	})
	t.Run("UniqueViolations", func(t *testing.T) {
		t.Parallel()
		url := e.NewDatabase(t)
		e.open(t, url)
		e.testViolations(t, e.pool(t, url))
	})
	t.Run("ErrorWithoutPassword", func(t *testing.T) {
		t.Parallel()
		u, err := url.Parse(e.NewDatabase(t).Reveal())
		if err != nil {
			t.Fatal("the URL cannot be parsed")
		}
		const password = "wr0ng-p4ssword"
		u.User, u.Path = url.UserPassword(u.User.Username(), password), "/missing"
		_, err = e.Open(t.Context(), config.NewSecret(u.String()), database.MigrateCheck)
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("Open of a missing database: got %v, want an error without the password", err)
		}
	})
}

// setDefaults sets defaults of the database that the kit must override.
func setDefaults(t *testing.T, pool *sql.DB, name string) {
	t.Helper()
	if name != dialect.Postgres {
		return
	}
	execute(t, pool, `DO $$ BEGIN
		EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L', current_database(), 'serializable');
		EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo');
	END $$`)
}

func (e Engine) testReadCommitted(t *testing.T, pool *sql.DB) {
	t.Helper()
	execute(t, pool, "CREATE TABLE notes (n int)")
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	for want := range 3 {
		var rows int
		if err := tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM notes").Scan(&rows); err != nil || rows != want {
			t.Errorf("the transaction reads %d rows, want %d (error %v)", rows, want, err)
		}
		execute(t, pool, "INSERT INTO notes (n) VALUES (1)")
	}
}

// connectionSettings contains queries and their results, by ent's dialect name.
var connectionSettings = map[string]map[string]string{
	dialect.Postgres: {
		"SHOW timezone":         "UTC",
		"SHOW application_name": "cotterpin",
	},
	dialect.MySQL: {
		"SELECT @@time_zone":                "+00:00",
		"SELECT @@sql_mode":                 "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
		"SELECT @@character_set_connection": "utf8mb4",
		"SELECT @@collation_connection":     "utf8mb4_bin",
	},
}

func (e Engine) testViolations(t *testing.T, pool *sql.DB) {
	t.Helper()
	const (
		id      = "'0190b6a0-0000-7000-8000-000000000001'"
		missing = "'0190b6a0-0000-7000-8000-000000000002'"
		user    = "INSERT INTO auth_users (id, created_ms) VALUES (" + id + ", 1)"
		child   = "INSERT INTO auth_identities (id, issuer, subject, provider, identifier, email, email_verified, " +
			"phone, phone_verified, created_ms, last_login_ms, user_id) VALUES (" + id + ", 'i', 's', 'p', '', '', true, '', true, 1, 1, "
		null = "INSERT INTO auth_users (id) VALUES (" + missing + ")"
	)
	execute(t, pool, user)
	for statement, conflict := range map[string]bool{
		user:                  true,
		child + missing + ")": false, // the foreign key
		null:                  false,
	} {
		_, err := pool.ExecContext(t.Context(), statement)
		if err == nil || e.Dialect.IsConflict(err) != conflict {
			t.Errorf("%s: got %v, want an error with IsConflict %t", statement, err, conflict)
		}
	}
}
