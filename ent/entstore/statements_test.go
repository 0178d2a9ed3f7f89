package entstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/querylog"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestEachCallHasItsStatements holds the budget: what is asked of the database
// at every request and at every login.
func TestEachCallHasItsStatements(t *testing.T) {
	t.Parallel()
	db, log := openLogged(t)
	accounts, sessions := db.Accounts(), db.Sessions()
	now := time.Now()
	user := identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "subject"}, CreatedAt: now, LastLoginAt: now,
	}
	signIn := func(n byte) func(context.Context) error {
		r := session.Session{
			Lookup: session.Lookup{n}, ID: string('a' + rune(n)), UserID: user.ID, IdentityID: user.IdentityID,
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
		}
		return func(ctx context.Context) error {
			return db.SignIn(ctx, database.SignIn{User: user, Session: &r, MaxSessions: 2})
		}
	}
	for _, call := range []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"Register", func(ctx context.Context) error { return accounts.Register(ctx, user, nil) }, "BEGIN INSERT INSERT COMMIT"},
		{"Find", func(ctx context.Context) error { _, err := accounts.Find(ctx, user.Key); return err }, "SELECT"},
		{"Get", func(ctx context.Context) error { _, err := accounts.Get(ctx, user.ID); return err }, "SELECT"},
		{"SignInWithoutSession", func(ctx context.Context) error { return db.SignIn(ctx, database.SignIn{User: user}) }, "UPDATE"},
		{"SignIn", signIn(0), "BEGIN UPDATE INSERT COMMIT"},
		{"SignIn", signIn(1), "BEGIN UPDATE INSERT COMMIT"},
		{"SignInOverTheLimit", signIn(2), "BEGIN UPDATE INSERT UPDATE COMMIT"},
		{"SetNotBefore", func(ctx context.Context) error { return accounts.SetNotBefore(ctx, user.ID, now) }, "UPDATE"},
		{"Disable", func(ctx context.Context) error { return accounts.Disable(ctx, user.ID, now) }, "UPDATE"},
		{"Enable", func(ctx context.Context) error { return accounts.Enable(ctx, user.ID) }, "UPDATE"},
		{"FindSession", func(ctx context.Context) error { _, err := sessions.Find(ctx, session.Lookup{2}); return err }, "SELECT"},
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
		log.Take()
		if err := call.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", call.name, err)
		}
		if got := log.Verbs(); got != call.want {
			t.Errorf("%s is %q, want %q", call.name, got, call.want)
		}
	}
}

func openLogged(t *testing.T) (database.Database, *querylog.Log) {
	t.Helper()
	pool := openPool(t)
	watched, log := querylog.Open(pool)
	db, err := entstore.OpenOwned(t.Context(), watched, sqlite.Dialect(), database.MigrateApply)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, log
}

func openPool(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := sqlite.Connector(filepath.Join(t.TempDir(), "auth.db"))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func TestStatements(t *testing.T) {
	t.Parallel()
	enginetest.RunStatements(t, sqlite.Dialect(), openPool)
}

// A05.
func TestDatabase_Deletion(t *testing.T) {
	t.Parallel()
	enginetest.RunDeletion(t, sqlite.Dialect(), openPool)
}

// TestRevokedSessionsAreNotLookedAt has SQLite say by what it finds a user's
// live sessions: somebody who signs in again and again has thousands that are
// revoked, and would slow down every login to come.
func TestRevokedSessionsAreNotLookedAt(t *testing.T) {
	t.Parallel()
	pool := openPool(t)
	watched, log := querylog.Open(pool)
	db, err := entstore.OpenOwned(t.Context(), watched, sqlite.Dialect(), database.MigrateApply)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	log.Take()
	if _, err := db.Sessions().List(t.Context(), uuid.Nil, time.Now()); err != nil {
		t.Fatalf("List: %v", err)
	}
	if _, err := db.Sessions().RevokeAll(t.Context(), uuid.Nil, "", "test", time.Now()); err != nil {
		t.Fatalf("RevokeAll: %v", err)
	}
	asked := log.Take()
	if len(asked) != 2 {
		t.Fatalf("asked %d times, want 2", len(asked))
	}
	for _, statement := range asked {
		var id, parent, unused int
		var plan string
		row := pool.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+statement.Query, statement.Args...)
		if err := row.Scan(&id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "(user_id=? AND revoked_ms=?") {
			t.Errorf("%s\n%s", statement.Query, plan)
		}
	}
}
