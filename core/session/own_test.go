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

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

func TestASessionIsShownAsItBegan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	issued := issue(t, own, b.login())
	want := session.View{
		ID: issued.Session.ID, Strategy: "own", Format: "opaque", Provider: "cotter", AuthMethod: "OTP",
		CreatedAt: start, ExpiresAt: start.Add(30 * 24 * time.Hour), IdleExpiresAt: start.Add(7 * 24 * time.Hour),
	}
	if issued.Session != want || issued.Session.ID == "" {
		t.Errorf("issued %+v\nwant %+v", issued.Session, want)
	}
	if got := check(t, own, presented(issued.Token)).Session; got != want {
		t.Errorf("checked %+v\nwant %+v", got, want)
	}
	if own.Name() != config.StrategyOwn {
		t.Errorf("the strategy is called %q", own.Name())
	}
}

func TestTheStoredHashIsNoSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var stored session.Record
	keep := &keepRecord{Store: b.db.Sessions(), kept: &stored}
	own := b.own(config.OwnSession{}, keep)
	token := issue(t, own, b.login()).Token
	check(t, own, presented(token))

	lookup, _, _ := strings.Cut(token, ".")
	hash := stored.SecretHash[:]
	for _, secret := range []string{string(hash), hex.EncodeToString(hash), base64.RawURLEncoding.EncodeToString(hash)} {
		if _, err := own.Check(t.Context(), presented(lookup+"."+secret)); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("the hash as secret: got %v, want InvalidToken", err)
		}
	}
	if shown, err := json.Marshal(stored); err != nil || strings.Contains(string(shown), token[len(lookup)+1:]) {
		t.Errorf("the secret is stored, or error %v", err)
	}
}

func TestWhatEndedASessionIsToldToTheLogAlone(t *testing.T) {
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
			issued := issue(t, own, b.login())
			check(t, own, presented(issued.Token))
			c.end(t, b, issued.Session)
			_, err := own.Check(t.Context(), presented(issued.Token))
			wantError(t, err, autherr.InvalidToken, c.reason)
			_, err = own.Renew(t.Context(), presented(issued.Token))
			wantError(t, err, autherr.InvalidToken, c.reason)
			if _, err := own.End(t.Context(), presented(issued.Token), "logout"); err != nil {
				t.Errorf("End: %v", err)
			}
		})
	}
}

func TestAClockThatIsPutBackRevivesNoSession(t *testing.T) {
	t.Parallel()
	for reason, end := range map[string]func(session.View) time.Time{
		"session_expired": func(v session.View) time.Time { return v.ExpiresAt },
		"session_idle":    func(v session.View) time.Time { return v.IdleExpiresAt },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			began, seen, unseen := b.at, issue(t, own, b.login()), issue(t, own, b.login())
			check(t, own, presented(seen.Token))
			b.at = end(seen.Session)
			_, err := own.Check(t.Context(), presented(seen.Token))
			wantError(t, err, autherr.InvalidToken, reason)
			b.at = began
			_, err = own.Check(t.Context(), presented(seen.Token))
			wantError(t, err, autherr.InvalidToken, reason)
			check(t, own, presented(unseen.Token))
		})
	}
}

func TestAnEndThatCannotBeNotedIsAnEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Revoke", err: errDown})
	issued := issue(t, own, b.login())
	check(t, own, presented(issued.Token))
	b.at = issued.Session.IdleExpiresAt
	_, err := own.Check(t.Context(), presented(issued.Token))
	wantError(t, err, autherr.InvalidToken, "session_idle")
}

