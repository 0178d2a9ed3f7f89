// Package sessiontest is the suite that every session.Store must pass,
// together with the account.Store of the same database.
package sessiontest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// Run checks a store. open is called once a case, by parallel cases, and
// returns the two stores of an empty database of its own each time; what must
// be closed it closes in t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) (account.Store, session.Store)) {
	t.Helper()
	setup := func(t *testing.T) *stores {
		t.Helper()
		t.Parallel()
		accounts, sessions := open(t)
		return &stores{Store: sessions, accounts: accounts}
	}
	t.Run("Create", func(t *testing.T) { testCreate(t, setup) })
	t.Run("Login", func(t *testing.T) { testLogin(t, setup) })
	t.Run("Touch", func(t *testing.T) { testTouch(t, setup) })
	t.Run("Rotate", func(t *testing.T) { testRotate(t, setup) })
	t.Run("Revoke", func(t *testing.T) { testRevoke(t, setup) })
	t.Run("Sweep", func(t *testing.T) { testSweep(t, setup) })
	t.Run("Owner", func(t *testing.T) { testOwner(t, setup) })
	t.Run("Cancelled", func(t *testing.T) { testCancelled(t, setup) })
	t.Run("Own", func(t *testing.T) { testOwn(t, setup) })
}

// stores are the stores of one database.
type stores struct {
	session.Store
	accounts account.Store
}

// start has odd milliseconds, and a zone that is not UTC.
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
	if err := s.accounts.Register(t.Context(), user, nil); err != nil {
		t.Fatalf("Register(%q): %v", subject, err)
	}
	return user
}

// newRecord returns a session of the user with every column filled but those
// of its end.
func newRecord(user identity.User) session.Record {
	r := session.Record{
		ID:         rand.Text(),
		UserID:     user.ID,
		IdentityID: user.IdentityID,
		Provider:   user.Provider,
		Issuer:     user.Issuer,
		Subject:    user.Subject,
		AuthMethod: "OTP",
		Transport:  config.TransportCookie,
		Claims: map[string]any{
			"role":   `o'Reilly "; DROP TABLE auth_sessions; --`,
			"member": true,
			"level":  json.Number("9007199254740993"),
			"groups": []string{"a", "b"},
		},
		CreatedAt:       start,
		AuthenticatedAt: start.Add(-time.Minute),
		LastSeenAt:      start.Add(time.Millisecond),
		IdleExpiresAt:   start.Add(7 * 24 * time.Hour),
		ExpiresAt:       start.Add(30 * 24 * time.Hour),
		UserAgent:       `Mozilla/5.0 'x' "y" é`,
		Address:         "2001:db8::1",
	}
	_, _ = rand.Read(r.Lookup[:])
	_, _ = rand.Read(r.SecretHash[:])
	return r
}

// create adds a session of the user that begins after the others by that much.
func (s *stores) create(t *testing.T, user identity.User, after time.Duration) session.Record {
	t.Helper()
	r := newRecord(user)
	r.CreatedAt = r.CreatedAt.Add(after)
	s.add(t, r, unlimited)
	return r
}

func (s *stores) add(t *testing.T, r session.Record, limit int) {
	t.Helper()
	if err := s.Create(t.Context(), r, newLogin(r), limit); err != nil {
		t.Fatalf("Create: %v", err)
	}
}

// newLogin returns the login that a session begins with.
func newLogin(r session.Record) identity.User {
	return identity.User{
		ID:          r.UserID,
		IdentityID:  r.IdentityID,
		Key:         identity.Key{Issuer: r.Issuer, Subject: r.Subject},
		Provider:    r.Provider,
		LastLoginAt: r.CreatedAt,
	}
}

// find returns the session, which must be there.
func (s *stores) find(t *testing.T, l session.Lookup) session.Record {
	t.Helper()
	r, _, err := s.Find(t.Context(), l)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return r
}

// wantFound expects the session to be stored like that, as far as Find tells.
func (s *stores) wantFound(t *testing.T, want session.Record) {
	t.Helper()
	want.IdentityID, want.UserAgent, want.Address = uuid.Nil, "", ""
	wantRecord(t, "Find", s.find(t, want.Lookup), want)
}

// wantListed expects the user's live sessions to be these, newest first.
func (s *stores) wantListed(t *testing.T, user identity.User, now time.Time, want ...session.Record) {
	t.Helper()
	got, err := s.List(t.Context(), user.ID, now)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d sessions are live, want %d", len(got), len(want))
	}
	for i := range want {
		public := want[i]
		public.Lookup, public.SecretHash = session.Lookup{}, [32]byte{}
		wantRecord(t, fmt.Sprint("entry ", i), got[i], public)
	}
}

func wantRecord(t *testing.T, what string, got, want session.Record) {
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
		for _, instant := range []*time.Time{&user.CreatedAt, &user.LastLoginAt, &user.NotBefore} {
			*instant = instant.UTC()
		}
	}
	if got != want {
		t.Errorf("the user is\n     %+v\nwant %+v", got, want)
	}
}

// utc returns the record with its instants in UTC, and copied claims.
func utc(r session.Record) session.Record {
	r.Claims = maps.Clone(r.Claims)
	for _, instant := range []*time.Time{
		&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt, &r.RevokedAt,
	} {
		*instant = instant.UTC()
	}
	return r
}

// race runs f in n goroutines that start together.
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
