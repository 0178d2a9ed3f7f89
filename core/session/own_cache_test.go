package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
)

// finds counts the look-ups of sessions. found, if set, is called after each.
type finds struct {
	session.Store
	count int
	found func()
}

func (f *finds) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	f.count++
	s, err := f.Store.Find(ctx, l)
	if f.found != nil {
		f.found()
	}
	return s, err
}

func (f *finds) want(t *testing.T, want int, after string) {
	t.Helper()
	if f.count != want {
		t.Errorf("after %s: %d look-ups, want %d", after, f.count, want)
	}
}

// cached returns an own session with cache_ttl, and the look-ups of its store.
func (b *bench) cached(t testing.TB, s config.OwnSession) (*session.Own, *finds, issued) {
	t.Helper()
	if s.CacheTTL == 0 {
		s.CacheTTL = config.Duration(time.Hour)
	}
	store := &finds{Store: b.db.Sessions()}
	own := b.own(s, store)
	return own, store, b.issue(t, own, b.login())
}

func (b *bench) revoke(t *testing.T, s issued) {
	t.Helper()
	if err := b.db.Sessions().Revoke(t.Context(), b.user.ID, s.ID, "logout", b.at); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
}

func TestOwnCache_TTL(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{CacheTTL: config.Duration(time.Minute)})
	wantPrincipal, wantView := check(t, own, s.Credential)
	principal, view := check(t, own, s.Credential)
	if view != wantView || principal.UserID != wantPrincipal.UserID {
		t.Errorf("the cache changed %+v to %+v", wantView, view)
	}
	store.want(t, 1, "two requests")
	b.revoke(t, s)
	b.at = b.at.Add(time.Minute - time.Millisecond)
	check(t, own, s.Credential)
	b.at = b.at.Add(time.Millisecond)
	wantRejected(t, own, s.Credential, "session_revoked")
	store.want(t, 2, "cache_ttl")
}

func TestOwnCache_Off(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{CacheTTL: config.Off})
	check(t, own, s.Credential)
	check(t, own, s.Credential)
	store.want(t, 2, "two requests")
}

func TestOwnCache_Fresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, _, s := b.cached(t, config.OwnSession{})
	check(t, own, s.Credential)
	b.revoke(t, s)
	check(t, own, s.Credential)
	_, _, err := own.Check(t.Context(), s.Credential, true)
	wantError(t, err, "invalid_token", "session_revoked")
}

// A fresh look-up is not shared either: it does not reach the cache.
func TestOwnCache_Fresh_Unshared(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{})
	if _, _, err := own.Check(t.Context(), s.Credential, true); err != nil {
		t.Fatalf("Check: %v", err)
	}
	check(t, own, s.Credential)
	store.want(t, 2, "a fresh request and another one")
}

func TestOwnCache_Evict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, _, s := b.cached(t, config.OwnSession{})
	check(t, own, s.Credential)
	b.revoke(t, s)
	own.Evict(b.user.ID)
	wantRejected(t, own, s.Credential, "session_revoked")
}

func TestOwnCache_Miss(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, _, _ := b.cached(t, config.OwnSession{})
	issued, err := own.Issue(t.Context(), b.login())
	if err != nil {
		t.Fatal(err)
	}
	wantRejected(t, own, cookie(issued.Token), "unknown_session")
	l := b.login()
	if err := b.db.SignIn(t.Context(), database.SignIn{User: l.User, Session: issued.Stored, MaxSessions: maxSessions}); err != nil {
		t.Fatal(err)
	}
	check(t, own, cookie(issued.Token))
}

// The session is revoked, and evicted, while its look-up returns.
func TestOwnCache_EvictDuringLookup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{})
	store.found = func() {
		store.found = nil
		b.revoke(t, s)
		own.Evict(b.user.ID)
	}
	check(t, own, s.Credential) // it began before the revocation
	wantRejected(t, own, s.Credential, "session_revoked")
}

