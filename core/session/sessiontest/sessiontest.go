// Package sessiontest is the suite that every session.Store and session.KeyStore
// must pass, together with the database.Database that they belong to.
package sessiontest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// Run checks the sessions and server keys of a database, and the logins that
// sessions begin with.
// open is called once per case, by parallel cases, and returns a new empty
// database each time, which it closes in t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) database.Database) {
	t.Helper()
	setup := func(t *testing.T) *stores {
		t.Helper()
		t.Parallel()
		db := open(t)
		return &stores{Store: db.Sessions(), accounts: db.Accounts(), db: db}
	}
	t.Run("Find", func(t *testing.T) { testFind(t, setup) })
	t.Run("FindByID", func(t *testing.T) { testFindByID(t, setup) })
	t.Run("SignIn", func(t *testing.T) { testSignIn(t, setup) })
	t.Run("StepUp", func(t *testing.T) { testStepUp(t, setup) })
	t.Run("ProviderSession", func(t *testing.T) { testProviderSession(t, setup) })
	t.Run("MaxSessions", func(t *testing.T) { testMaxSessions(t, setup) })
	t.Run("Touch", func(t *testing.T) { testTouch(t, setup) })
	t.Run("Rotate", func(t *testing.T) { testRotate(t, setup) })
	t.Run("Advance", func(t *testing.T) { testAdvance(t, setup) })
	t.Run("Revoke", func(t *testing.T) { testRevoke(t, setup) })
	t.Run("Sweep", func(t *testing.T) { testSweep(t, setup) })
	t.Run("User", func(t *testing.T) { testUser(t, setup) })
	t.Run("Canceled", func(t *testing.T) { testCanceled(t, setup) })
	t.Run("Own", func(t *testing.T) { testOwn(t, setup) })
	t.Run("Keys", func(t *testing.T) { testKeys(t, setup) })
}

type setup = func(t *testing.T) *stores

// stores are the stores of one database.
type stores struct {
	session.Store
	accounts account.Store
	db       database.Database
}

// start has odd milliseconds, and a time zone other than UTC.
var start = time.UnixMilli(1_800_000_000_123).In(time.FixedZone("", -8*60*60))

// unlimited is more sessions than any case makes for a user.
const unlimited = 1000

// register adds a user to the store.
func (s *stores) register(t *testing.T, subject string) identity.User {
	t.Helper()
	user := identity.User{
		ID:          uuid.Must(uuid.NewV7()),
		IdentityID:  uuid.Must(uuid.NewV7()),
		Key:         identity.Key{Issuer: "https://issuer.example", Subject: subject},
		Provider:    "cotter",
		CreatedAt:   start,
		LastLoginAt: start,
	}
	if err := accounttest.Register(t.Context(), s.accounts, user, nil); err != nil {
		t.Fatalf("Register(%q): %v", subject, err)
	}
	return user
}

// newSession returns an active session of the user with every column set.
func newSession(user identity.User) session.Session {
	r := session.Session{
		Generation:      3,
		RefreshedAt:     start.Add(2 * time.Millisecond),
		ID:              rand.Text(),
		UserID:          user.ID,
		IdentityID:      user.IdentityID,
		Provider:        user.Provider,
		Issuer:          user.Issuer,
		Subject:         user.Subject,
		AuthMethod:      "OTP",
		Transport:       config.TransportCookie,
		Claims:          keptClaims,
		CreatedAt:       start,
		AuthenticatedAt: start.Add(-time.Minute),
		LastSeenAt:      start.Add(time.Millisecond),
		IdleExpiresAt:   start.Add(7 * 24 * time.Hour),
		ExpiresAt:       start.Add(30 * 24 * time.Hour),
		ProviderSession: "6f70617175652c20636f6d7061726564206f6e6c79206279207468652073746f7265",
		UserAgent:       `Mozilla/5.0 'x' "y" é`,
		Address:         "2001:db8::1",
	}
	_, _ = rand.Read(r.Lookup[:])
	_, _ = rand.Read(r.SecretHash[:])
	_, _ = rand.Read(r.PreviousHash[:])
	return r
}

