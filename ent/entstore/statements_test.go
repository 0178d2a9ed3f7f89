package entstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestStores_Statements compares the statements of each method with its budget.
func TestStores_Statements(t *testing.T) {
	t.Parallel()
	db := openRecorded(t, newConnector(t))
	accounts, sessions, keys := db.Accounts(), db.Sessions(), db.Keys()
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
		{"Register", func(ctx context.Context) error { return accounttest.Register(ctx, accounts, user, nil) }, "BEGIN INSERT INSERT COMMIT"},
		{"Find", func(ctx context.Context) error { _, err := accounts.Find(ctx, user.Key); return err }, "SELECT"},
		{"Get", func(ctx context.Context) error { _, err := accounts.Get(ctx, user.ID); return err }, "SELECT"},
		{"SignInWithoutSession", func(ctx context.Context) error { return db.SignIn(ctx, database.SignIn{User: user}) }, "UPDATE"},
		{"SignIn", signIn(0), "BEGIN UPDATE INSERT COMMIT"},
		{"SignIn", signIn(1), "BEGIN UPDATE INSERT COMMIT"},
		{"SignInOverTheLimit", signIn(2), "BEGIN UPDATE INSERT UPDATE COMMIT"},
		{"SignInWithProviderSession", func(ctx context.Context) error {
			r := session.Session{
				Lookup: session.Lookup{9}, ID: "z", UserID: user.ID, IdentityID: user.IdentityID, ProviderSession: "p",
				CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
			}
			return db.SignIn(ctx, database.SignIn{User: user, Session: &r, MaxSessions: 9})
		}, "BEGIN SELECT UPDATE INSERT COMMIT"},
		{"EndProviderSession", func(ctx context.Context) error {
			return accounts.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
				_, err := tx.EndProviderSession(ctx, "p", "test", now, now.Add(time.Hour))
				return err
			})
		}, "BEGIN INSERT UPDATE SELECT COMMIT"},
		{"IsRecorded", func(ctx context.Context) error { _, err := accounts.IsRecorded(ctx, "p", now); return err }, "SELECT"},
		{"Identities", func(ctx context.Context) error { _, err := accounts.Identities(ctx, user.ID); return err }, "SELECT"},
		{"ListUsers", func(ctx context.Context) error {
			_, err := accounts.List(ctx, account.Query{Provider: "cotter", Limit: 1})
			return err
		}, "SELECT"},
		{"SweepMarks", func(ctx context.Context) error { _, err := accounts.Sweep(ctx, now, 10); return err }, "SELECT"},
		{"TransactReads", func(ctx context.Context) error {
			return accounts.Transact(ctx, []string{"a"}, func(ctx context.Context, tx account.Tx) error {
				_, findErr := tx.Find(ctx, user.Key)
				_, getErr := tx.Get(ctx, user.ID)
				_, emailErr := tx.WithEmail(ctx, user.Email)
				return errors.Join(findErr, getErr, emailErr)
			})
		}, "BEGIN SELECT SELECT SELECT COMMIT"},
		{"SignInWithin", func(ctx context.Context) error {
			return db.SignIn(ctx, database.SignIn{User: user, Within: func(context.Context, account.Tx) error { return nil }})
		}, "BEGIN UPDATE COMMIT"},
		{"SetNotBefore", func(ctx context.Context) error { return accounts.SetNotBefore(ctx, user.ID, now) }, "UPDATE"},
		{"Disable", func(ctx context.Context) error { return accounts.Disable(ctx, user.ID, now) }, "UPDATE"},
		{"Enable", func(ctx context.Context) error { return accounts.Enable(ctx, user.ID) }, "UPDATE"},
		{"FindSession", func(ctx context.Context) error { _, err := sessions.Find(ctx, session.Lookup{2}); return err }, "SELECT"},
		{"Touch", func(ctx context.Context) error { return sessions.Touch(ctx, session.Lookup{2}, now, time.Time{}) }, "UPDATE"},
		{"Rotate", func(ctx context.Context) error {
			return sessions.Rotate(ctx, user.ID, session.Lookup{2}, session.Lookup{3}, [32]byte{})
		}, "UPDATE"},
		{"FindRefresh", func(ctx context.Context) error { _, err := sessions.FindRefresh(ctx, session.Lookup{3}); return err }, "SELECT"},
		{"FindByID", func(ctx context.Context) error { _, err := sessions.FindByID(ctx, user.ID, "c"); return err }, "SELECT"},
		{"Advance", func(ctx context.Context) error {
			return sessions.Advance(ctx, session.Exchange{Lookup: session.Lookup{3}, At: now})
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
		{"AddKey", func(ctx context.Context) error {
			return keys.Add(ctx, session.Key{ID: "a", Purpose: session.KeySigns, Secret: []byte("k")})
		}, "INSERT"},
		{"ListKeys", func(ctx context.Context) error { _, err := keys.List(ctx); return err }, "SELECT"},
		{"RevokeKey", func(ctx context.Context) error { return keys.Revoke(ctx, "a", now) }, "UPDATE"},
		{"DeleteKey", func(ctx context.Context) error { return keys.Delete(ctx, "a") }, "DELETE"},
		{"Ready", db.Ready, "SELECT SELECT"},
	} {
		var script faultdriver.Script
		if err := call.do(script.In(t.Context())); err != nil {
			t.Fatalf("%s: %v", call.name, err)
		}
		if got, want := fmt.Sprint(script.Executed()), "["+call.want+"]"; got != want {
			t.Errorf("%s: executed %s, want %s", call.name, got, want)
		}
	}
}

