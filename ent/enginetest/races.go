package enginetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

var errRejected = errors.New("enginetest: rejected by the hook")

// testRaces runs concurrent writers, which an embedded database serializes.
func (e Engine) testRaces(t *testing.T) {
	t.Run("MaxSessions", e.testLimit)
	t.Run("Writers", e.testWriters)
	t.Run("RolledBackRegistrations", e.testRolledBack)
}

// testLimit signs a user in with two identities at the same time.
func (e Engine) testLimit(t *testing.T) {
	t.Parallel()
	url := e.NewDatabase(t)
	db := e.open(t, url)
	user := newUser("ada")
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	other := newUser("ada elsewhere")
	other.ID = user.ID
	client := entgen.NewClient(entgen.Driver(entsql.OpenDB(e.Dialect.Name, e.pool(t, url))))
	if err := createIdentity(client, other).Exec(t.Context()); err != nil {
		t.Fatalf("adding an identity: %v", err)
	}
	identities := []identity.User{user, other}
	for round := range byte(30) {
		race(2, func(racer byte) {
			login := identities[racer]
			r := newSession(login, 2*round+racer)
			if err := db.SignIn(t.Context(), database.SignIn{User: login, Session: &r, MaxSessions: 1}); err != nil {
				t.Errorf("SignIn: %v", err)
			}
		})
		if active, err := db.Sessions().List(t.Context(), user.ID, user.CreatedAt); err != nil || len(active) != 1 {
			t.Fatalf("there are %d sessions, want 1 (error %v)", len(active), err)
		}
	}
}

func (e Engine) testWriters(t *testing.T) {
	t.Parallel()
	db := e.openNew(t)
	user := newUser("ada")
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	race(32, func(racer byte) { churn(t, db, user, racer) })
}

// testRolledBack lets registrations of one identity race, half of which are
// rolled back: a conflict is always with a user that can be found.
func (e Engine) testRolledBack(t *testing.T) {
	t.Parallel()
	db := e.openNew(t)
	var registered atomic.Int32
	race(16, func(racer byte) {
		user := newUser("ada")
		err := accounttest.Register(t.Context(), db.Accounts(), user, func(context.Context, account.Tx) error {
			if racer%2 == 0 {
				return errRejected
			}
			return nil
		})
		switch {
		case err == nil:
			registered.Add(1)
		case errors.Is(err, account.ErrConflict):
			if _, err := db.Accounts().Find(t.Context(), user.Key); err != nil {
				t.Errorf("Find after ErrConflict: got %v, want the registered user", err)
			}
		case !errors.Is(err, errRejected):
			t.Errorf("Register: %v", err)
		}
	})
	if registered.Load() != 1 {
		t.Errorf("%d users were registered, want 1", registered.Load())
	}
}

// churn writes to the sessions of a user as requests and administrators do. A
// login may be overtaken, which is no failure.
func churn(t *testing.T, db database.Database, user identity.User, racer byte) {
	t.Helper()
	ctx, sessions, now := t.Context(), db.Sessions(), user.CreatedAt
	r := newSession(user, racer)
	seen, err := db.Accounts().Find(ctx, user.Key)
	if err != nil {
		t.Errorf("Find: %v", err)
	}
	in := database.SignIn{User: seen, Session: &r, MaxSessions: 2}
	if err := db.SignIn(ctx, in); err != nil && !errors.Is(err, account.ErrOvertaken) {
		t.Errorf("SignIn: %v", err)
	}
	if err := sessions.Touch(ctx, r.Lookup, now, now.Add(time.Hour)); err != nil {
		t.Errorf("Touch: %v", err)
	}
	exchange := session.Exchange{Lookup: r.Lookup, Presented: r.SecretHash, Next: [32]byte{racer}, At: now, IdleExpires: now.Add(time.Hour)}
	if err := sessions.Advance(ctx, exchange); err != nil && !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Advance: %v", err)
	}
	if err := sessions.Revoke(ctx, user.ID, r.ID, "test", now); err != nil && !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Revoke: %v", err)
	}
	if _, err := sessions.RevokeAll(ctx, user.ID, "", "test", now); err != nil {
		t.Errorf("RevokeAll: %v", err)
	}
	if err := db.SignIn(ctx, database.SignIn{User: seen}); err != nil && !errors.Is(err, account.ErrOvertaken) {
		t.Errorf("SignIn without a session: %v", err)
	}
	if _, err := sessions.Sweep(ctx, now.Add(time.Minute), 100); err != nil {
		t.Errorf("Sweep: %v", err)
	}
	if err := db.Accounts().SetNotBefore(ctx, user.ID, now); err != nil {
		t.Errorf("SetNotBefore: %v", err)
	}
}

func race(racers byte, run func(racer byte)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for racer := range racers {
		group.Go(func() {
			<-start
			run(racer)
		})
	}
	close(start)
	group.Wait()
}

func newUser(subject string) identity.User {
	now := time.Now()
	return identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key:       identity.Key{Issuer: "https://issuer.example", Subject: subject},
		CreatedAt: now, LastLoginAt: now,
	}
}

func newSession(user identity.User, n byte) session.Session {
	return session.Session{
		Lookup: session.Lookup{n}, ID: string('a' + rune(n)), UserID: user.ID, IdentityID: user.IdentityID,
		Issuer: user.Issuer, Subject: user.Subject,
		CreatedAt: user.CreatedAt, LastSeenAt: user.CreatedAt, ExpiresAt: user.CreatedAt.Add(time.Hour),
	}
}
