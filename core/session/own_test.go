package session_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

func TestOwn_View(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	began := b.issue(t, own, b.login())
	want := session.View{
		ID: began.ID, Strategy: "own", Format: "opaque", Provider: "cotter", AuthMethod: "OTP",
		CreatedAt: start, ExpiresAt: start.Add(30 * 24 * time.Hour), IdleExpiresAt: start.Add(7 * 24 * time.Hour), LastSeenAt: start,
	}
	if began.View != want || began.ID == "" {
		t.Errorf("issued %+v\nwant %+v", began.View, want)
	}
	if _, got := check(t, own, began.Credential); got != want {
		t.Errorf("checked %+v\nwant %+v", got, want)
	}
	if own.Name() != config.StrategyOwn {
		t.Errorf("the name is %q", own.Name())
	}
}

// A09.
// The external id of the caller is the user's, read with the session.
func TestOwn_ExternalID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	s := b.issue(t, own, b.login())
	if p, _ := check(t, own, s.Credential); p.ExternalID != "ada-1" {
		t.Errorf("the external id is %q, want that of the user", p.ExternalID)
	}
	err := b.db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
		return tx.SetExternalID(ctx, b.user.ID, "")
	})
	if err != nil {
		t.Fatalf("Transact: %v", err)
	}
	if p, _ := check(t, own, s.Credential); p.ExternalID != "" {
		t.Errorf("the external id is %q, want none after it was removed", p.ExternalID)
	}
}

