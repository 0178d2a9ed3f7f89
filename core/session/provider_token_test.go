package session_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// tokens verifies the tokens it holds, and no others.
type tokens map[string]identity.Identity

func (t tokens) Authenticate(_ context.Context, raw string) (identity.Identity, error) {
	id, ok := t[raw]
	if !ok {
		return identity.Identity{}, autherr.New(autherr.InvalidToken, "bad_signature")
	}
	return id, nil
}

// users counts look-ups, and fails if err is set.
type users struct {
	account.Store
	lookups int
	err     error
	found   func() // called after the look-up, before it returns
}

func (u *users) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	u.lookups++
	if u.err != nil {
		return identity.User{}, u.err
	}
	user, err := u.Store.Find(ctx, key)
	if u.found != nil {
		u.found()
	}
	return user, err
}

// tokenBench is a bench with the strategy over it, and two valid tokens: that of
// the user, and that of an unknown identity.
type tokenBench struct {
	*bench
	*session.ProviderToken
	tokens   tokens
	users    *users
	identity identity.Identity
}

func newTokenBench(t testing.TB, change func(*config.ProviderTokenSession)) *tokenBench {
	t.Helper()
	b := newBench(t)
	s := config.ProviderTokenSession{}
	if change != nil {
		change(&s)
	}
	id := identity.Identity{
		Key: b.user.Key, Provider: "cotter", AuthMethod: "OTP", Claims: identity.NewClaims(map[string]any{"role": "admin"}),
		IssuedAt: start.Add(-time.Minute), ExpiresAt: start.Add(time.Hour), AuthenticatedAt: start.Add(-time.Hour),
	}
	unknown := id
	unknown.Subject = "eve"
	found, valid := &users{Store: b.db.Accounts()}, tokens{"ada": id, "eve": unknown}
	return &tokenBench{
		bench:         b,
		ProviderToken: session.NewProviderToken(s, valid, account.Registrar{Store: found, Now: b.now}),
		tokens:        valid,
		users:         found,
		identity:      id,
	}
}

var bearer = session.Credential{Token: "ada", Transport: config.TransportBearer}

func (b *tokenBench) wantLookups(t *testing.T, want int) {
	t.Helper()
	if b.users.lookups != want {
		t.Errorf("%d look-ups, want %d", b.users.lookups, want)
	}
}

func TestProviderToken_Issue(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	issued, err := b.Issue(t.Context(), session.Login{User: b.user, Identity: b.identity, ProviderToken: "ada"})
	want := session.Issued{Token: "ada", ExpiresAt: b.identity.ExpiresAt, View: b.view()}
	if err != nil || issued != want {
		t.Errorf("issued %+v, %v; want %+v", issued, err, want)
	}
	if b.Name() != config.StrategyProviderToken {
		t.Errorf("the name is %q", b.Name())
	}
}

func TestProviderToken_Check(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	p, view := check(t, b, bearer)
	if view != b.view() || p.UserID != b.user.ID || p.ExternalID != "ada-1" || p.Key() != b.user.Key ||
		p.Provider != "cotter" || p.AuthMethod != "OTP" || p.SessionID != "" ||
		!p.AuthenticatedAt.Equal(b.identity.AuthenticatedAt) || p.Claims.Get("role") != "admin" {
		t.Errorf("checked %+v and %+v", p, view)
	}
}

func TestProviderToken_NothingToEnd(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	check(t, b, bearer)
	if ended, err := b.End(t.Context(), bearer, "logout"); err != nil || ended != nil {
		t.Errorf("End: %+v, %v", ended, err)
	}
	check(t, b, bearer)
}

// view is the session of the user's token.
func (b *tokenBench) view() session.View {
	return session.View{
		Strategy: "provider_token", Format: "jwt", Provider: "cotter", AuthMethod: "OTP",
		CreatedAt: b.identity.IssuedAt, ExpiresAt: b.identity.ExpiresAt,
	}
}

