package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// openFile opens an empty database in a file of its own.
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

func TestAccountsInAFile(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, func(t *testing.T) account.Store { return openFile(t).Accounts() })
}

func TestAccountsInMemory(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, func(t *testing.T) account.Store { return open(t, sqlite.Memory).Accounts() })
}

func TestSessionsInAFile(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(t *testing.T) (account.Store, session.Store) {
		db := openFile(t)
		return db.Accounts(), db.Sessions()
	})
}

func TestSessionsInMemory(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(t *testing.T) (account.Store, session.Store) {
		db := open(t, sqlite.Memory)
		return db.Accounts(), db.Sessions()
	})
}

func TestAUniqueViolationOfTheHookIsNotAConflictOfIdentities(t *testing.T) {
	t.Parallel()
	db := openFile(t)
	err := db.Accounts().Register(t.Context(), newUser("ada"), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO auth_users (id, created_ms) SELECT id, created_ms FROM auth_users")
		return err
	})
	if !sqlite.Dialect().IsConflict(err) {
		t.Fatalf("Register: got %v, want the violation", err)
	}
	if errors.Is(err, account.ErrConflict) {
		t.Errorf("Register: got %v, which says that the identity is registered", err)
	}
}

func BenchmarkFindSession(b *testing.B) {
	db, err := sqlite.Open(b.Context(), sqlite.Settings{Path: filepath.Join(b.TempDir(), "auth.db"), Migrate: "apply"})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	user := newUser("ada")
	if err := db.Accounts().Register(b.Context(), user, nil); err != nil {
		b.Fatal(err)
	}
	r := session.Record{ID: "a", UserID: user.ID, IdentityID: user.IdentityID, Issuer: "i", Subject: "s"}
	if err := db.Sessions().Create(b.Context(), r, 1); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := db.Sessions().Find(b.Context(), r.Lookup); err != nil {
			b.Fatal(err)
		}
	}
}