func TestAnOutageEndsNoSession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sound := b.own(config.OwnSession{}, nil)
	token := issue(t, sound, b.login()).Token
	calls := map[string]func(*session.Own) error{
		"Create": func(o *session.Own) error { _, err := o.Issue(t.Context(), b.login()); return err },
		"Find":   func(o *session.Own) error { _, err := o.Check(t.Context(), presented(token)); return err },
		"Rotate": func(o *session.Own) error { _, err := o.Renew(t.Context(), presented(token)); return err },
		"Revoke": func(o *session.Own) error { _, err := o.End(t.Context(), presented(token), "logout"); return err },
		"Sweep":  func(o *session.Own) error { _, err := o.Sweep(t.Context()); return err },
	}
	for method, call := range calls {
		err := call(b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: method, err: errDown}))
		wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
		if !errors.Is(err, errDown) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: got %v, want its cause and no token", method, err)
		}
	}
	_, err := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Find", err: errDown}).
		End(t.Context(), presented(token), "logout")
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	check(t, sound, presented(token))
}

func TestALoginThatAnAdministratorOvertakesHasNoSession(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bench) error{
		"Delete":  func(b *bench) error { return b.db.Accounts().Delete(t.Context(), b.user.ID) },
		"Disable": func(b *bench) error { return b.db.Accounts().Disable(t.Context(), b.user.ID, b.at) },
		"RevokeAll": func(b *bench) error {
			return session.NewDirectory(b.db.Accounts(), b.db.Sessions(), nil, b.now).RevokeAll(t.Context(), b.user.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			login := b.login()
			check(t, own, presented(issue(t, own, login).Token))
			if err := change(b); err != nil { // in the very moment of the login
				t.Fatal(err)
			}
			_, err := own.Issue(t.Context(), login)
			wantError(t, err, autherr.TemporarilyUnavailable, "login_overtaken")
			if !errors.Is(err, session.ErrOvertaken) {
				t.Errorf("%v does not say that the login has to start again", err)
			}
		})
	}
}

func TestASessionThatIsRevokedWhileItIsRenewedHasNoNewToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	issued := issue(t, own, b.login())
	racing := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Rotate", before: func() {
		if _, err := own.End(t.Context(), presented(issued.Token), "logout"); err != nil {
			t.Errorf("End: %v", err)
		}
	}})
	_, err := racing.Renew(t.Context(), presented(issued.Token))
	wantError(t, err, autherr.InvalidToken, "session_revoked")
}

func TestAFailureToNoteIsLoggedAndDoesNotFailTheRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: "Touch", err: errDown})
	issued := issue(t, own, b.login())
	check(t, own, presented(issued.Token))
	if b.log.Len() != 0 {
		t.Fatalf("logged %q before there was anything to note", b.log.String())
	}
	b.at = b.at.Add(time.Hour)
	if got := check(t, own, presented(issued.Token)).Session; got != issued.Session {
		t.Errorf("checked %+v, want %+v", got, issued.Session)
	}
	log := b.log.String()
	if !strings.Contains(log, issued.Session.ID) || !strings.Contains(log, errDown.Error()) || strings.Contains(log, issued.Token[4:]) {
		t.Errorf("logged %q, want the session and the cause, and no token", log)
	}
}

func TestHowOftenASessionIsNoted(t *testing.T) {
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
			touches := 0
			own := b.own(s, &broken{Store: b.db.Sessions(), method: "Touch", before: func() { touches++ }})
			token := issue(t, own, b.login()).Token
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
				check(t, own, presented(token))
				if touches != step.want {
					t.Fatalf("%d notes at %v, want %d", touches, b.at.Sub(start), step.want)
				}
			}
		})
	}
}

func TestManyRequestsAtOnceAreOneNote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var stored session.Record
		var touches atomic.Int32
		noted := make(chan struct{})
		own := b.own(config.OwnSession{}, &broken{
			Store:  &keepRecord{Store: b.db.Sessions(), kept: &stored},
			method: "Touch",
			before: func() {
				touches.Add(1)
				<-noted
			},
		})
		p := presented(issue(t, own, b.login()).Token)
		b.at = b.at.Add(time.Hour)
		for range 100 {
			go func() {
				for range 100 {
					if _, err := own.Check(t.Context(), p); err != nil {
						t.Errorf("Check: %v", err)
					}
				}
			}()
		}
		synctest.Wait() // for all but those that note
		close(noted)
		synctest.Wait()
		if n := touches.Load(); n != 1 {
			t.Errorf("10 000 requests are %d notes, want 1", n)
		}

		// Another request has read what was there before the note.
		if err := b.db.Sessions().Touch(t.Context(), stored.Lookup, stored.LastSeenAt, stored.IdleExpiresAt); err != nil {
			t.Fatalf("Touch: %v", err)
		}
		check(t, own, p)
		if n := touches.Load(); n != 1 {
			t.Errorf("a late request makes %d notes, want 1", n)
		}
	})
}

func TestAFailedNoteIsMadeByTheNextRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	store := &broken{Store: b.db.Sessions(), method: "Touch", err: errDown}
	own := b.own(config.OwnSession{}, store)
	issued := issue(t, own, b.login())
	b.at = b.at.Add(time.Hour)
	check(t, own, presented(issued.Token))
	store.err = nil
	if got := check(t, own, presented(issued.Token)).Session; !got.IdleExpiresAt.After(issued.Session.IdleExpiresAt) {
		t.Errorf("the session ends at %v, want later than %v", got.IdleExpiresAt, issued.Session.IdleExpiresAt)
	}
}

// stuck is a store that notes nothing, and lets a caller wait for it.
type stuck struct{ session.Store }

func (stuck) Touch(ctx context.Context, _ session.Lookup, _, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) Revoke(ctx context.Context, _ identity.UserID, _, _ string, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestARequestDoesNotWaitLongForANote(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later time.Duration
		live  bool
	}{
		"ThatTheSessionWasSeen":  {time.Hour, true},
		"ThatTheSessionHasEnded": {365 * 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				own := b.own(config.OwnSession{}, stuck{b.db.Sessions()})
				p := presented(issue(t, own, b.login()).Token)
				b.at = b.at.Add(c.later)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				if _, err := own.Check(ctx, p); (err == nil) != c.live {
					t.Errorf("Check: %v", err)
				}
				if waited := time.Since(began); waited == 0 || waited > 250*time.Millisecond {
					t.Errorf("the request waited %v, want at most 250ms", waited)
				}
			})
		})
	}
}

func TestWithoutIdleLimitOnlyTheAbsoluteEndCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	s.IdleTTL = config.Off
	own := b.own(s, nil)
	issued := issue(t, own, b.login())
	if !issued.Session.IdleExpiresAt.IsZero() {
		t.Errorf("the idle end is %v, want none", issued.Session.IdleExpiresAt)
	}
	b.at = issued.Session.ExpiresAt.Add(-time.Millisecond)
	if got := check(t, own, presented(issued.Token)).Session.IdleExpiresAt; !got.IsZero() {
		t.Errorf("the idle end is %v after a note, want none", got)
	}
	b.at = issued.Session.ExpiresAt
	_, err := own.Check(t.Context(), presented(issued.Token))
	wantError(t, err, autherr.InvalidToken, "session_expired")
}

func TestWhenThePersonProvedWhoTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ said, want time.Time }{
		"AsTheProviderSays":   {start.Add(-time.Hour), start.Add(-time.Hour)},
		"JustNow":             {start, start},
		"TheProviderIsSilent": {time.Time{}, start},
		"InTheFuture":         {start.Add(time.Second), start},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{}, nil)
			login := b.login()
			login.Identity.AuthenticatedAt = c.said
			token := issue(t, own, login).Token
			if got := check(t, own, presented(token)).Principal.AuthenticatedAt; !got.Equal(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestASessionKeepsTheClaimsThatAreNamed(t *testing.T) {
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
		"TooLarge":    {[]string{"role", "level"}, tooLarge, nil, true},
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
			token := issue(t, own, login).Token
			if got := check(t, own, presented(token)).Principal.Claims.Map(); !reflect.DeepEqual(got, c.want) {
				t.Errorf("kept %v, want %v", got, c.want)
			}
			if warned := b.log.Len() > 0; warned != c.warned || strings.Contains(b.log.String(), "aaaa") {
				t.Errorf("logged %q", b.log.String())
			}
		})
	}
}