func TestProviderToken_Check_Rejected(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		credential session.Credential
		prepare    func(*testing.T, *tokenBench)
		code       autherr.Code
		reason     string
	}{
		"BadToken": {
			session.Credential{Token: "bad", Transport: config.TransportBearer},
			nil,
			autherr.InvalidToken, "bad_signature",
		},
		"UnlistedTransport": {
			session.Credential{Token: "ada", Transport: config.TransportCookie},
			nil,
			autherr.InvalidToken, "transport_not_listed",
		},
		"UnknownIdentity": {
			session.Credential{Token: "eve", Transport: config.TransportBearer},
			nil,
			autherr.NotRegistered, "unknown_identity",
		},
		"Disabled": {bearer, func(t *testing.T, b *tokenBench) {
			if err := b.db.Accounts().Disable(t.Context(), b.user.ID, b.at); err != nil {
				t.Fatal(err)
			}
		}, autherr.AccountDisabled, "account_disabled"},
		"IssuedBeforeNotBefore": {bearer, func(t *testing.T, b *tokenBench) {
			if err := b.db.Accounts().SetNotBefore(t.Context(), b.user.ID, b.at); err != nil {
				t.Fatal(err)
			}
		}, autherr.InvalidToken, "issued_before_revocation"},
		"Outage": {
			bearer, func(_ *testing.T, b *tokenBench) { b.users.err = errDown },
			autherr.TemporarilyUnavailable, "store_failed",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTokenBench(t, func(s *config.ProviderTokenSession) { s.CacheTTL = config.Off })
			check(t, b, bearer)
			if c.prepare != nil {
				c.prepare(t, b)
			}
			principal, _, err := b.Check(t.Context(), c.credential, false)
			wantError(t, err, c.code, c.reason)
			if principal.UserID != uuid.Nil || principal.Subject != "" {
				t.Errorf("rejected, but returned %+v", principal)
			}
		})
	}
}

func TestProviderToken_Check_Transports(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, func(s *config.ProviderTokenSession) {
		s.Transport = []string{config.TransportCookie, config.TransportBearer}
	})
	for _, transport := range []string{config.TransportCookie, config.TransportBearer} {
		check(t, b, session.Credential{Token: "ada", Transport: transport})
	}
}

func TestProviderToken_NoUsers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.ProviderTokenSession{}
	s.User = config.UserNone
	strategy := session.NewProviderToken(s, tokens{"eve": {Key: identity.Key{Issuer: "i", Subject: "eve"}}}, account.Registrar{})
	strategy.Evict(b.user.ID)
	principal, _ := check(t, strategy, session.Credential{Token: "eve", Transport: config.TransportBearer})
	if principal.UserID != uuid.Nil || principal.Subject != "eve" {
		t.Errorf("the principal is %+v", principal)
	}
}

func TestProviderToken_CacheTTL(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	check(t, b, bearer)
	b.users.err = errDown
	b.at = b.at.Add(time.Minute - time.Millisecond)
	check(t, b, bearer)
	b.wantLookups(t, 1)
	b.at = b.at.Add(time.Millisecond)
	_, _, err := b.Check(t.Context(), bearer, false)
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")

	b.users.err = nil
	check(t, b, bearer)
	check(t, b, bearer)
	b.wantLookups(t, 3)
}

func TestProviderToken_CacheTTL_Zero(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, func(s *config.ProviderTokenSession) { s.CacheTTL = config.Off })
	for range 3 {
		check(t, b, bearer)
	}
	b.wantLookups(t, 3)
}

func TestProviderToken_UnknownNotCached(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	eve := session.Credential{Token: "eve", Transport: config.TransportBearer}
	_, _, err := b.Check(t.Context(), eve, false)
	wantError(t, err, autherr.NotRegistered, "unknown_identity")

	user := b.user
	user.ID, user.IdentityID, user.Subject, user.ExternalID = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), "eve", ""
	if err := accounttest.Register(t.Context(), b.db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	if principal, _ := check(t, b, eve); principal.UserID != user.ID {
		t.Errorf("the principal is %+v, want user %v", principal, user.ID)
	}
}

