package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// stored is a database in a file with a session all of whose columns are set.
type stored struct {
	database.Database
	session session.Session
	pool    *sql.DB // a separate one
}

func newStored(t *testing.T, pragma string) stored {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	source, err := DataSource(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if pragma != "" {
		execute(t, pool, pragma)
		execute(t, pool, "CREATE TABLE other (id integer)") // the encoding is that of the first table
	}
	db, err := Open(t.Context(), Settings{Path: path, Migrate: "apply"})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	at := time.UnixMilli(1_700_000_000_000).UTC()
	user := identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "issuer", Subject: "subject"}, CreatedAt: at, LastLoginAt: at,
	}
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	s := session.Session{
		Lookup: session.Lookup{1, 0, 255}, SecretHash: [32]byte{0, ';', ':', 255}, PreviousHash: [32]byte{2}, Generation: 7,
		ID: "id;1:", UserID: user.ID, IdentityID: user.IdentityID,
		Provider: "größe", Issuer: "a\x00b", Subject: "3:;", AuthMethod: "\xff", Transport: "cookie",
		CreatedAt: at, AuthenticatedAt: at.Add(1e6), LastSeenAt: at.Add(2e6), IdleExpiresAt: at.Add(3e6), ExpiresAt: at.Add(time.Hour),
		RefreshedAt: at.Add(4e6), RevokedAt: at.Add(5e6), RevokeReason: "test;", UserNotBefore: at.Add(-time.Hour),
	}
	if err := s.Claims.UnmarshalJSON([]byte(`{"acr":"7:;","n":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := db.SignIn(t.Context(), database.SignIn{User: user, Session: &s, MaxSessions: 1}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	if err := db.Accounts().SetNotBefore(t.Context(), user.ID, s.UserNotBefore); err != nil {
		t.Fatalf("SetNotBefore: %v", err)
	}
	return stored{db, s, pool}
}

func execute(t *testing.T, pool *sql.DB, statement string) {
	t.Helper()
	if _, err := pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s stored) find(ctx context.Context) (session.Session, error) {
	return s.Sessions().Find(ctx, s.session.Lookup)
}

// wantSame compares Find with FindByID, which reads the columns through
// database/sql.
func (s stored) wantSame(t *testing.T) session.Session {
	t.Helper()
	got, err := s.find(t.Context())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	want, err := s.Sessions().FindByID(t.Context(), s.session.UserID, s.session.ID)
	if err != nil {
		t.Fatalf("FindByID: %v", err)
	}
	want.Generation, want.PreviousHash, want.RefreshedAt = 0, [32]byte{}, time.Time{} // Find omits them
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Find: got\n%+v\nFindByID returns\n%+v", got, want)
	}
	return got
}

func TestSessions_FindAllColumns(t *testing.T) {
	t.Parallel()
	s := newStored(t, "")
	got := s.wantSame(t)
	if got.Subject != s.session.Subject || got.UserDisabled {
		t.Errorf("Find: got %+v, want %+v", got, s.session)
	}
	execute(t, s.pool, `UPDATE auth_sessions SET claims = NULL, authenticated_ms = NULL, idle_expires_ms = NULL,
		revoked_ms = NULL, revoke_reason = ''`)
	execute(t, s.pool, `UPDATE auth_users SET disabled_ms = 1, not_before_ms = NULL`)
	if got := s.wantSame(t); !got.UserDisabled || !got.UserNotBefore.IsZero() {
		t.Errorf("Find: got %+v, want a disabled user without a not-before time", got)
	}
}

func TestSessions_FindUTF16(t *testing.T) {
	t.Parallel()
	s := newStored(t, "PRAGMA encoding = 'UTF-16le'")
	s.wantSame(t)
	if _, packed := s.Database.(fileDatabase); packed {
		t.Error("Open: sessions of a UTF-16 file are read packed")
	}
}

func TestSessions_FindCorrupt(t *testing.T) {
	t.Parallel()
	for column, garbage := range map[string]string{
		"user_id": "'x'", "secret_hash": "x'00'", "claims": "'{'",
		"created_ms": "'yesterday'", "expires_ms": "1.5", "revoked_ms": "'1;2'",
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			s := newStored(t, "PRAGMA encoding = 'UTF-8'")
			s.wantSame(t)
			execute(t, s.pool, "PRAGMA foreign_keys = off; UPDATE auth_users SET id = "+userID(column, garbage)+
				"; UPDATE auth_sessions SET "+column+" = "+garbage)
			if got, err := s.find(t.Context()); err == nil || errors.Is(err, session.ErrNotFound) {
				t.Errorf("Find: got %+v, %v, want an error", got, err)
			}
		})
	}
}

// userID is the value for the user's id that keeps the rows joined.
func userID(column, garbage string) string {
	if column == "user_id" {
		return garbage
	}
	return "id"
}

// The prepared statement follows an added column, a dropped index and a renamed
// table.
func TestSessions_FindAfterSchemaChange(t *testing.T) {
	t.Parallel()
	s := newStored(t, "")
	s.wantSame(t)
	execute(t, s.pool, "ALTER TABLE auth_sessions ADD COLUMN newer text")
	execute(t, s.pool, "DROP INDEX auth_sessions_lookup_key")
	s.wantSame(t)
	execute(t, s.pool, "ALTER TABLE auth_users RENAME TO moved")
	if _, err := s.find(t.Context()); err == nil || errors.Is(err, session.ErrNotFound) {
		t.Fatalf("Find without a table: got %v, want an error", err)
	}
	execute(t, s.pool, "ALTER TABLE moved RENAME TO auth_users")
	s.wantSame(t)
}

func TestReaders_Close(t *testing.T) {
	t.Parallel()
	s := newStored(t, "")
	s.wantSame(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := s.find(t.Context()); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("Find after Close: got %v, want %v", err, sql.ErrConnDone)
	}
}

// A request waits for a connection no longer than its context.
func TestReaders_Wait(t *testing.T) {
	t.Parallel()
	s := newStored(t, "")
	s.wantSame(t)
	free := s.Database.(fileDatabase).sessions.readers.free
	for range cap(free) {
		held := <-free
		defer func() { free <- held }()
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := s.find(ctx); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "sqlite: ") {
		t.Errorf("Find: got %v, want %v", err, context.Canceled)
	}
}
