package sessiontest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// testOwn runs the strategy over the store.
func testOwn(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("Check", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, issued := o.signIn(t)
		p, checked, err := o.Check(t.Context(), credential(token), false)
		if err != nil || p.UserID != o.user.ID || p.Key() != o.user.Key || p.Provider != "cotter" || p.AuthMethod != "OTP" ||
			p.SessionID != issued.ID || !p.AuthenticatedAt.Equal(start) {
			t.Errorf("principal is %+v (error %v)", p, err)
		}
		if checked.ID == "" || !checked.ExpiresAt.Equal(issued.ExpiresAt) {
			t.Errorf("session is %+v, want %+v", checked, issued)
		}
	})

	t.Run("NewTokenEachLogin", func(t *testing.T) {
		o := newOwn(t, setup(t))
		firstToken, first := o.signIn(t)
		secondToken, second := o.signIn(t)
		if firstToken == secondToken || first.ID == second.ID {
			t.Errorf("the same session twice: %+v", first)
		}
		o.wantActive(t, firstToken)
		o.wantActive(t, secondToken)
	})

	t.Run("InvalidTokens", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, _ := o.signIn(t)
		other, _ := o.signIn(t)
		lookup, secret, _ := strings.Cut(token, ".")
		otherLookup, otherSecret, _ := strings.Cut(other, ".")
		for name, invalid := range map[string]string{
			"Empty":             "",
			"WrongSecret":       lookup + "." + otherSecret,
			"SecretOfAnother":   otherLookup + "." + secret,
			"UnknownSession":    "cps_AAAAAAAAAAAAAAAAAAAAAA." + secret,
			"NoSecret":          lookup,
			"OtherPrefix":       strings.Replace(token, "cps_", "CPS_", 1),
			"Padded":            token + "=",
			"TrailingLineBreak": token + "\n",
		} {
			o.wantRejected(t, name, credential(invalid))
			if ended, err := o.End(t.Context(), credential(invalid), "logout"); err != nil || ended != nil {
				t.Errorf("%s: End: %+v, %v", name, ended, err)
			}
		}
		o.wantActive(t, token)
		o.wantActive(t, other)
	})

	t.Run("OtherTransport", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, _ := o.signIn(t)
		o.wantRejected(t, "bearer", session.Credential{Token: token, Transport: config.TransportBearer})
		o.wantActive(t, token)
	})

	t.Run("End", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, issued := o.signIn(t)
		other, _ := o.signIn(t)
		ended, err := o.End(t.Context(), credential(token), "logout")
		if err != nil || ended == nil || ended.ID != issued.ID || ended.UserID != o.user.ID {
			t.Fatalf("End: %+v, %v, want %q", ended, err, issued.ID)
		}
		o.wantRejected(t, "Check", credential(token))
		if again, err := o.End(t.Context(), credential(token), "logout"); err != nil || again != nil {
			t.Errorf("second End: %+v, %v, want nothing", again, err)
		}
		o.wantActive(t, other)
	})

	t.Run("Renew", func(t *testing.T) {
		o := newOwn(t, setup(t))
		old, issued := o.signIn(t)
		renewed, err := o.Renew(t.Context(), credential(old))
		if err != nil {
			t.Fatalf("Renew: %v", err)
		}
		if renewed.View.ID != issued.ID || renewed.Token == old {
			t.Errorf("renewed %+v to %+v", issued, renewed.View)
		}
		o.wantActive(t, renewed.Token)
		o.wantRejected(t, "Check of the old token", credential(old))
		if _, err := o.Renew(t.Context(), credential(old)); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("Renew of the old token: got %v, want InvalidToken", err)
		}
	})

	t.Run("Idle", func(t *testing.T) {
		o := newOwn(t, setup(t))
		kept, _ := o.signIn(t)
		idle, _ := o.signIn(t)
		o.clock.advance(idleTTL - time.Second)
		o.wantActive(t, kept)
		o.clock.advance(2 * time.Second)
		o.wantRejected(t, "Check", credential(idle))
		o.wantActive(t, kept)
	})

	t.Run("AbsoluteExpiry", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, _ := o.signIn(t)
		for range 29 {
			o.clock.advance(24 * time.Hour)
			if s := o.wantActive(t, token); s.IdleExpiresAt.After(s.ExpiresAt) {
				t.Fatalf("the idle expiry %v is after the absolute expiry %v", s.IdleExpiresAt, s.ExpiresAt)
			}
		}
		o.clock.advance(24*time.Hour - time.Second)
		o.wantActive(t, token)
		o.clock.advance(time.Second)
		o.wantRejected(t, "Check", credential(token))
	})

	t.Run("LastSeenUpdates", func(t *testing.T) {
		o := newOwn(t, setup(t))
		token, _ := o.signIn(t)
		for range 500 {
			o.wantActive(t, token)
		}
		if n := o.updates.Load(); n != 0 {
			t.Errorf("%d writes right after the login, want 0", n)
		}
		o.clock.advance(time.Hour)
		for range 500 {
			o.wantActive(t, token)
		}
		if n := o.updates.Load(); n != 1 {
			t.Errorf("%d writes after an hour, want 1", n)
		}
	})

	t.Run("DisabledUser", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		token, _ := o.signIn(t)
		o.wantActive(t, token)
		if err := s.accounts.Disable(t.Context(), o.user.ID, o.clock.now()); err != nil {
			t.Fatalf("Disable: %v", err)
		}
		o.wantRejected(t, "Check", credential(token))
	})

	t.Run("NotBefore", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		before, _ := o.signIn(t)
		o.clock.advance(time.Millisecond)
		if err := s.accounts.SetNotBefore(t.Context(), o.user.ID, o.clock.now()); err != nil {
			t.Fatalf("SetNotBefore: %v", err)
		}
		after, _ := o.signIn(t)
		o.wantRejected(t, "Check", credential(before))
		o.wantActive(t, after)
	})

	t.Run("Revoke", func(t *testing.T) {
		s := setup(t)
		o := newOwn(t, s)
		revoked, view := o.signIn(t)
		other, _ := o.signIn(t)
		if err := s.Revoke(t.Context(), o.user.ID, view.ID, "test", o.clock.now()); err != nil {
			t.Fatalf("Revoke: %v", err)
		}
		o.wantRejected(t, "Check", credential(revoked))
		o.wantActive(t, other)
	})

	t.Run("Sweep", func(t *testing.T) {
		o := newOwn(t, setup(t))
		o.signIn(t)
		token, _ := o.signIn(t)
		o.clock.advance(idleTTL - time.Second)
		o.wantActive(t, token)
		for _, step := range []struct {
			advance time.Duration
			want    int
		}{{time.Second + time.Hour, 0}, {time.Second, 1}, {0, 0}} {
			o.clock.advance(step.advance)
			if swept, err := o.Sweep(t.Context()); err != nil || swept != step.want {
				t.Errorf("Sweep deleted %d, want %d (error %v)", swept, step.want, err)
			}
		}
		o.wantActive(t, token)
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
	updates *atomic.Int32
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
		updates: &counting.updates,
	}
}

func (o own) signIn(t *testing.T) (token string, view session.View) {
	t.Helper()
	user := o.stores.user(t, o.user.Key)
	user.LastLoginAt = o.clock.now()
	issued, err := o.Issue(t.Context(), session.Login{
		User:      user,
		Identity:  identity.Identity{Key: user.Key, Provider: "cotter", AuthMethod: "OTP"},
		Transport: config.TransportCookie,
	})
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	if err := o.stores.signIn(t, *issued.Stored, user, unlimited); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	return issued.Token, issued.View
}

func credential(token string) session.Credential {
	return session.Credential{Token: token, Transport: config.TransportCookie}
}

func (o own) wantActive(t *testing.T, token string) session.View {
	t.Helper()
	_, view, err := o.Check(t.Context(), credential(token), false)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return view
}

func (o own) wantRejected(t *testing.T, what string, c session.Credential) {
	t.Helper()
	if _, _, err := o.Check(t.Context(), c, false); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("%s: got %v, want InvalidToken", what, err)
	}
}

// clock is a clock that only advance moves.
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
	updates atomic.Int32
}

func (c *touchCounter) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	c.updates.Add(1)
	return c.Store.Touch(ctx, l, lastSeen, idleExpires)
}
