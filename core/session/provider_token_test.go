package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
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

// users counts how often it is asked, and fails if told to.
type users struct {
	account.Store
	asked int
	err   error
	found func() // called between the answer and its return
}

func (u *users) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	u.asked++
	if u.err != nil {
		return identity.User{}, u.err
	}
	user, err := u.Store.Find(ctx, key)
	if u.found != nil {
		u.found()
	}
	return user, err
}

func (u *users) RecordLogin(ctx context.Context, user identity.User) error {
	if u.err != nil {
		return u.err
	}
	return u.Store.RecordLogin(ctx, user)
}

// tokenBench is a bench with the strategy over it, and two good tokens: that of
// the user, and that of a stranger.
type tokenBench struct {
	*bench
	*session.ProviderToken
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
	stranger := id
	stranger.Subject = "eve"
	found := &users{Store: b.db.Accounts()}
	return &tokenBench{
		bench:         b,
		ProviderToken: session.NewProviderToken(s, tokens{"ada": id, "eve": stranger}, found, b.now),
		users:         found,
		identity:      id,
	}
}

var bearer = session.Presented{Token: "ada", Transport: config.TransportBearer}

// wantAsked expects the store to have been asked that often.
func (b *tokenBench) wantAsked(t *testing.T, want int) {
	t.Helper()
	if b.users.asked != want {
		t.Errorf("the store was asked %d times, want %d", b.users.asked, want)
	}
}

func TestAProvidersTokenIsTheSession(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	want := session.View{
		Strategy: "provider_token", Format: "jwt", Provider: "cotter", AuthMethod: "OTP",
		CreatedAt: b.identity.IssuedAt, ExpiresAt: b.identity.ExpiresAt,
	}
	issued, err := b.Issue(t.Context(), session.Login{User: b.user, Identity: b.identity, ProviderToken: "ada"})
	if err != nil || issued.Token != "ada" || issued.Session != want {
		t.Errorf("issued %+v (error %v), want ada and %+v", issued, err, want)
	}

	grant := check(t, b, bearer)
	p := grant.Principal
	if grant.Session != want || grant.Transport != config.TransportBearer || p.UserID != b.user.ID || p.Key() != b.user.Key ||
		p.Provider != "cotter" || p.AuthMethod != "OTP" || p.SessionID != "" ||
		!p.AuthenticatedAt.Equal(b.identity.AuthenticatedAt) || p.Claims.Get("role") != "admin" {
		t.Errorf("granted %+v", grant)
	}
	if ended, err := b.End(t.Context(), bearer, "logout"); err != nil || ended != (session.Ended{}) {
		t.Errorf("End: %+v, %v", ended, err)
	}
	check(t, b, bearer)
	if b.Name() != config.StrategyProviderToken {
		t.Errorf("the strategy is called %q", b.Name())
	}
}

func TestALoginWithAProvidersTokenIsRecordedAndARefreshIsNot(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	l := session.Login{User: b.user, Identity: b.identity, ProviderToken: "ada"}
	l.User.Email, l.User.LastLoginAt = "ada@example.com", start.Add(time.Hour)
	stored := func() identity.User {
		t.Helper()
		user, err := b.db.Accounts().Get(t.Context(), b.user.ID)
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		return user
	}
	handed := session.HandOn(l)
	if got := stored(); got != b.user {
		t.Errorf("a refresh leaves %+v, want %+v", got, b.user)
	}
	issued, err := b.Issue(t.Context(), l)
	if err != nil || issued != handed {
		t.Errorf("issued %+v (error %v), want %+v", issued, err, handed)
	}
	if got := stored(); got != l.User {
		t.Errorf("a login leaves %+v, want %+v", got, l.User)
	}

	b.users.err = errDown
	_, err = b.Issue(t.Context(), l)
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	b.users.err = nil
	if err := b.db.Accounts().Delete(t.Context(), b.user.ID); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	_, err = b.Issue(t.Context(), l)
	wantError(t, err, autherr.TemporarilyUnavailable, "login_overtaken")
}

func TestWhoBearsAGoodTokenMustAlsoBeAdmitted(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		presented session.Presented
		prepare   func(*testing.T, *tokenBench)
		code      autherr.Code
		reason    string
	}{
		"BadToken": {
			session.Presented{Token: "bad", Transport: config.TransportBearer},
			nil,
			autherr.InvalidToken, "bad_signature",
		},
		"UnlistedTransport": {
			session.Presented{Token: "ada", Transport: config.TransportCookie},
			nil,
			autherr.InvalidToken, "transport_not_listed",
		},
		"Stranger": {
			session.Presented{Token: "eve", Transport: config.TransportBearer},
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
			grant, err := b.Check(t.Context(), c.presented)
			wantError(t, err, c.code, c.reason)
			if grant.Principal.UserID != uuid.Nil || grant.Principal.Subject != "" {
				t.Errorf("refused, but granted %+v", grant)
			}
		})
	}
}

func TestEveryListedTransportWillDo(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, func(s *config.ProviderTokenSession) {
		s.Transport = []string{config.TransportCookie, config.TransportBearer}
	})
	for _, transport := range []string{config.TransportCookie, config.TransportBearer} {
		if grant := check(t, b, session.Presented{Token: "ada", Transport: transport}); grant.Transport != transport {
			t.Errorf("granted by %q, want %q", grant.Transport, transport)
		}
	}
}

func TestWithoutUsersNobodyIsLookedUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.ProviderTokenSession{}
	s.User = config.UserNone
	strategy := session.NewProviderToken(s, tokens{"eve": {Key: identity.Key{Issuer: "i", Subject: "eve"}}}, nil, b.now)
	strategy.Forget(b.user.ID)
	grant := check(t, strategy, session.Presented{Token: "eve", Transport: config.TransportBearer})
	if grant.Principal.UserID != uuid.Nil || grant.Principal.Subject != "eve" {
		t.Errorf("granted %+v", grant)
	}
	l := session.Login{ProviderToken: "eve"}
	if issued, err := strategy.Issue(t.Context(), l); err != nil || issued.Token != "eve" {
		t.Errorf("issued %+v (error %v)", issued, err)
	}
}

func TestAFoundUserIsTrustedForAWhile(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	check(t, b, bearer)
	b.users.err = errDown
	b.at = b.at.Add(time.Minute - time.Millisecond)
	check(t, b, bearer)
	b.wantAsked(t, 1)
	b.at = b.at.Add(time.Millisecond)
	_, err := b.Check(t.Context(), bearer)
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")

	b.users.err = nil
	check(t, b, bearer)
	check(t, b, bearer)
	b.wantAsked(t, 3)
}

func TestATrustOfZeroAsksEachTime(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, func(s *config.ProviderTokenSession) { s.CacheTTL = config.Off })
	for range 3 {
		check(t, b, bearer)
	}
	b.wantAsked(t, 3)
}

func TestThatSomebodyIsNotRegisteredIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	eve := session.Presented{Token: "eve", Transport: config.TransportBearer}
	_, err := b.Check(t.Context(), eve)
	wantError(t, err, autherr.NotRegistered, "unknown_identity")

	user := b.user
	user.ID, user.IdentityID, user.Subject = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), "eve"
	if err := b.db.Accounts().Register(t.Context(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	if grant := check(t, b, eve); grant.Principal.UserID != user.ID {
		t.Errorf("granted %+v, want user %v", grant, user.ID)
	}
}

func TestAChangeOfAUserIsSeenAtOnceOnThisNode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(context.Context, *account.Users, *session.Directory, identity.UserID) error
		code   autherr.Code
	}{
		"Disable": {func(ctx context.Context, u *account.Users, _ *session.Directory, id identity.UserID) error {
			return u.Disable(ctx, id)
		}, autherr.AccountDisabled},
		"Delete": {func(ctx context.Context, u *account.Users, _ *session.Directory, id identity.UserID) error {
			return u.Delete(ctx, id)
		}, autherr.NotRegistered},
		"RevokeAll": {func(ctx context.Context, _ *account.Users, d *session.Directory, id identity.UserID) error {
			return d.RevokeAll(ctx, id)
		}, autherr.InvalidToken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTokenBench(t, nil)
			admin := account.NewUsers(b.db.Accounts(), b.db.Sessions(), b.Forget, b.now, slog.New(slog.DiscardHandler))
			directory := session.NewDirectory(b.db.Accounts(), b.db.Sessions(), b.Forget, b.now)
			check(t, b, bearer)
			check(t, b, bearer)
			b.wantAsked(t, 1)
			if err := c.change(t.Context(), admin, directory, b.user.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Check(t.Context(), bearer); autherr.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestAnAnswerOfBeforeAChangeIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	admin := account.NewUsers(b.db.Accounts(), b.db.Sessions(), b.Forget, b.now, slog.New(slog.DiscardHandler))
	b.users.found = func() {
		b.users.found = nil
		if err := admin.Disable(t.Context(), b.user.ID); err != nil {
			t.Errorf("Disable: %v", err)
		}
	}
	check(t, b, bearer) // asked before the change, answered after it
	_, err := b.Check(t.Context(), bearer)
	wantError(t, err, autherr.AccountDisabled, "account_disabled")
}

func TestForgettingOneUserKeepsTheOthers(t *testing.T) {
	t.Parallel()
	b := newTokenBench(t, nil)
	check(t, b, bearer)
	b.Forget(uuid.Must(uuid.NewV7()))
	check(t, b, bearer)
	b.wantAsked(t, 1)
	b.Forget(b.user.ID)
	check(t, b, bearer)
	b.wantAsked(t, 2)
}

func TestManyUsersAreNeverMixedUp(t *testing.T) {
	t.Parallel()
	const n = 200
	b := newBench(t)
	good := make(tokens)
	want := make(map[string]identity.UserID)
	for i := range n {
		user := b.user
		user.ID, user.IdentityID = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		user.Subject = fmt.Sprint("subject ", i)
		if err := b.db.Accounts().Register(t.Context(), user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
		good[user.Subject] = identity.Identity{Key: user.Key, IssuedAt: start}
		want[user.Subject] = user.ID
	}
	strategy := session.NewProviderToken(config.ProviderTokenSession{}, good, b.db.Accounts(), b.now)
	done := make(chan error)
	for token, id := range want {
		go func() {
			for range 10 {
				grant, err := strategy.Check(t.Context(), session.Presented{Token: token, Transport: config.TransportBearer})
				if err != nil || grant.Principal.UserID != id || grant.Principal.Subject != token {
					done <- errors.Join(fmt.Errorf("token of %q: granted %+v", token, grant), err)
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

func BenchmarkCheckProviderToken(b *testing.B) {
	bench := newTokenBench(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		check(b, bench, bearer)
	}
}