func TestTheUserAgentIsKeptPrintableAndShort(t *testing.T) {
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
			issue(t, own, login)
			list, err := b.db.Sessions().List(t.Context(), b.user.ID, b.at)
			if err != nil || len(list) != 1 || list[0].UserAgent != c.want || !utf8.ValidString(list[0].UserAgent) {
				t.Errorf("kept %+v (error %v), want %q", list, err, c.want)
			}
		})
	}
}

func TestASweepGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	s.MaxPerUser = 5000
	batches := 0
	own := b.own(s, &broken{Store: b.db.Sessions(), method: "Sweep", before: func() { batches++ }})
	const sessions = 1001
	for range sessions {
		issue(t, own, b.login())
	}
	b.at = b.at.Add(s.TTL.Std() + 2*time.Hour)
	if swept, err := own.Sweep(t.Context()); err != nil || swept != sessions || batches != 3 {
		t.Errorf("deleted %d in %d batches (error %v), want %d in 3", swept, batches, err, sessions)
	}
}

func BenchmarkCheckOwn(b *testing.B) {
	bench := newBench(b)
	own := bench.own(config.OwnSession{}, nil)
	p := presented(issue(b, own, bench.login()).Token)
	b.ReportAllocs()
	for b.Loop() {
		check(b, own, p)
	}
}

func TestATransportThatIsNotConfiguredAnyMoreIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := config.OwnSession{}.WithDefaults()
	s.Transport = []string{config.TransportBearer, config.TransportCookie}
	p := presented(issue(t, b.own(s, nil), b.login()).Token)
	check(t, b.own(s, nil), p)

	s.Transport = []string{config.TransportBearer}
	narrowed := b.own(s, nil)
	_, err := narrowed.Check(t.Context(), p)
	wantError(t, err, autherr.InvalidToken, "transport_not_listed")

	if _, err := narrowed.End(t.Context(), p, "logout"); err != nil {
		t.Errorf("End: %v", err)
	}
	s.Transport = []string{config.TransportCookie}
	_, err = b.own(s, nil).Check(t.Context(), p)
	wantError(t, err, autherr.InvalidToken, "session_revoked")
}

func TestTheDirectoryTellsAnOutageFromNothingThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	issued := issue(t, own, b.login())
	calls := map[string]func(*session.Directory, identity.UserID) error{
		"List": func(d *session.Directory, u identity.UserID) error { _, err := d.List(t.Context(), u, ""); return err },
		"Revoke": func(d *session.Directory, u identity.UserID) error {
			return d.Revoke(t.Context(), u, issued.Session.ID)
		},
		"RevokeAll": func(d *session.Directory, u identity.UserID) error { return d.RevokeAll(t.Context(), u) },
	}
	for method, call := range calls {
		down := session.NewDirectory(b.db.Accounts(), &broken{Store: b.db.Sessions(), method: method, err: errDown}, nil, b.now)
		wantError(t, call(down, b.user.ID), autherr.TemporarilyUnavailable, "store_failed")
	}
	down := session.NewDirectory(b.db.Accounts(), &broken{Store: b.db.Sessions(), method: "RevokeAll", err: errDown}, nil, b.now)
	wantError(t, down.RevokeOthers(t.Context(), b.user.ID, ""), autherr.TemporarilyUnavailable, "store_failed")

	sound := session.NewDirectory(b.db.Accounts(), b.db.Sessions(), nil, b.now)
	stranger := identity.UserID{1}
	if entries, err := sound.List(t.Context(), stranger, ""); err != nil || len(entries) != 0 {
		t.Errorf("List of a stranger: %v, error %v", entries, err)
	}
	wantError(t, sound.Revoke(t.Context(), stranger, issued.Session.ID), autherr.NotFound, "unknown_session")
	wantError(t, sound.RevokeAll(t.Context(), stranger), autherr.NotFound, "unknown_user")
	check(t, own, presented(issued.Token))
}