// openRecorded opens a database whose statements a [faultdriver.Script] records.
func openRecorded(t *testing.T, connector driver.Connector) database.Database {
	t.Helper()
	pool := sql.OpenDB(faultdriver.Wrap(connector))
	db, err := entstore.OpenOwned(t.Context(), pool, sqlite.Dialect(), database.MigrateApply, slog.Default())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newConnector(t *testing.T) driver.Connector {
	t.Helper()
	connector, err := sqlite.Connector(filepath.Join(t.TempDir(), "auth.db"))
	if err != nil {
		t.Fatal(err)
	}
	return connector
}

func TestDatabase_Statements(t *testing.T) {
	t.Parallel()
	enginetest.RunStatements(t, sqlite.Dialect(), newConnector)
}

func TestDatabase_Faults(t *testing.T) {
	t.Parallel()
	enginetest.RunFaults(t, sqlite.Dialect(), newConnector)
}

// A05.
func TestDatabase_Deletion(t *testing.T) {
	t.Parallel()
	enginetest.RunDeletion(t, sqlite.Dialect(), newConnector)
}

// TestSessions_RevokedNotScanned checks that the index excludes revoked sessions:
// a user who signs in often has thousands of them, which would slow down each
// login.
func TestSessions_RevokedNotScanned(t *testing.T) {
	t.Parallel()
	connector := newConnector(t)
	sessions := openRecorded(t, connector).Sessions()
	var script faultdriver.Script
	ctx := script.In(t.Context())
	if _, err := sessions.List(ctx, uuid.Nil, time.Now()); err != nil {
		t.Fatalf("List: %v", err)
	}
	if _, err := sessions.RevokeAll(ctx, uuid.Nil, "", "test", time.Now()); err != nil {
		t.Fatalf("RevokeAll: %v", err)
	}
	executed := script.Executed()
	if len(executed) != 2 {
		t.Fatalf("executed %v, want 2 statements", executed)
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	for _, statement := range executed {
		var id, parent, unused int
		var plan string
		row := pool.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+statement.SQL, statement.Values()...)
		if err := row.Scan(&id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "(user_id=? AND revoked_ms=?") {
			t.Errorf("%s\n%s", statement.SQL, plan)
		}
	}
}