func TestView_JSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(session.Session{ID: "id", Provider: "cotter", AuthMethod: "OTP", CreatedAt: start, ExpiresAt: start}.View())
	const want = `{"id":"id","strategy":"own","format":"opaque","provider":"cotter","auth_method":"OTP",` +
		`"created_at":"2027-01-15T08:00:00.123Z","expires_at":"2027-01-15T08:00:00.123Z","current":false,"user_agent":"","address":""}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s (error %v)\nwant %s", got, err, want)
	}
}

func TestOwn_StoredHash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	issued, err := own.Issue(t.Context(), b.login())
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	stored := issued.Stored
	if err := b.db.SignIn(t.Context(), database.SignIn{User: b.user, Session: stored, MaxSessions: 1}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	check(t, own, cookie(issued.Token))

	lookup, secret, _ := strings.Cut(issued.Token, ".")
	hash := stored.SecretHash[:]
	for _, guess := range []string{string(hash), hex.EncodeToString(hash), base64.RawURLEncoding.EncodeToString(hash)} {
		if _, _, err := own.Check(t.Context(), cookie(lookup+"."+guess), false); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("the hash as secret: got %v, want InvalidToken", err)
		}
	}
	if encoded, err := json.Marshal(stored); err != nil || strings.Contains(string(encoded), secret) {
		t.Errorf("the secret is stored, or error %v", err)
	}
}

func TestOwn_Check_EndedSession(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		end    func(*testing.T, *bench, session.View)
		reason string
	}{
		"Revoked": {func(t *testing.T, b *bench, v session.View) {
			if err := b.db.Sessions().Revoke(t.Context(), b.user.ID, v.ID, "test", b.at); err != nil {
				t.Fatal(err)
			}
		}, "session_revoked"},
		"Expired": {func(_ *testing.T, b *bench, v session.View) { b.at = v.ExpiresAt }, "session_expired"},
		"Idle":    {func(_ *testing.T, b *bench, v session.View) { b.at = v.IdleExpiresAt }, "session_idle"},
		"Disabled": {func(t *testing.T, b *bench, _ session.View) {
			if err := b.db.Accounts().Disable(t.Context(), b.user.ID, b.at); err != nil {
				t.Fatal(err)
			}
		}, "account_disabled"},
		"NotBefore": {func(t *testing.T, b *bench, v session.View) {
			if err := b.db.Accounts().SetNotBefore(t.Context(), b.user.ID, v.CreatedAt.Add(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}, "issued_before_revocation"},
		"Deleted": {func(t *testing.T, b *bench, _ session.View) {
			if err := b.db.Accounts().Delete(t.Context(), b.user.ID); err != nil {
				t.Fatal(err)
			}
		}, "unknown_session"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			began := b.issue(t, own, b.login())
			check(t, own, began.Credential)
			c.end(t, b, began.View)
			wantRejected(t, own, began.Credential, c.reason)
			_, err := own.Renew(t.Context(), began.Credential)
			wantError(t, err, autherr.InvalidToken, c.reason)
			if _, err := own.End(t.Context(), began.Credential, "logout"); err != nil {
				t.Errorf("End: %v", err)
			}
		})
	}
}

func TestOwn_Check_ClockSetBack(t *testing.T) {
	t.Parallel()
	for reason, end := range map[string]func(session.View) time.Time{
		"session_expired": func(v session.View) time.Time { return v.ExpiresAt },
		"session_idle":    func(v session.View) time.Time { return v.IdleExpiresAt },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			before, seen, unseen := b.at, b.issue(t, own, b.login()), b.issue(t, own, b.login())
			check(t, own, seen.Credential)
			b.at = end(seen.View)
			wantRejected(t, own, seen.Credential, reason)
			b.at = before
			wantRejected(t, own, seen.Credential, reason)
			check(t, own, unseen.Credential)
		})
	}
}

func TestOwn_Check_ExpiryNotPersisted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Revoke", err: errDown})
	began := b.issue(t, own, b.login())
	check(t, own, began.Credential)
	b.at = began.IdleExpiresAt
	wantRejected(t, own, began.Credential, "session_idle")
}

func TestOwn_StoreFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sound := b.own(config.OwnSession{}, nil)
	c := b.issue(t, sound, b.login()).Credential
	calls := map[string]func(*session.Own) error{
		"Find":   func(o *session.Own) error { _, _, err := o.Check(t.Context(), c, false); return err },
		"Rotate": func(o *session.Own) error { _, err := o.Renew(t.Context(), c); return err },
		"Revoke": func(o *session.Own) error { _, err := o.End(t.Context(), c, "logout"); return err },
		"Sweep":  func(o *session.Own) error { _, err := o.Sweep(t.Context()); return err },
	}
	for method, call := range calls {
		err := call(b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: method, err: errDown}))
		wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
		if !errors.Is(err, errDown) || strings.Contains(err.Error(), c.Token) {
			t.Errorf("%s: got %v, want its cause and no token", method, err)
		}
	}
	_, err := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Find", err: errDown}).
		End(t.Context(), c, "logout")
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	check(t, sound, c)
}

func TestOwn_Renew_ConcurrentRevoke(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	c := b.issue(t, own, b.login()).Credential
	racing := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Rotate", before: func() {
		if _, err := own.End(t.Context(), c, "logout"); err != nil {
			t.Errorf("End: %v", err)
		}
	}})
	_, err := racing.Renew(t.Context(), c)
	wantError(t, err, autherr.InvalidToken, "session_revoked")
}

func TestOwn_Check_TouchFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Touch", err: errDown})
	began := b.issue(t, own, b.login())
	check(t, own, began.Credential)
	if b.log.Len() != 0 {
		t.Fatalf("logged %q without an update", b.log.String())
	}
	b.at = b.at.Add(time.Hour)
	if _, got := check(t, own, began.Credential); got != began.View {
		t.Errorf("checked %+v, want %+v", got, began.View)
	}
	log := b.log.String()
	if !strings.Contains(log, began.ID) || !strings.Contains(log, errDown.Error()) || strings.Contains(log, began.Token[4:]) {
		t.Errorf("logged %q, want the session and the cause, and no token", log)
	}
}

func TestOwn_Check_TouchInterval(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		idle, interval time.Duration
	}{
		"AtMostHourly":      {7 * 24 * time.Hour, time.Hour},
		"ATenthOfAShortEnd": {20 * time.Minute, 2 * time.Minute},
		"WithoutIdleLimit":  {0, time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := config.OwnSession{}.WithDefaults()
			s.IdleTTL = cmp.Or(config.Duration(c.idle), config.Off)
			updates := 0
			own := b.own(s, &broken{Store: b.db.Sessions(), method: "Touch", before: func() { updates++ }})
			credential := b.issue(t, own, b.login()).Credential
			for _, step := range []struct {
				advance time.Duration
				want    int
			}{
				{c.interval - time.Millisecond, 0},
				{time.Millisecond, 1},
				{c.interval - time.Millisecond, 1},
				{-time.Hour, 1},
				{time.Hour + time.Millisecond, 2},
			} {
				b.at = b.at.Add(step.advance)
				check(t, own, credential)
				if updates != step.want {
					t.Fatalf("%d updates at %v, want %d", updates, b.at.Sub(start), step.want)
				}
			}
		})
	}
}

func TestOwn_Check_ConcurrentTouch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var updates atomic.Int32
		unblock := make(chan struct{})
		own := b.own(config.OwnSession{}, &broken{
			Store:  b.db.Sessions(),
			method: "Touch",
			before: func() {
				updates.Add(1)
				<-unblock
			},
		})
		issued, err := own.Issue(t.Context(), b.login())
		if err != nil {
			t.Fatalf("Issue: %v", err)
		}
		if err := b.db.SignIn(t.Context(), database.SignIn{User: b.user, Session: issued.Stored, MaxSessions: 1}); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		b.at = b.at.Add(time.Hour)
		for range 100 {
			go func() {
				for range 100 {
					if _, _, err := own.Check(t.Context(), cookie(issued.Token), false); err != nil {
						t.Errorf("Check: %v", err)
					}
				}
			}()
		}
		synctest.Wait() // for all but the one that updates
		close(unblock)
		synctest.Wait()
		if n := updates.Load(); n != 1 {
			t.Errorf("%d updates of 10,000 requests, want 1", n)
		}

		// Another request has read the session before the update.
		if err := b.db.Sessions().Touch(t.Context(), issued.Stored.Lookup, issued.Stored.LastSeenAt, issued.Stored.IdleExpiresAt); err != nil {
			t.Fatalf("Touch: %v", err)
		}
		check(t, own, cookie(issued.Token))
		if n := updates.Load(); n != 1 {
			t.Errorf("%d updates after a late request, want 1", n)
		}
	})
}

func TestOwn_Check_TouchRetried(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	store := &broken{Store: b.db.Sessions(), method: "Touch", err: errDown}
	own := b.own(config.OwnSession{}, store)
	began := b.issue(t, own, b.login())
	b.at = b.at.Add(time.Hour)
	check(t, own, began.Credential)
	store.err = nil
	if _, got := check(t, own, began.Credential); !got.IdleExpiresAt.After(began.IdleExpiresAt) {
		t.Errorf("the idle expiry is %v, want later than %v", got.IdleExpiresAt, began.IdleExpiresAt)
	}
}

// stuck is a store whose updates block until the context ends.
type stuck struct{ session.Store }

func (stuck) Touch(ctx context.Context, _ session.Lookup, _, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) Revoke(ctx context.Context, _ identity.UserID, _, _ string, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestOwn_Check_SlowStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later  time.Duration
		active bool
	}{
		"LastSeen": {time.Hour, true},
		"Expiry":   {365 * 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				own := b.own(config.OwnSession{}, stuck{b.db.Sessions()})
				p := b.issue(t, own, b.login()).Credential
				b.at = b.at.Add(c.later)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				if _, _, err := own.Check(ctx, p, false); (err == nil) != c.active {
					t.Errorf("Check: %v", err)
				}
				if waited := time.Since(began); waited == 0 || waited > 250*time.Millisecond {
					t.Errorf("the request waited %v, want at most 250ms", waited)
				}
			})
		})
	}
}

func TestOwn_Check_NoIdleLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	s.IdleTTL = config.Off
	own := b.own(s, nil)
	began := b.issue(t, own, b.login())
	if !began.IdleExpiresAt.IsZero() {
		t.Errorf("the idle expiry is %v, want none", began.IdleExpiresAt)
	}
	b.at = began.ExpiresAt.Add(-time.Millisecond)
	if _, got := check(t, own, began.Credential); !got.IdleExpiresAt.IsZero() {
		t.Errorf("the idle expiry is %v after an update, want none", got.IdleExpiresAt)
	}
	b.at = began.ExpiresAt
	wantRejected(t, own, began.Credential, "session_expired")
}

func TestOwn_AuthenticatedAt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ signed, want time.Time }{
		"Signed":   {start.Add(-time.Hour), start.Add(-time.Hour)},
		"Now":      {start, start},
		"Missing":  {time.Time{}, start},
		"InFuture": {start.Add(time.Second), start},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			login := b.login()
			login.Identity.AuthenticatedAt = c.signed
			began := b.issue(t, own, login)
			if got, _ := check(t, own, began.Credential); !got.AuthenticatedAt.Equal(c.want) {
				t.Errorf("got %v, want %v", got.AuthenticatedAt, c.want)
			}
		})
	}
}

func TestOwn_KeptClaims(t *testing.T) {
	t.Parallel()
	claims := map[string]any{"role": "admin", "level": json.Number("7"), "other": "x"}
	tooLarge := map[string]any{"role": strings.Repeat("a", 1024), "level": json.Number("7")}
	justFits := map[string]any{"role": strings.Repeat("a", 1024-len(`{"role":""}`))}
	cases := map[string]struct {
		names  []string
		claims map[string]any
		want   map[string]any
		warned bool
	}{
		"Named":       {[]string{"role", "level", "missing"}, claims, map[string]any{"role": "admin", "level": json.Number("7")}, false},
		"NoneNamed":   {nil, claims, nil, false},
		"NonePresent": {[]string{"missing"}, claims, nil, false},
		"JustFitting": {[]string{"role"}, justFits, justFits, false},
		"TooLarge":    {[]string{"role", "level"}, tooLarge, map[string]any{"level": json.Number("7")}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := config.OwnSession{}.WithDefaults()
			s.Claims = c.names
			own := b.own(s, nil)
			login := b.login()
			login.Identity.Claims = identity.NewClaims(c.claims)
			began := b.issue(t, own, login)
			if got, _ := check(t, own, began.Credential); !reflect.DeepEqual(got.Claims.Map(), c.want) {
				t.Errorf("kept %v, want %v", got.Claims.Map(), c.want)
			}
			if warned := b.log.Len() > 0; warned != c.warned || strings.Contains(b.log.String(), "aaaa") {
				t.Errorf("logged %q", b.log.String())
			}
		})
	}
}

func TestOwn_UserAgent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sent, want string }{
		"AsSent":          {"Mozilla/5.0 (X11; é)", "Mozilla/5.0 (X11; é)"},
		"Control":         {"a\x00b\r\nc\x1b[31m\u0085d", "abc[31md"},
		"Direction":       {"a\u202eb", "ab"},
		"NotUTF8":         {"a\xff\xc3b", "ab"},
		"JustFitting":     {strings.Repeat("a", 255), strings.Repeat("a", 255)},
		"TooLong":         {strings.Repeat("a", 256), strings.Repeat("a", 255)},
		"CutInACharacter": {strings.Repeat("a", 254) + "éé", strings.Repeat("a", 254)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			login := b.login()
			login.UserAgent = c.sent
			b.issue(t, own, login)
			list, err := b.db.Sessions().List(t.Context(), b.user.ID, b.at)
			if err != nil || len(list) != 1 || list[0].UserAgent != c.want || !utf8.ValidString(list[0].UserAgent) {
				t.Errorf("kept %+v (error %v), want %q", list, err, c.want)
			}
		})
	}
}

func TestOwn_Sweep_Batches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	batches := 0
	own := b.own(s, &broken{Store: b.db.Sessions(), method: "Sweep", before: func() { batches++ }})
	const sessions = 1001
	for range sessions {
		b.issue(t, own, b.login())
	}
	b.at = b.at.Add(s.TTL.Std() + 2*time.Hour)
	if swept, err := own.Sweep(t.Context()); err != nil || swept != sessions || batches != 3 {
		t.Errorf("deleted %d in %d batches (error %v), want %d in 3", swept, batches, err, sessions)
	}
}

func BenchmarkOwn_Check(b *testing.B) {
	bench := newBench(b)
	own := bench.own(config.OwnSession{}, nil)
	p := bench.issue(b, own, bench.login()).Credential
	b.ReportAllocs()
	for b.Loop() {
		check(b, own, p)
	}
}

func TestOwn_Check_TransportRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	s.Transport = []string{config.TransportBearer, config.TransportCookie}
	p := b.issue(t, b.own(s, nil), b.login()).Credential
	check(t, b.own(s, nil), p)

	s.Transport = []string{config.TransportBearer}
	narrowed := b.own(s, nil)
	wantRejected(t, narrowed, p, "transport_not_listed")

	if _, err := narrowed.End(t.Context(), p, "logout"); err != nil {
		t.Errorf("End: %v", err)
	}
	s.Transport = []string{config.TransportCookie}
	wantRejected(t, b.own(s, nil), p, "session_revoked")
}
