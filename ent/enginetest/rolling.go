package enginetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"path"
	"testing"
	"testing/fstest"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// RunRolling tests that a program with version 1 of the tables and this program
// work on the same tables after this one has migrated them. newConnector returns
// a connector to a new empty database. Embedded databases can use it too.
func RunRolling(t *testing.T, d entstore.Dialect, newConnector func(t *testing.T) driver.Connector) {
	t.Helper()
	connector := newConnector(t)
	pool := openPool(t, connector) // a program has its own
	older := firstProgram{pool: pool, dialect: d.Name, set: firstSet(t, d, pool)}
	if err := older.set.Apply(t.Context()); err != nil {
		t.Fatalf("the older program cannot migrate: %v", err)
	}
	user := newUser("ada")
	older.register(t, user.ID, user.IdentityID, user.Issuer, user.Subject)
	before := newSession(user, 1)
	older.signIn(t, before)

	db, err := entstore.Open(t.Context(), openPool(t, connector), d, database.MigrateApply, slog.Default())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	older.wantUsable(t)
	newer := db.Sessions()
	wantOpaque(t, newer, before)

	after := newSession(user, 2)
	older.signIn(t, after)
	wantOpaque(t, newer, after)
	older.update(t, after, map[string]any{"last_seen_ms": after.LastSeenAt.Add(time.Minute).UnixMilli()})
	if got := find(t, newer, after.Lookup); !got.LastSeenAt.Equal(after.LastSeenAt.Add(time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("last seen %v after an update by the older program", got.LastSeenAt)
	}

	e := session.Exchange{Lookup: after.Lookup, Presented: after.SecretHash, Next: [32]byte{9}, At: user.CreatedAt}
	if err := newer.Advance(t.Context(), e); err != nil {
		t.Fatalf("Advance: %v", err)
	}
	older.wantHash(t, after, e.Next)
	older.update(t, after, map[string]any{"revoked_ms": user.CreatedAt.UnixMilli(), "revoke_reason": "logout"})
	if got := find(t, newer, after.Lookup); got.RevokeReason != "logout" || got.Generation != 1 {
		t.Errorf("a session that the older program has revoked is %+v", got)
	}
	e.Presented, e.Next = e.Next, [32]byte{10}
	if err := newer.Advance(t.Context(), e); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Advance of a session that the older program has revoked: got %v, want ErrNotFound", err)
	}

	older.wantSearched(t, db.Accounts(), user.ID)

	// Back to the older program, and forth again.
	if err := older.set.Apply(t.Context()); err != nil {
		t.Errorf("the older program cannot start again: %v", err)
	}
	older.wantUsable(t)
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
}

func (e Engine) testRolling(t *testing.T) {
	t.Parallel()
	RunRolling(t, e.Dialect, e.newConnector)
}

