package ownjwt_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
)

const grace = 10 * time.Second

// Cases: R01, R02.
func TestRefresh_Reuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	second := w.mustRefresh(t, first.RefreshToken)
	third := w.mustRefresh(t, second.RefreshToken)
	if first.RefreshToken == second.RefreshToken || third.View.ID != first.View.ID {
		t.Errorf("first %+v, third %+v", first, third)
	}
	w.mustCheck(t, third.Token, true)
	w.wait(grace)
	w.wantRefused(t, first.RefreshToken, "refresh_reused")
	w.wantRefused(t, third.RefreshToken, "session_revoked")
	w.wantRejected(t, bearer(third.Token), true, autherr.InvalidToken, "session_revoked")
	if events := strings.Count(w.log.String(), "event=refresh_reused"); events != 1 {
		t.Errorf("%d events, want 1: %s", events, w.log.String())
	}
	if logged := w.log.String(); !strings.Contains(logged, "session_id="+first.View.ID) || strings.Contains(logged, "cpr_") {
		t.Errorf("log %s", logged)
	}
	stored, err := w.db.Sessions().FindByID(t.Context(), w.user.ID, first.View.ID)
	if err != nil || stored.RevokeReason != "refresh_reused" {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

// Cases: R03, R13.
func TestRefresh_Grace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	second := w.mustRefresh(t, first.RefreshToken)
	w.wait(grace - time.Millisecond)
	again := w.mustRefresh(t, first.RefreshToken)
	if again.RefreshToken != second.RefreshToken || again.Token == second.Token {
		t.Error("a repeated exchange must return the same refresh token, and another access token")
	}
	w.mustCheck(t, again.Token, true)
	w.wait(time.Millisecond)
	w.wantRefused(t, first.RefreshToken, "refresh_reused")
	w.wantRefused(t, second.RefreshToken, "session_revoked")
}

// Cases: R05.
func TestRefresh_UsedSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	third := w.mustRefresh(t, w.mustRefresh(t, first.RefreshToken).RefreshToken)
	w.wantRefused(t, first.RefreshToken, "refresh_reused")
	w.wantRefused(t, third.RefreshToken, "session_revoked")
}

func TestRefresh_NoGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{RefreshGrace: config.Off})
	first := w.signIn(t, w.login())
	w.mustRefresh(t, first.RefreshToken)
	w.wantRefused(t, first.RefreshToken, "refresh_reused")
}

// A guessed token revokes nothing.
func TestRefresh_Guessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	second := w.mustRefresh(t, first.RefreshToken)
	const lookup = len("cpr_") + 22 + 1
	for _, guess := range []string{
		first.RefreshToken[:lookup] + strings.Repeat("A", 70),
		second.RefreshToken[:lookup+10] + first.RefreshToken[lookup+10:],
	} {
		w.wantRefused(t, guess, "wrong_secret")
	}
	w.wantRefused(t, "cpr_"+strings.Repeat("A", 22)+second.RefreshToken[26:], "unknown_session")
	w.wantRefused(t, second.RefreshToken+"A", "malformed_token")
	w.mustRefresh(t, second.RefreshToken)
}

// Cases: R06.
func TestRefresh_Concurrent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	const racers = 50
	results := make([]session.Issued, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			got, err := w.refresh(t.Context(), first.RefreshToken)
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
			results[i] = got
		})
	}
	all.Wait()
	for i, got := range results {
		if got.RefreshToken != results[0].RefreshToken || got.RefreshToken == first.RefreshToken {
			t.Errorf("racer %d got another successor", i)
		}
	}
	stored, err := w.db.Sessions().FindByID(t.Context(), w.user.ID, first.View.ID)
	if err != nil || stored.Generation != 1 {
		t.Errorf("stored %+v, %v, want one exchange", stored, err)
	}
	w.mustRefresh(t, results[0].RefreshToken)
}

// Cases: R07.
func TestRefresh_ConcurrentReuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	first := w.signIn(t, w.login())
	second := w.mustRefresh(t, first.RefreshToken)
	w.wait(grace)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := w.refresh(t.Context(), first.RefreshToken); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("got %v, want invalid_token", err)
			}
		})
	}
	all.Wait()
	w.wantRefused(t, second.RefreshToken, "session_revoked")
}

