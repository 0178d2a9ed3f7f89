package entstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestEachCallHasItsStatements holds the budget: what is asked of the database
// at every request and at every login.
func TestEachCallHasItsStatements(t *testing.T) {
	t.Parallel()
	log := new(statements)
	db := openLogged(t, log)
	accounts, sessions := db.Accounts(), db.Sessions()
	now := time.Now()
	user := identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "subject"}, CreatedAt: now, LastLoginAt: now,
	}
	newRecord := func(n byte) session.Record {
		return session.Record{
			Lookup: session.Lookup{n}, ID: string('a' + rune(n)), UserID: user.ID, IdentityID: user.IdentityID,
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
		}
	}
	const limit = 2
	for _, call := range []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"Register", func(ctx context.Context) error { return accounts.Register(ctx, user, nil) }, "BEGIN INSERT INSERT COMMIT"},
		{"Find", func(ctx context.Context) error { _, err := accounts.Find(ctx, user.Key); return err }, "SELECT"},
		{"Get", func(ctx context.Context) error { _, err := accounts.Get(ctx, user.ID); return err }, "SELECT"},
		{"RecordLogin", func(ctx context.Context) error { return accounts.RecordLogin(ctx, user) }, "UPDATE"},
		{"SetNotBefore", func(ctx context.Context) error { return accounts.SetNotBefore(ctx, user.ID, now) }, "UPDATE"},
		{"Disable", func(ctx context.Context) error { return accounts.Disable(ctx, user.ID, now) }, "UPDATE"},
		{"Enable", func(ctx context.Context) error { return accounts.Enable(ctx, user.ID) }, "UPDATE"},
		{"Create", func(ctx context.Context) error { return sessions.Create(ctx, newRecord(0), limit) }, "BEGIN SELECT INSERT SELECT COMMIT"},
		{"Create", func(ctx context.Context) error { return sessions.Create(ctx, newRecord(1), limit) }, "BEGIN SELECT INSERT SELECT COMMIT"},
		{"CreateOverTheLimit", func(ctx context.Context) error { return sessions.Create(ctx, newRecord(2), limit) }, "BEGIN SELECT INSERT SELECT UPDATE COMMIT"},
		{"FindSession", func(ctx context.Context) error { _, _, err := sessions.Find(ctx, session.Lookup{2}); return err }, "SELECT"},
		{"Touch", func(ctx context.Context) error { return sessions.Touch(ctx, session.Lookup{2}, now, time.Time{}) }, "UPDATE"},
		{"Rotate", func(ctx context.Context) error {
			return sessions.Rotate(ctx, session.Lookup{2}, session.Lookup{3}, [32]byte{})
		}, "UPDATE"},
		{"List", func(ctx context.Context) error { _, err := sessions.List(ctx, user.ID, now); return err }, "SELECT"},
		{"Revoke", func(ctx context.Context) error { return sessions.Revoke(ctx, user.ID, "c", "test", now) }, "UPDATE"},
		{"RevokeAll", func(ctx context.Context) error {
			_, err := sessions.RevokeAll(ctx, user.ID, "", "test", now)
			return err
		}, "UPDATE"},
		{"Sweep", func(ctx context.Context) error { _, err := sessions.Sweep(ctx, now.Add(time.Minute), 10); return err }, "SELECT DELETE"},
		{"SweepOfNothing", func(ctx context.Context) error { _, err := sessions.Sweep(ctx, now.Add(time.Minute), 10); return err }, "SELECT"},
		{"Delete", func(ctx context.Context) error { return accounts.Delete(ctx, user.ID) }, "DELETE"},
		{"Ready", db.Ready, "SELECT SELECT"},
	} {
		log.take()
		if err := call.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", call.name, err)
		}
		if got := strings.Join(log.take(), " "); got != call.want {
			t.Errorf("%s is %q, want %q", call.name, got, call.want)
		}
	}
}

func openLogged(t *testing.T, log *statements) database.Database {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	plain, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	pool := sql.OpenDB(loggedConnector{plain.Driver(), "file:" + path + "?_txlock=immediate&_pragma=foreign_keys(1)", log})
	t.Cleanup(func() { _ = pool.Close() })
	db, err := entstore.Open(t.Context(), pool, sqlite.Dialect(), database.MigrateApply)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// statements are the first words of what a driver was asked.
type statements struct {
	mu   sync.Mutex
	seen []string
}

func (s *statements) add(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, strings.Fields(query)[0])
}

// take returns what was seen since it was called last.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := slices.Clone(s.seen)
	s.seen = s.seen[:0]
	return seen
}

type loggedConnector struct {
	driver driver.Driver
	source string
	log    *statements
}

func (c loggedConnector) Driver() driver.Driver { return c.driver }

func (c loggedConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return loggedConn{conn.(sqliteConn), c.log}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type loggedConn struct {
	sqliteConn
	log *statements
}

func (c loggedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	c.log.add("BEGIN")
	tx, err := c.sqliteConn.BeginTx(ctx, options)
	return loggedTx{tx, c.log}, err
}

func (c loggedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.log.add(query)
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c loggedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.log.add(query)
	return c.sqliteConn.QueryContext(ctx, query, args)
}

func (c loggedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.sqliteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return loggedStmt{stmt.(sqliteStmt), query, c.log}, nil
}

type loggedTx struct {
	driver.Tx
	log *statements
}

func (t loggedTx) Commit() error {
	t.log.add("COMMIT")
	return t.Tx.Commit()
}

// sqliteStmt is what the driver's prepared statements can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type loggedStmt struct {
	sqliteStmt
	query string
	log   *statements
}

func (s loggedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.log.add(s.query)
	return s.sqliteStmt.QueryContext(ctx, args)
}
