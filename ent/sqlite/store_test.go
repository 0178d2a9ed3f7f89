package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// openFile opens an empty database in a new file.
func openFile(t *testing.T) database.Database {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "auth.db"))
}

func open(t *testing.T, path string) database.Database {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "apply"})
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

func openMemory(t *testing.T) database.Database {
	t.Helper()
	return open(t, sqlite.Memory)
}

func TestDatabase_Accounts(t *testing.T) {
	t.Parallel()
	t.Run("File", func(t *testing.T) { t.Parallel(); accounttest.Run(t, openFile) })
	t.Run("Memory", func(t *testing.T) { t.Parallel(); accounttest.Run(t, openMemory) })
}

func TestDatabase_Sessions(t *testing.T) {
	t.Parallel()
	t.Run("File", func(t *testing.T) { t.Parallel(); sessiontest.Run(t, openFile) })
	t.Run("Memory", func(t *testing.T) { t.Parallel(); sessiontest.Run(t, openMemory) })
}

func TestRegister_HookUniqueViolation(t *testing.T) {
	t.Parallel()
	db := openFile(t)
	err := accounttest.Register(t.Context(), db.Accounts(), newUser("ada"), func(ctx context.Context, tx account.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, "INSERT INTO auth_users (id, created_ms) SELECT id, created_ms FROM auth_users")
		return err
	})
	if !sqlite.Dialect().IsConflict(err) {
		t.Fatalf("Register: got %v, want the violation", err)
	}
	if errors.Is(err, account.ErrConflict) {
		t.Errorf("Register: got %v, which reports a registered identity", err)
	}
}

// Every write waits for another process until its context ends, although SQLite
// itself gives up after the short busy timeout.
func TestStores_WaitForOtherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	db := open(t, path)
	ada := register(t, db, "ada")
	accounts, sessions, now := db.Accounts(), db.Sessions(), time.Now()
	r := session.Session{ID: "a", UserID: ada.ID, IdentityID: ada.IdentityID, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(-time.Hour)}
	in := database.SignIn{User: ada, Session: &r, MaxSessions: 1}
	if err := db.SignIn(t.Context(), in); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	lock(t, path)
	for name, write := range map[string]func(context.Context) error{
		"Register":     func(ctx context.Context) error { return accounttest.Register(ctx, accounts, newUser("eve"), nil) },
		"RecordLogin":  func(ctx context.Context) error { return db.SignIn(ctx, database.SignIn{User: ada}) },
		"SetNotBefore": func(ctx context.Context) error { return accounts.SetNotBefore(ctx, ada.ID, now) },
		"Disable":      func(ctx context.Context) error { return accounts.Disable(ctx, ada.ID, now) },
		"Enable":       func(ctx context.Context) error { return accounts.Enable(ctx, ada.ID) },
		"Delete":       func(ctx context.Context) error { return accounts.Delete(ctx, ada.ID) },
		"SignIn":       func(ctx context.Context) error { return db.SignIn(ctx, in) },
		"Touch":        func(ctx context.Context) error { return sessions.Touch(ctx, r.Lookup, now, time.Time{}) },
		"Rotate": func(ctx context.Context) error {
			return sessions.Rotate(ctx, r.UserID, r.Lookup, session.Lookup{1}, [32]byte{})
		},
		"Advance": func(ctx context.Context) error { return sessions.Advance(ctx, session.Exchange{At: now}) },
		"AddKey": func(ctx context.Context) error {
			return db.Keys().Add(ctx, session.Key{ID: "a", Purpose: session.KeySigns})
		},
		"RevokeKey": func(ctx context.Context) error { return db.Keys().Revoke(ctx, "a", now) },
		"DeleteKey": func(ctx context.Context) error { return db.Keys().Delete(ctx, "a") },
		"Revoke":    func(ctx context.Context) error { return sessions.Revoke(ctx, ada.ID, r.ID, "test", now) },
		"RevokeAll": func(ctx context.Context) error {
			_, err := sessions.RevokeAll(ctx, ada.ID, "", "test", now)
			return err
		},
		"Sweep": func(ctx context.Context) error { _, err := sessions.Sweep(ctx, now, 10); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := write(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want %v", name, err, context.DeadlineExceeded)
		}
		cancel()
	}
}

// Waiting writers occupy no connections, however many they are.
func TestStores_ReadDuringWaitingWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	db := open(t, path)
	ada := register(t, db, "ada")
	lock(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 64 {
		writers.Go(func() {
			if err := db.Sessions().Touch(ctx, session.Lookup{}, time.Now(), time.Time{}); !errors.Is(err, context.Canceled) {
				t.Errorf("Touch: got %v, want %v", err, context.Canceled)
			}
		})
	}
	for range 64 {
		if _, err := db.Accounts().Find(ctx, ada.Key); err != nil {
			t.Errorf("Find: %v", err)
		}
	}
	cancel()
	writers.Wait()
}

// lock holds the write lock on a separate connection until the test ends.
func lock(t *testing.T, path string) {
	t.Helper()
	source, err := sqlite.DataSource(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	writer, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Rollback() })
}