// keptClaims have each type of a claim.
var keptClaims, _ = identity.NewClaims(map[string]any{
	"role":    `o'Reilly "; DROP TABLE auth_sessions; --`,
	"member":  true,
	"level":   json.Number("9007199254740993"),
	"groups":  []string{"a", "b"},
	"address": map[string]any{"city": "é", "lines": []any{"x", json.Number("1.50"), nil}},
}).Keep([]string{"role", "member", "level", "groups", "/address/lines", "address"}, 1<<10)

// create adds a session of the user that begins that much after start.
func (s *stores) create(t *testing.T, user identity.User, after time.Duration) session.Session {
	t.Helper()
	r := newSession(user)
	r.CreatedAt = r.CreatedAt.Add(after)
	s.add(t, r, unlimited)
	return r
}

func (s *stores) add(t *testing.T, r session.Session, limit int) {
	t.Helper()
	if err := s.signIn(t, r, newLogin(r), limit); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
}

func (s *stores) signIn(t *testing.T, r session.Session, login identity.User, limit int) error {
	t.Helper()
	return s.db.SignIn(t.Context(), database.SignIn{User: login, Session: &r, MaxSessions: limit})
}

// newLogin returns the login that a session begins with.
func newLogin(r session.Session) identity.User {
	return identity.User{
		ID:          r.UserID,
		IdentityID:  r.IdentityID,
		Key:         identity.Key{Issuer: r.Issuer, Subject: r.Subject},
		Provider:    r.Provider,
		LastLoginAt: r.CreatedAt,
	}
}

// find returns the session, which must be there.
func (s *stores) find(t *testing.T, l session.Lookup) session.Session {
	t.Helper()
	r, err := s.Find(t.Context(), l)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return r
}

// wantFound expects Find, FindRefresh and FindByID to return the session, which
// they read in part.
func (s *stores) wantFound(t *testing.T, want session.Session) {
	t.Helper()
	want.IdentityID, want.ProviderSession, want.UserAgent, want.Address = uuid.Nil, "", "", ""
	wantSession(t, "Find", s.find(t, want.Lookup), withoutRefresh(want))
	refresh, err := s.FindRefresh(t.Context(), want.Lookup)
	if err != nil {
		t.Fatalf("FindRefresh: %v", err)
	}
	wantSession(t, "FindRefresh", refresh, want)
	byID, err := s.FindByID(t.Context(), want.UserID, want.ID)
	if err != nil {
		t.Fatalf("FindByID: %v", err)
	}
	wantSession(t, "FindByID", byID, want)
}

// withoutRefresh returns the session without the fields of its refresh token.
func withoutRefresh(r session.Session) session.Session {
	r.Generation, r.PreviousHash, r.RefreshedAt = 0, [32]byte{}, time.Time{}
	return r
}

// wantListed expects the user's active sessions to be these, newest first.
func (s *stores) wantListed(t *testing.T, user identity.User, now time.Time, want ...session.Session) {
	t.Helper()
	got, err := s.List(t.Context(), user.ID, now)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d sessions are active, want %d", len(got), len(want))
	}
	for i := range want {
		public := withoutRefresh(want[i])
		public.Lookup, public.SecretHash, public.ProviderSession = session.Lookup{}, [32]byte{}, ""
		wantSession(t, fmt.Sprint("session ", i), got[i], public)
	}
}

func wantSession(t *testing.T, what string, got, want session.Session) {
	t.Helper()
	got, want = utc(got), utc(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// wantUser expects the user to be stored like that.
func (s *stores) wantUser(t *testing.T, want identity.User) {
	t.Helper()
	got := s.user(t, want.Key)
	for _, user := range []*identity.User{&got, &want} {
		for _, at := range []*time.Time{&user.CreatedAt, &user.LastLoginAt, &user.NotBefore} {
			*at = at.UTC()
		}
	}
	if got != want {
		t.Errorf("the user is\n     %+v\nwant %+v", got, want)
	}
}

// utc returns the session with its times in UTC.
func utc(r session.Session) session.Session {
	for _, at := range []*time.Time{
		&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt, &r.RevokedAt, &r.RefreshedAt, &r.UserNotBefore,
	} {
		*at = at.UTC()
	}
	return r
}

// race runs f in n goroutines that start at the same time.
func race(n int, f func(racer int)) {
	var group sync.WaitGroup
	gate := make(chan struct{})
	for racer := range n {
		group.Go(func() {
			<-gate
			f(racer)
		})
	}
	close(gate)
	group.Wait()
}
