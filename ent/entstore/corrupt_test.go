package entstore_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func TestDatabase_CorruptSession(t *testing.T) {
	t.Parallel()
	now := time.Now()
	user := identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "subject"}, CreatedAt: now, LastLoginAt: now,
	}
	r := session.Session{
		ID: "id", UserID: user.ID, IdentityID: user.IdentityID, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
	}
	for column, c := range map[string]struct {
		garbage string
		listed  bool // List reads the column too
	}{
		"secret_hash":        {"x'00'", false},
		"previous_hash":      {"x'00'", false},
		"refresh_generation": {"'many'", false},
		"claims":             {"'{'", true},
		"created_ms":         {"'yesterday'", true},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			pool := openTables(t, foreignKeys)
			db, err := entstore.Open(t.Context(), pool, sqlite.Dialect(), database.MigrateCheck, slog.Default())
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			defer db.Close()
			if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
				t.Fatalf("Register: %v", err)
			}
			if err := db.SignIn(t.Context(), database.SignIn{User: user, Session: &r, MaxSessions: 1}); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			find := func() error { _, err := db.Sessions().FindRefresh(t.Context(), r.Lookup); return err }
			list := func() error { _, err := db.Sessions().List(t.Context(), user.ID, now); return err }
			if err := find(); err != nil {
				t.Fatalf("FindRefresh of the sound row: %v", err)
			}
			execute(t, pool, "UPDATE auth_sessions SET "+column+" = "+c.garbage)
			if err := find(); err == nil || !strings.Contains(err.Error(), column) {
				t.Errorf("FindRefresh: got %v, want an error about %s", err, column)
			}
			if err := list(); c.listed != (err != nil) {
				t.Errorf("List: got %v", err)
			}
		})
	}
}
