package sessiontest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// testOwn runs the strategy over the store: what a caller sees of it.
func testOwn(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("WhoSignedInIsRecognised", func(t *testing.T) {
		o := newOwn(t, setup(t))
		issued := o.signIn(t)
		grant := o.wantLive(t, issued.Token)
		p := grant.Principal
		if p.UserID != o.user.ID || p.Key() != o.user.Key || p.Provider != "cotter" || p.AuthMethod != "OTP" ||
			p.SessionID != issued.Session.ID || !p.AuthenticatedAt.Equal(start) || grant.Transport != config.TransportCookie {
			t.Errorf("grant is %+v", grant)
		}
		if grant.Session.ID == "" || !grant.Session.ExpiresAt.Equal(issued.Session.ExpiresAt) {
			t.Errorf("session is %+v, want %+v", grant.Session, issued.Session)
		}
	})

	t.Run("EveryLoginIsANewSession", func(t *testing.T) {
		o := newOwn(t, setup(t))
		first, second := o.signIn(t), o.signIn(t)
		if first.Token == second.Token || first.Session.ID == second.Session.ID {
			t.Errorf("the same session twice: %+v", first.Session)
		}
		o.wantLive(t, first.Token)
		o.wantLive(t, second.Token)
	})

	t.Run("ABadTokenIsRefusedAndHarmsNothing", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, other := o.signIn(t).Token, o.signIn(t).Token
		lookup, secret, _ := strings.Cut(token, ".")
		otherLookup, otherSecret, _ := strings.Cut(other, ".")
		bad := map[string]string{
			"Empty":             "",
			"WrongSecret":       lookup + "." + otherSecret,
			"SecretOfAnother":   otherLookup + "." + secret,
			"UnknownSession":    "cps_AAAAAAAAAAAAAAAAAAAAAA." + secret,
			"NoSecret":          lookup,
			"OtherPrefix":       strings.Replace(token, "cps_", "CPS_", 1),
			"Padded":            token + "=",
			"TrailingLineBreak": token + "\n",
		}
		for name, token := range bad {
			o.wantRefused(t, name, session.Presented{Token: token, Transport: config.TransportCookie})
			ended, err := o.End(t.Context(), session.Presented{Token: token, Transport: config.TransportCookie}, "logout")
			if err != nil || ended != (session.Ended{}) {
				t.Errorf("%s: End: %+v, %v", name, ended, err)
			}
		}
		o.wantLive(t, token)
		o.wantLive(t, other)
	})

	t.Run("ATokenIsAcceptedOnlyByItsTransport", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token := o.signIn(t).Token
		o.wantRefused(t, "bearer", session.Presented{Token: token, Transport: config.TransportBearer})
		o.wantLive(t, token)
	})

	t.Run("ALogoutEndsTheSessionAndMayBeRepeated", func(t *testing.T) {
		o := newOwn(t, setup(t))
		issued, other := o.signIn(t), o.signIn(t).Token
		for _, want := range []string{issued.Session.ID, ""} {
			ended, err := o.End(t.Context(), presented(issued.Token), "logout")
			if err != nil || ended.ID != want {
				t.Fatalf("End: %+v, %v, want %q", ended, err, want)
			}
			o.wantDead(t, issued.Token)
		}
		o.wantLive(t, other)
	})

	t.Run("ARenewedSessionHasANewTokenAndTheOldOneIsDead", func(t *testing.T) {
		o := newOwn(t, setup(t))
		old := o.signIn(t)
		renewed, err := o.Renew(t.Context(), presented(old.Token))
		if err != nil {
			t.Fatalf("Renew: %v", err)
		}
		if renewed.Session.ID != old.Session.ID || renewed.Token == old.Token {
			t.Errorf("renewed %+v to %+v", old.Session, renewed.Session)
		}
		o.wantLive(t, renewed.Token)
		o.wantDead(t, old.Token)
		if _, err := o.Renew(t.Context(), presented(old.Token)); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("Renew of the old token: got %v, want InvalidToken", err)
		}
	})

	t.Run("AnIdleSessionEnds", func(t *testing.T) {
		o := newOwn(t, setup(t))
		kept, idle := o.signIn(t).Token, o.signIn(t).Token
		o.clock.advance(idleTTL - time.Second)
		o.wantLive(t, kept)
		o.clock.advance(2 * time.Second)
		o.wantDead(t, idle)
		o.wantLive(t, kept)
	})

	t.Run("ABusySessionEndsAtItsAbsoluteEnd", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token := o.signIn(t).Token
		for range 29 {
			o.clock.advance(24 * time.Hour)
			if grant := o.wantLive(t, token); grant.Session.IdleExpiresAt.After(grant.Session.ExpiresAt) {
				t.Fatalf("the idle end %v is after the absolute end %v", grant.Session.IdleExpiresAt, grant.Session.ExpiresAt)
			}
		}
		o.clock.advance(24*time.Hour - time.Second)
		o.wantLive(t, token)
		o.clock.advance(time.Second)
		o.wantDead(t, token)
	})

	t.Run("ManyRequestsAreOneWrite", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token := o.signIn(t).Token
		for range 500 {
			o.wantLive(t, token)
		}
		if n := o.touches.Load(); n != 0 {
			t.Errorf("%d writes right after the login, want none", n)
		}
		o.clock.advance(time.Hour)
		for range 500 {
			o.wantLive(t, token)
		}
		if n := o.touches.Load(); n != 1 {
			t.Errorf("%d writes after an hour, want 1", n)
		}
	})

	t.Run("ADisabledUserIsNotRecognised", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		token := o.signIn(t).Token
		o.wantLive(t, token)
		users := account.NewUsers(s.accounts, s, nil, o.clock.now, slog.New(slog.DiscardHandler))
		if err := users.Disable(t.Context(), o.user.ID); err != nil {
			t.Fatalf("Disable: %v", err)
		}
		o.wantDead(t, token)
		if err := users.Enable(t.Context(), o.user.ID); err != nil {
			t.Fatalf("Enable: %v", err)
		}
		o.wantDead(t, token)
		o.clock.advance(time.Second)
		o.wantLive(t, o.signIn(t).Token)
	})

	t.Run("ASessionOfBeforeNotBeforeHasEndedEvenIfItIsNotRevoked", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		before := o.signIn(t).Token
		o.clock.advance(time.Millisecond)
		if err := s.accounts.SetNotBefore(t.Context(), o.user.ID, o.clock.now()); err != nil {
			t.Fatalf("SetNotBefore: %v", err)
		}
		after := o.signIn(t).Token
		o.wantDead(t, before)
		o.wantLive(t, after)
	})

	t.Run("TheDirectoryListsAndEndsSessions", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		directory := session.NewDirectory(s.accounts, s, nil, o.clock.now)
		var tokens []session.Issued
		for range 4 {
			o.clock.advance(time.Second)
			tokens = append(tokens, o.signIn(t))
		}
		current := tokens[2]

		entries, err := directory.List(t.Context(), o.user.ID, current.Session.ID)
		if err != nil || len(entries) != 4 {
			t.Fatalf("List: %d entries, error %v; want 4", len(entries), err)
		}
		if e := entries[1]; e.ID != current.Session.ID || !e.Current || entries[0].Current || e.UserAgent != "agent" || e.Address != "192.0.2.1" {
			t.Errorf("the current session is listed as %+v", e)
		}

		if err := directory.Revoke(t.Context(), o.user.ID, tokens[0].Session.ID); err != nil {
			t.Fatalf("Revoke: %v", err)
		}
		o.wantDead(t, tokens[0].Token)
		if err := directory.Revoke(t.Context(), o.user.ID, tokens[0].Session.ID); autherr.CodeOf(err) != autherr.NotFound {
			t.Errorf("second Revoke: got %v, want NotFound", err)
		}

		o.wantLive(t, tokens[1].Token)
		if err := directory.RevokeOthers(t.Context(), o.user.ID, current.Session.ID); err != nil {
			t.Fatalf("RevokeOthers: %v", err)
		}
		o.wantDead(t, tokens[1].Token)
		o.wantDead(t, tokens[3].Token)
		o.wantLive(t, current.Token)

		o.clock.advance(time.Second)
		if err := directory.RevokeAll(t.Context(), o.user.ID); err != nil {
			t.Fatalf("RevokeAll: %v", err)
		}
		o.wantDead(t, current.Token)
		user, err := s.accounts.Get(t.Context(), o.user.ID)
		if err != nil || !user.NotBefore.Equal(o.clock.now()) {
			t.Errorf("not-before is %v, want %v (error %v)", user.NotBefore, o.clock.now(), err)
		}
	})

	t.Run("ASweepDeletesWhatEndedAnHourAgo", func(t *testing.T) {
		o := newOwn(t, setup(t))
		o.signIn(t)
		token := o.signIn(t).Token
		o.clock.advance(idleTTL - time.Second)
		o.wantLive(t, token)
		for _, step := range []struct {
			advance time.Duration
			want    int
		}{{time.Second + time.Hour, 0}, {time.Second, 1}, {0, 0}} {
			o.clock.advance(step.advance)
			if swept, err := o.Sweep(t.Context()); err != nil || swept != step.want {
				t.Errorf("Sweep deleted %d, want %d (error %v)", swept, step.want, err)
			}
		}
		o.wantLive(t, token)
	})
}