// Cases: R10.
func TestRefresh_EndedSession(t *testing.T) {
	t.Parallel()
	for reason, end := range map[string]func(*world) error{
		"session_revoked": func(w *world) error {
			_, err := w.db.Sessions().RevokeAll(t.Context(), w.user.ID, "", "test", w.now())
			return err
		},
		"account_disabled": func(w *world) error { return w.db.Accounts().Disable(t.Context(), w.user.ID, w.now()) },
		"issued_before_revocation": func(w *world) error {
			return w.db.Accounts().SetNotBefore(t.Context(), w.user.ID, w.now().Add(time.Second))
		},
		"unknown_session": func(w *world) error { return w.db.Accounts().Delete(t.Context(), w.user.ID) },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config.OwnSession{})
			second := w.mustRefresh(t, w.signIn(t, w.login()).RefreshToken)
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			w.wantRefused(t, second.RefreshToken, reason)
			w.wantRejected(t, bearer(second.Token), true, autherr.InvalidToken, reason)
		})
	}
}

// Cases: R11.
func TestRefresh_AbsoluteExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{TTL: config.Duration(time.Hour), IdleTTL: config.Duration(2 * time.Minute)})
	got := w.signIn(t, w.login())
	for range 59 {
		w.wait(time.Minute)
		got = w.mustRefresh(t, got.RefreshToken)
	}
	w.wait(time.Minute)
	w.wantRefused(t, got.RefreshToken, "session_expired")
	w.wait(-time.Minute)
	w.wantRefused(t, got.RefreshToken, "session_expired")
}

// Cases: R12.
func TestRefresh_IdleExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{IdleTTL: config.Duration(time.Hour)})
	got := w.signIn(t, w.login())
	w.wait(time.Hour - time.Millisecond)
	got = w.mustRefresh(t, got.RefreshToken)
	if idle := got.View.IdleExpiresAt; !idle.Equal(w.now().Add(time.Hour)) || !got.View.LastSeenAt.Equal(w.now()) {
		t.Errorf("view %+v", got.View)
	}
	w.wait(time.Hour)
	w.wantRefused(t, got.RefreshToken, "session_idle")
}

// A revocation between the decision and the exchange wins.
func TestRefresh_RevokedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	r, err := w.Refresh(t.Context(), bearer(got.RefreshToken))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Sessions().RevokeAll(t.Context(), w.user.ID, "", "test", w.now()); err != nil {
		t.Fatal(err)
	}
	issued, err := r.Exchange(t.Context())
	wantError(t, err, autherr.InvalidToken, "session_revoked")
	if issued.Token != "" || issued.RefreshToken != "" {
		t.Errorf("got %+v", issued)
	}
}

// An exchange that others overtake after the grace is a reuse.
func TestRefresh_OvertakenAfterGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	r, err := w.Refresh(t.Context(), bearer(got.RefreshToken))
	if err != nil {
		t.Fatal(err)
	}
	second := w.mustRefresh(t, got.RefreshToken)
	w.wait(grace)
	_, err = r.Exchange(t.Context())
	wantError(t, err, autherr.InvalidToken, "refresh_reused")
	w.wantRefused(t, second.RefreshToken, "session_revoked")
}

// Cases: R13.
func TestRefresh_UnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, commits := range map[string]bool{"Before": false, "After": true} {
		w := newWorld(t, config.OwnSession{})
		got := w.signIn(t, w.login())
		w.store.failAdvance = func() error {
			w.store.failAdvance = nil
			if commits {
				w.mustRefresh(t, got.RefreshToken)
			}
			return errAdvance
		}
		_, err := w.refresh(t.Context(), got.RefreshToken)
		wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
		second := w.mustRefresh(t, got.RefreshToken)
		if second.RefreshToken == "" {
			t.Errorf("%s: no token", name)
		}
		w.mustRefresh(t, second.RefreshToken)
	}
}

func TestRefresh_AlwaysOvertaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	w.store.failAdvance = func() error { return session.ErrNotFound }
	_, err := w.refresh(t.Context(), got.RefreshToken)
	wantError(t, err, autherr.TemporarilyUnavailable, "refresh_overtaken")
	w.store.failAdvance = nil
	w.mustRefresh(t, got.RefreshToken)
}

// A reuse is reported as such only if the revocation is stored.
func TestRefresh_ReuseNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{RefreshGrace: config.Off})
	got := w.signIn(t, w.login())
	w.mustRefresh(t, got.RefreshToken)
	w.store.failRevoke = errDown
	_, err := w.refresh(t.Context(), got.RefreshToken)
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
}