func TestProviderToken_Evict_DuringLookup(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	b.users.found = func() {
		b.users.found = nil
		if err := b.db.Accounts().Disable(t.Context(), b.user.ID, b.at); err != nil {
			t.Errorf("Disable: %v", err)
		}
		b.Evict(b.user.ID)
	}
	check(t, b, bearer) // the look-up began before the change, and returns after it
	_, _, err := b.Check(t.Context(), bearer, false)
	wantError(t, err, autherr.AccountDisabled, "account_disabled")
}

func TestProviderToken_Evict_OtherUsers(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	check(t, b, bearer)
	b.Evict(uuid.Must(uuid.NewV7()))
	check(t, b, bearer)
	b.wantLookups(t, 1)
	b.Evict(b.user.ID)
	check(t, b, bearer)
	b.wantLookups(t, 2)
}

func TestProviderToken_Check_ManyUsers(t *testing.T) {
	t.Parallel()
	const n = 200
	b := newBench(t)
	valid := make(tokens)
	want := make(map[string]identity.UserID)
	for i := range n {
		user := b.user
		user.ID, user.IdentityID = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		user.Subject, user.ExternalID = fmt.Sprint("subject ", i), fmt.Sprint(i)
		if err := accounttest.Register(t.Context(), b.db.Accounts(), user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
		valid[user.Subject] = identity.Identity{Key: user.Key, IssuedAt: start}
		want[user.Subject] = user.ID
	}
	strategy := session.NewProviderToken(config.ProviderTokenSession{}, valid, account.Registrar{Store: b.db.Accounts(), Now: b.now})
	done := make(chan error)
	for token, id := range want {
		go func() {
			for range 10 {
				p, _, err := strategy.Check(t.Context(), session.Credential{Token: token, Transport: config.TransportBearer}, false)
				if err != nil || p.UserID != id || p.Subject != token {
					done <- errors.Join(fmt.Errorf("token of %q: the principal is %+v", token, p), err)
					return
				}
			}
			done <- nil
		}()
	}
	for range want {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkProviderToken_Check(b *testing.B) {
	bench := newTokenBench(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		check(b, bench, bearer)
	}
}

// The end of a session at the provider is found once per cache_ttl, at once after
// EvictEnded, and by each fresh check.
func TestProviderToken_ProviderSession(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	b.tokens["ada"] = withProviderSession(b.tokens["ada"], "a")
	check(t, b, bearer)
	b.endProviderSession(t, "b")
	b.endProviderSession(t, "a")
	if _, _, err := b.Check(t.Context(), bearer, false); err != nil {
		t.Errorf("within cache_ttl: %v, want the cached session", err)
	}
	if _, _, err := b.Check(t.Context(), bearer, true); autherr.ReasonOf(err) != "provider_session_ended" {
		t.Errorf("a fresh check: %v, want provider_session_ended", err)
	}
	b.EvictEnded("a")
	_, _, err := b.Check(t.Context(), bearer, false)
	if autherr.ReasonOf(err) != "provider_session_ended" || autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("after EvictEnded: %v, want provider_session_ended", err)
	}
}

func TestProviderToken_ProviderSessionTTL(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	b.tokens["ada"] = withProviderSession(b.tokens["ada"], "a")
	check(t, b, bearer)
	b.endProviderSession(t, "a")
	b.at = b.at.Add(time.Minute - 1)
	check(t, b, bearer)
	b.at = b.at.Add(1)
	if _, _, err := b.Check(t.Context(), bearer, false); autherr.ReasonOf(err) != "provider_session_ended" {
		t.Errorf("after cache_ttl: %v, want provider_session_ended", err)
	}
}

// endProviderSession records the end as another node does.
func (b *tokenBench) endProviderSession(t *testing.T, mark string) {
	t.Helper()
	err := b.db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
		_, err := tx.EndProviderSession(ctx, mark, "test", b.now(), b.now().Add(time.Hour))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func withProviderSession(id identity.Identity, mark string) identity.Identity {
	id.ProviderSession = mark
	return id
}

func BenchmarkProviderToken_CheckProviderSession(b *testing.B) {
	bench := newTokenBench(b, nil)
	bench.tokens["ada"] = withProviderSession(bench.tokens["ada"], "a")
	b.ReportAllocs()
	for b.Loop() {
		check(b, bench, bearer)
	}
}
