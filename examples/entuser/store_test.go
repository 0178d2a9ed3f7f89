package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/examples/entuser/internal/graph"
)

// migrating serializes migrations, since ent's change variables of its package.
var migrating sync.Mutex

// openBoth migrates a new database as the application and opens it with the kit.
func openBoth(t *testing.T) (*graph.Client, database.Database) {
	t.Helper()
	migrating.Lock()
	defer migrating.Unlock()
	path := filepath.Join(t.TempDir(), "entuser.db")
	client, err := openGraph(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	kit, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: string(database.MigrateOff)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kit.Close() })
	return client, kit
}

func openKit(t *testing.T) database.Database {
	t.Helper()
	_, kit := openBoth(t)
	return kit
}

func newUser() identity.User {
	now := time.Now()
	return identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "ada"}, CreatedAt: now, LastLoginAt: now,
	}
}

func TestStore_Accounts(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, openKit)
}

func TestStore_Sessions(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, openKit)
}

// Cases: A20.
func TestHook_UpdatesUser(t *testing.T) {
	t.Parallel()
	client, kit := openBoth(t)
	if _, ok := entstore.DriverFromContext(t.Context()); ok {
		t.Fatal("a context outside of a transaction has a driver")
	}
	added := newUser()
	err := accounttest.Register(t.Context(), kit.Accounts(), added, func(ctx context.Context, _ account.Tx) error {
		inTransaction, err := onTransaction(ctx)
		if err != nil {
			return err
		}
		return inTransaction.User.UpdateOneID(added.ID).SetNickname("countess").Exec(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.User.Get(t.Context(), added.ID)
	if err != nil || got.Nickname == nil || *got.Nickname != "countess" {
		t.Errorf("got %v, %v, want the nickname", got, err)
	}
}

func TestHook_VetoRollsBack(t *testing.T) {
	t.Parallel()
	client, kit := openBoth(t)
	veto := errors.New("veto")
	added := newUser()
	err := accounttest.Register(t.Context(), kit.Accounts(), added, func(ctx context.Context, tx account.Tx) error {
		return errors.Join(welcome(ctx, core.Registration{UserID: added.ID, Tx: tx.SQL()}), veto)
	})
	if !errors.Is(err, veto) {
		t.Fatalf("got %v, want %v", err, veto)
	}
	users, notes := client.User.Query().CountX(t.Context()), client.Note.Query().CountX(t.Context())
	if users != 0 || notes != 0 {
		t.Errorf("%d users and %d notes are stored, want none", users, notes)
	}
}