func TestOwnCache_WrongCredential(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, _, s := b.cached(t, config.OwnSession{Transport: []string{config.TransportCookie, config.TransportBearer}})
	check(t, own, s.Credential)
	wrong := []byte(s.Token)
	wrong[40] = 'A'
	if s.Token[40] == 'A' {
		wrong[40] = 'B'
	}
	wantRejected(t, own, cookie(string(wrong)), "wrong_secret")
	wantRejected(t, own, session.Credential{Token: s.Token, Transport: config.TransportBearer}, "wrong_transport")
	wantRejected(t, own, cookie("cps_"), "malformed_token")
}

func TestOwnCache_Expiry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const ttl = 30 * time.Minute // shorter than the time between two last-seen updates
	own, store, s := b.cached(t, config.OwnSession{TTL: config.Duration(ttl), IdleTTL: config.Off})
	check(t, own, s.Credential)
	b.at = b.at.Add(ttl - time.Millisecond)
	check(t, own, s.Credential)
	store.want(t, 1, "two requests")
	b.at = b.at.Add(time.Millisecond)
	wantRejected(t, own, s.Credential, "session_expired")
}

// Another node has extended the session, whose cached idle expiry is over.
func TestOwnCache_ExtendedElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	settings := config.OwnSession{IdleTTL: config.Duration(10 * time.Minute)}
	own, _, s := b.cached(t, settings)
	check(t, own, s.Credential)
	b.at = b.at.Add(9 * time.Minute)
	check(t, b.own(settings, nil), s.Credential)
	b.at = b.at.Add(9 * time.Minute)
	check(t, own, s.Credential)
}

// Without the last-seen update the session would be idle after ten minutes.
func TestOwnCache_LastSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{IdleTTL: config.Duration(10 * time.Minute)})
	for range 30 {
		check(t, own, s.Credential)
		check(t, own, s.Credential)
		b.at = b.at.Add(time.Minute)
	}
	stored, err := b.db.Sessions().List(t.Context(), b.user.ID, b.at)
	if err != nil || len(stored) != 1 || stored[0].LastSeenAt.Before(b.at.Add(-2*time.Minute)) {
		t.Errorf("stored %+v, %v; want a last-seen time of the last two minutes", stored, err)
	}
	store.want(t, 30, "half an hour")
}

func TestOwnCache_Trust(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		own, store, s := b.cached(t, config.OwnSession{})
		own.Trust(time.Time{})
		check(t, own, s.Credential)
		check(t, own, s.Credential)
		store.want(t, 2, "two requests without the channel")
		own.Trust(time.Now().Add(time.Second))
		check(t, own, s.Credential)
		check(t, own, s.Credential)
		store.want(t, 3, "two requests with the channel")
		time.Sleep(time.Second - 1)
		check(t, own, s.Credential)
		store.want(t, 3, "almost a second")
		time.Sleep(1)
		check(t, own, s.Credential)
		store.want(t, 4, "a second without the channel")
		own.Trust(time.Time{})
		own.Trust(time.Now().Add(time.Second))
		check(t, own, s.Credential)
		store.want(t, 5, "a lost channel, which empties the cache")
	})
}

// The channel is lost while the look-up returns.
func TestOwnCache_TrustDuringLookup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own, store, s := b.cached(t, config.OwnSession{})
	store.found = func() {
		store.found = nil
		b.revoke(t, s)
		own.Trust(time.Time{})
		own.Trust(time.Now().Add(time.Hour))
	}
	check(t, own, s.Credential)
	wantRejected(t, own, s.Credential, "session_revoked")
}

func BenchmarkOwn_Check_Cached(b *testing.B) {
	bench := newBench(b)
	own, _, s := bench.cached(b, config.OwnSession{})
	check(b, own, s.Credential)
	b.ReportAllocs()
	for b.Loop() {
		check(b, own, s.Credential)
	}
}

func BenchmarkOwn_Check_Uncached(b *testing.B) {
	bench := newBench(b)
	own, _, s := bench.cached(b, config.OwnSession{CacheTTL: config.Off})
	b.ReportAllocs()
	for b.Loop() {
		check(b, own, s.Credential)
	}
}