// firstSet returns the migrations of the program with version 1 of the tables.
func firstSet(t *testing.T, d entstore.Dialect, pool *sql.DB) *migrations.Set {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range migrationFiles(t) {
		if path.Base(name) != "00001_schema.sql" {
			continue
		}
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	set, err := migrations.Load(d.Name, pool, files, 1)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// firstProgram executes the statements of the program with version 1 of the
// tables, which name the columns of that version.
type firstProgram struct {
	pool    *sql.DB
	dialect string
	set     *migrations.Set
}

func (p firstProgram) wantUsable(t *testing.T) {
	t.Helper()
	if version, err := p.set.Check(t.Context()); err != nil || version <= 1 {
		t.Errorf("the older program rejects version %d of the tables: %v", version, err)
	}
}

func (p firstProgram) register(t *testing.T, user, identity any, issuer, subject string) {
	t.Helper()
	p.insert(t, "auth_users", []string{"id", "created_ms"}, user, 1)
	p.insert(t, "auth_identities", []string{
		"id", "user_id", "issuer", "subject", "provider", "identifier", "email", "email_verified", "phone", "phone_verified",
		"created_ms", "last_login_ms",
	}, identity, user, issuer, subject, "cotter", "", "", false, "", false, 1, 1)
}

func (p firstProgram) signIn(t *testing.T, s session.Session) {
	t.Helper()
	p.insert(t, "auth_sessions", []string{
		"id", "lookup", "secret_hash", "user_id", "identity_id", "provider", "issuer", "subject", "auth_method", "transport", "claims",
		"created_ms", "authenticated_ms", "last_seen_ms", "idle_expires_ms", "expires_ms", "revoked_ms", "revoke_reason", "user_agent", "address",
	}, s.ID, s.Lookup[:], s.SecretHash[:], s.UserID, s.IdentityID, s.Provider, s.Issuer, s.Subject, "OTP", "cookie", nil,
		s.CreatedAt.UnixMilli(), nil, s.LastSeenAt.UnixMilli(), nil, s.ExpiresAt.UnixMilli(), nil, "", "", "")
}

// wantSearched expects that this program finds the emails that the older one writes
// to its rows, and none that it has replaced.
func (p firstProgram) wantSearched(t *testing.T, accounts account.Store, user identity.UserID) {
	t.Helper()
	search := func(email string, want int) {
		t.Helper()
		if got, err := accounts.List(t.Context(), account.Query{Email: email, Limit: 10}); err != nil || len(got) != want {
			t.Errorf("List of %s: got %+v (error %v), want %d users", email, got, err, want)
		}
		err := accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			got, err := tx.WithEmail(ctx, email)
			if len(got) != want {
				t.Errorf("WithEmail of %s: got %v, want %d users", email, got, want)
			}
			return err
		})
		if err != nil {
			t.Errorf("Transact: %v", err)
		}
	}
	setEmail := func(email string) {
		t.Helper()
		query, args := entsql.Dialect(p.dialect).Update("auth_identities").Set("email", email).Where(entsql.EQ("user_id", user)).Query()
		p.execute(t, query, args)
	}
	clearFolded := entsql.Dialect(p.dialect).Update("auth_identities").SetNull("email_folded")
	query, args := clearFolded.Query() // as of a row that the older program has inserted
	p.execute(t, query, args)
	setEmail("Ada@Example.com")
	search("aDA@example.COM", 1)
	search("other@example.com", 0)

	found, err := accounts.Get(t.Context(), user)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	query, args = entsql.Dialect(p.dialect).Update("auth_identities").Set("email_folded", "ada@example.com").
		Where(entsql.EQ("id", found.IdentityID)).Query() // as by a login at this program
	p.execute(t, query, args)
	search("ada@example.com", 1)
	setEmail("other@example.com")
	search("ada@example.com", 0)
}

func (p firstProgram) insert(t *testing.T, table string, columns []string, values ...any) {
	t.Helper()
	query, args := entsql.Dialect(p.dialect).Insert(table).Columns(columns...).Values(values...).Query()
	p.execute(t, query, args)
}

func (p firstProgram) update(t *testing.T, s session.Session, columns map[string]any) {
	t.Helper()
	update := entsql.Dialect(p.dialect).Update("auth_sessions").Where(entsql.EQ("lookup", s.Lookup[:]))
	for column, value := range columns {
		update.Set(column, value)
	}
	query, args := update.Query()
	p.execute(t, query, args)
}

func (p firstProgram) execute(t *testing.T, query string, args []any) {
	t.Helper()
	if _, err := p.pool.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("the older program: %s: %v", query, err)
	}
}

func (p firstProgram) wantHash(t *testing.T, s session.Session, want [32]byte) {
	t.Helper()
	var hash []byte
	query, args := entsql.Dialect(p.dialect).Select("secret_hash").From(entsql.Table("auth_sessions")).
		Where(entsql.EQ("lookup", s.Lookup[:])).Query()
	if err := p.pool.QueryRowContext(t.Context(), query, args...).Scan(&hash); err != nil || string(hash) != string(want[:]) {
		t.Errorf("the older program reads the hash %x, want %x (error %v)", hash, want, err)
	}
}

// wantOpaque expects an active session that has no refresh token.
func wantOpaque(t *testing.T, store session.Store, want session.Session) {
	t.Helper()
	got := find(t, store, want.Lookup)
	if !got.ActiveAt(want.CreatedAt) || got.ID != want.ID || got.SecretHash != want.SecretHash ||
		got.Generation != 0 || got.PreviousHash != [32]byte{} || !got.RefreshedAt.IsZero() {
		t.Errorf("a session of the older program is %+v", got)
	}
}

func find(t *testing.T, store session.Store, l session.Lookup) session.Session {
	t.Helper()
	s, err := store.FindRefresh(t.Context(), l)
	if err != nil {
		t.Fatalf("FindRefresh: %v", err)
	}
	return s
}
