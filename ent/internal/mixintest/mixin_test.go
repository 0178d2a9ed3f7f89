package mixintest_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/mixintest/appgen"
	"github.com/cotterpin/cotterpin/ent/internal/mixintest/appgen/note"
	"github.com/cotterpin/cotterpin/ent/internal/mixintest/appgen/user"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// openBoth migrates a new database as the application, and opens it as the kit.
func openBoth(t *testing.T) (*appgen.Client, database.Database) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	source, err := sqlite.DataSource(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	application := appgen.NewClient(appgen.Driver(entsql.OpenDB(dialect.SQLite, pool)))
	migrate(t, application)
	kit, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "off"})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = kit.Close() })
	return application, kit
}

// migrating is held while ent migrates, which changes its package's variables.
var migrating sync.Mutex

func migrate(t *testing.T, application *appgen.Client) {
	t.Helper()
	migrating.Lock()
	defer migrating.Unlock()
	if err := application.Schema.Create(t.Context()); err != nil {
		t.Fatalf("the application cannot migrate: %v", err)
	}
}

// onTransaction returns the application's client on the transaction of a hook.
func onTransaction(tx *sql.Tx) *appgen.Client {
	return appgen.NewClient(appgen.Driver(entstore.TxDriver(sqlite.Dialect(), tx)))
}

func newUser() identity.User {
	now := time.Now()
	return identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "ada"}, CreatedAt: now, LastLoginAt: now,
	}
}

func TestAccountsOnTheApplicationsTables(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, func(t *testing.T) account.Store {
		_, kit := openBoth(t)
		return kit.Accounts()
	})
}

func TestSessionsOnTheApplicationsTables(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(t *testing.T) (account.Store, session.Store) {
		_, kit := openBoth(t)
		return kit.Accounts(), kit.Sessions()
	})
}

func TestTheHookWritesTheApplicationsPartInTheSameTransaction(t *testing.T) {
	t.Parallel()
	application, kit := openBoth(t)
	added := newUser()
	err := kit.Accounts().Register(t.Context(), added, func(ctx context.Context, tx *sql.Tx) error {
		client := onTransaction(tx)
		return errors.Join(
			client.User.UpdateOneID(added.ID).SetNickname("countess").Exec(ctx),
			client.Note.Create().SetAuthorID(added.ID).SetText("hello").Exec(ctx),
		)
	})
	if err != nil {
		t.Fatalf("Register: %v", err)
	}
	got, err := application.User.Query().Where(user.ID(added.ID)).WithNotes().WithIdentities().Only(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Nickname == nil || *got.Nickname != "countess" || len(got.Edges.Notes) != 1 || got.Edges.Notes[0].Text != "hello" {
		t.Errorf("the application sees %v with %v", got, got.Edges.Notes)
	}
	if len(got.Edges.Identities) != 1 || got.Edges.Identities[0].Subject != "ada" {
		t.Errorf("the application sees the identities %v", got.Edges.Identities)
	}
}

func TestAVetoTakesTheApplicationsPartAway(t *testing.T) {
	t.Parallel()
	application, kit := openBoth(t)
	veto := errors.New("veto")
	added := newUser()
	err := kit.Accounts().Register(t.Context(), added, func(ctx context.Context, tx *sql.Tx) error {
		return errors.Join(onTransaction(tx).Note.Create().SetAuthorID(added.ID).SetText("hello").Exec(ctx), veto)
	})
	if !errors.Is(err, veto) {
		t.Fatalf("Register: got %v, want %v", err, veto)
	}
	users, notes := application.User.Query().CountX(t.Context()), application.Note.Query().CountX(t.Context())
	if users != 0 || notes != 0 {
		t.Errorf("there are %d users and %d notes", users, notes)
	}
}

func TestADeletedUserTakesTheApplicationsPartAlong(t *testing.T) {
	t.Parallel()
	application, kit := openBoth(t)
	added := newUser()
	if err := kit.Accounts().Register(t.Context(), added, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	application.Note.Create().SetAuthorID(added.ID).SetText("hello").ExecX(t.Context())
	if err := kit.Accounts().Delete(t.Context(), added.ID); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if application.Note.Query().Where(note.HasAuthorWith(user.ID(added.ID))).ExistX(t.Context()) {
		t.Error("the note is still there")
	}
}
