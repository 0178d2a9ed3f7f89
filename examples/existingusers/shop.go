package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// shop is the application as it was before the kit: people and their orders in its
// own tables.
type shop struct{ db *sql.DB }

// openShop opens the database of a configuration. If it has no tables, openShop
// creates them with 1,000 people, and two whose email addresses differ in case only.
func openShop(ctx context.Context, instance *database.Instance) (shop, error) {
	db, serial, err := openPool(instance)
	if err != nil {
		return shop{}, err
	}
	if err := createTables(ctx, db, serial); err != nil {
		return shop{}, errors.Join(fmt.Errorf("cannot create the application's tables: %w", err), db.Close())
	}
	return shop{db}, nil
}

// openPool also returns the database's definition of a serial number.
func openPool(instance *database.Instance) (db *sql.DB, serial string, err error) {
	switch s := instance.Settings.(type) {
	case *sqlite.Settings:
		source, err := sqlite.DataSource(s.Path)
		if err != nil {
			return nil, "", err
		}
		db, err := sql.Open("sqlite", source)
		return db, "integer PRIMARY KEY", err
	case *postgres.Settings:
		db, err := postgres.OpenPool(s.URL)
		return db, "serial PRIMARY KEY", err
	default:
		return nil, "", fmt.Errorf("the example's tables are for SQLite and PostgreSQL, not for %T", s)
	}
}

func createTables(ctx context.Context, db *sql.DB, serial string) error {
	const thousand = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has no effect
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS users (id " + serial + ", email text NOT NULL UNIQUE, name text NOT NULL)",
		"CREATE INDEX IF NOT EXISTS users_lower_email ON users (lower(email))",
		"CREATE TABLE IF NOT EXISTS orders (id " + serial + ", user_id integer NOT NULL REFERENCES users (id), item text NOT NULL)",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	var full bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM users)").Scan(&full); err != nil || full {
		return err
	}
	for _, statement := range []string{
		thousand + "INSERT INTO users (email, name) SELECT 'person-' || i || '@example.com', 'Person ' || i FROM n ORDER BY i",
		"INSERT INTO users (email, name) VALUES ('kim@example.com', 'Kim'), ('Kim@example.com', 'The other Kim')",
		"INSERT INTO orders (user_id, item) SELECT id, 'Teapot for ' || name FROM users ORDER BY id",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// serveOrders returns the person's id and orders.
func (s shop) serveOrders(w http.ResponseWriter, r *http.Request, id string) {
	items, err := s.orders(r.Context(), id)
	if err != nil {
		slog.ErrorContext(r.Context(), "orders cannot be read", "event", "orders_failed", "error", err.Error())
		http.Error(w, "orders cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"user_id": id, "orders": items})
}

func (s shop) orders(ctx context.Context, id string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT item FROM orders WHERE user_id = CAST($1 AS integer) ORDER BY id", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err returns the error
	items := []string{}
	for rows.Next() {
		var item string
		if err := rows.Scan(&item); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}