// idleTTL is the default idle time.
const idleTTL = 7 * 24 * time.Hour

// own is the strategy with default settings over a store, for one user.
type own struct {
	*session.Own
	stores  *stores
	user    identity.User
	clock   *clock
	touches *atomic.Int32
}

func newOwn(t *testing.T, s *stores) own {
	t.Helper()
	c := &clock{at: start}
	counting := &touchCounter{Store: s.Store}
	both := config.OwnSession{}
	both.Transport = []string{config.TransportCookie, config.TransportBearer}
	return own{
		Own:     session.NewOwn(both, counting, c.now, slog.New(slog.DiscardHandler)),
		stores:  s,
		user:    s.register(t, "ada"),
		clock:   c,
		touches: &counting.touches,
	}
}

func (o own) signIn(t *testing.T) session.Issued {
	t.Helper()
	user := o.stores.user(t, o.user.Key)
	user.LastLoginAt = o.clock.now()
	issued, err := o.Issue(t.Context(), session.Login{
		User:      user,
		Identity:  identity.Identity{Key: user.Key, Provider: "cotter", AuthMethod: "OTP"},
		Transport: config.TransportCookie,
		UserAgent: "agent",
		Address:   "192.0.2.1",
	})
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	return issued
}

func presented(token string) session.Presented {
	return session.Presented{Token: token, Transport: config.TransportCookie}
}

func (o own) wantLive(t *testing.T, token string) session.Grant {
	t.Helper()
	grant, err := o.Check(t.Context(), presented(token))
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return grant
}

func (o own) wantDead(t *testing.T, token string) {
	t.Helper()
	o.wantRefused(t, "Check", presented(token))
}

func (o own) wantRefused(t *testing.T, what string, p session.Presented) {
	t.Helper()
	if _, err := o.Check(t.Context(), p); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("%s: got %v, want InvalidToken", what, err)
	}
}

// clock stands still until it is advanced.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type touchCounter struct {
	session.Store
	touches atomic.Int32
}

func (c *touchCounter) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	c.touches.Add(1)
	return c.Store.Touch(ctx, l, lastSeen, idleExpires)
}
