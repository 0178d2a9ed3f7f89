package faultdriver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// open returns a pool on a table that contains the number 1.
func open(t *testing.T) (*faultdriver.Connector, *sql.DB) {
	t.Helper()
	inner, err := sqlite.Connector(filepath.Join(t.TempDir(), "numbers.db"))
	if err != nil {
		t.Fatal(err)
	}
	connector := faultdriver.Wrap(inner)
	pool := sql.OpenDB(connector)
	t.Cleanup(func() {
		pool.Close()
		if connector.Connections() != 0 || connector.Transactions() != 0 {
			t.Errorf("%d connections and %d transactions are left", connector.Connections(), connector.Transactions())
		}
	})
	for _, statement := range []string{"CREATE TABLE numbers (n int)", "INSERT INTO numbers (n) VALUES (1)"} {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return connector, pool
}

// double doubles the number in a transaction and returns the old one.
func double(ctx context.Context, pool *sql.DB) (was int, err error) {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	if err := tx.QueryRowContext(ctx, "SELECT n FROM numbers").Scan(&was); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE numbers SET n = 2 * n"); err != nil {
		return 0, err
	}
	return was, tx.Commit()
}

// increment adds one to the number and returns it, in one statement.
func increment(ctx context.Context, pool *sql.DB) (n int, err error) {
	return n, pool.QueryRowContext(ctx, "UPDATE numbers SET n = n + 1 RETURNING n").Scan(&n)
}

func number(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	if err := pool.QueryRowContext(t.Context(), "SELECT n FROM numbers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestScript_EachFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err       error // nil: success
		happens   bool
		connected bool // the connection
	}{
		"FailBefore":   {err: faultdriver.ErrFailed, connected: true},
		"FailAfter":    {err: faultdriver.ErrFailed, happens: true, connected: true},
		"Cut":          {happens: true}, // database/sql retries on another connection
		"LoseRequest":  {err: faultdriver.ErrLost},
		"LoseResponse": {err: faultdriver.ErrLost, happens: true},
		"LoseRows":     {err: faultdriver.ErrLost, happens: true},
		"HangBefore":   {err: context.Canceled},
		"HangAfter":    {err: context.Canceled, happens: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connector, pool := open(t)
			if n, err := increment(t.Context(), pool); n != 2 || err != nil {
				t.Fatalf("without a fault: %d, %v", n, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			script := &faultdriver.Script{At: 1, Fault: faultdriver.Faults[name], OnHang: cancel}
			if n, err := increment(script.In(ctx), pool); !errors.Is(err, c.err) || err == nil && n != 3 {
				t.Errorf("got %d and %v, want %v", n, err, c.err)
			}
			if open := connector.Connections(); (open == 1) != (c.connected || c.err == nil) {
				t.Errorf("%d connections are open", open)
			}
			if got := number(t, pool) == 3; got != c.happens {
				t.Errorf("the event happened: %t, want %t", got, c.happens)
			}
		})
	}
}

func TestTx_AllOrNothing(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	var sound faultdriver.Script
	if was, err := double(sound.In(t.Context()), pool); was != 1 || err != nil {
		t.Fatalf("without a fault: %d, %v", was, err)
	}
	events := sound.Events()
	if got := fmt.Sprint(events); got != "[BEGIN SELECT UPDATE COMMIT]" {
		t.Fatalf("the events are %s", got)
	}
	want := 2
	for at := range events {
		for name, fault := range faultdriver.Faults {
			if fault == faultdriver.LoseRows && events[at].Op != faultdriver.Query {
				continue
			}
			ctx, cancel := context.WithCancel(t.Context())
			script := &faultdriver.Script{At: at + 1, Fault: fault, OnHang: cancel}
			_, err := double(script.In(ctx), pool)
			cancel()
			committed := events[at].Op == faultdriver.Commit && map[string]bool{"FailAfter": true, "LoseResponse": true, "HangAfter": true}[name]
			retried := events[at].Op == faultdriver.Begin && fault == faultdriver.Cut
			if (err == nil) != retried {
				t.Errorf("%s at %v: %v", name, events[at], err)
			}
			if committed || retried {
				want *= 2
			}
			if got := number(t, pool); got != want {
				t.Fatalf("%s at %v: %d, want %d", name, events[at], got, want)
			}
		}
	}
}

func TestStmt_Prepared(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	prepared, err := pool.PrepareContext(t.Context(), "UPDATE numbers SET n = n + ?")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	script := &faultdriver.Script{At: 1, Fault: faultdriver.LoseResponse}
	if _, err := prepared.ExecContext(script.In(t.Context()), 1); !errors.Is(err, faultdriver.ErrLost) || errors.Is(err, driver.ErrBadConn) {
		t.Errorf("got %v, want %v", err, faultdriver.ErrLost)
	}
	if _, err := prepared.ExecContext(t.Context(), 1); err != nil {
		t.Errorf("on the next connection: %v", err)
	}
	if got := number(t, pool); got != 3 {
		t.Errorf("the number is %d, want 3", got)
	}
}
