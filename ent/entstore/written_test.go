package entstore_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// Registrations and logins write the columns of searches as migrations fill them.
func TestAccounts_Columns(t *testing.T) {
	t.Parallel()
	pool := openTables(t, foreignKeys)
	db, err := entstore.Open(t.Context(), pool, sqlite.Dialect(), database.MigrateCheck, slog.Default())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer db.Close()
	want := func(what, folded string, lastLogin int64) {
		t.Helper()
		var gotFolded string
		var gotLogin int64
		row := pool.QueryRowContext(t.Context(), "SELECT email_folded, last_login_ms FROM auth_identities")
		if err := row.Scan(&gotFolded, &gotLogin); err != nil || gotFolded != folded || gotLogin != lastLogin {
			t.Errorf("%s: email_folded %q, last_login_ms %d (error %v), want %q and %d", what, gotFolded, gotLogin, err, folded, lastLogin)
		}
	}
	at := time.UnixMilli(1_800_000_000_123)
	user := identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()), Key: identity.Key{Issuer: "issuer", Subject: "subject"},
		Email: "Ada@Example.com", CreatedAt: at,
	}
	err = db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
		return errors.Join(tx.CreateUser(ctx, user), tx.AddIdentity(ctx, user.ID, user.Stored()))
	})
	if err != nil {
		t.Fatalf("Transact: %v", err)
	}
	want("before the first login", "ada@example.com", 0)
	user.Email, user.LastLoginAt = "EVE@example.com", at
	if err := db.SignIn(t.Context(), database.SignIn{User: user}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	want("after a login", "eve@example.com", at.UnixMilli())
}
