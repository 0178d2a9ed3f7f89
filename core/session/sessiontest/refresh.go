package sessiontest

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// exchange returns the exchange of the session's current refresh token for a new
// one.
func exchange(r session.Session, at time.Time) session.Exchange {
	e := session.Exchange{Lookup: r.Lookup, Presented: r.SecretHash, At: at, IdleExpires: at.Add(24 * time.Hour)}
	_, _ = rand.Read(e.Next[:])
	return e
}

// exchanged returns the session after the exchange.
func exchanged(r session.Session, e session.Exchange) session.Session {
	r.Generation++
	r.PreviousHash, r.SecretHash = e.Presented, e.Next
	r.RefreshedAt, r.LastSeenAt, r.IdleExpiresAt = e.At, e.At, e.IdleExpires
	return r
}

func testAdvance(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("Successive", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r, other := s.create(t, user, 0), s.create(t, user, time.Second)
		for n := range 3 {
			e := exchange(r, start.Add(time.Duration(n)*time.Hour))
			s.advance(t, e)
			r = exchanged(r, e)
			s.wantFound(t, r)
		}
		s.wantFound(t, other)
	})

	t.Run("First", func(t *testing.T) {
		s := setup(t)
		r := newSession(s.register(t, "ada"))
		r.Generation, r.PreviousHash, r.RefreshedAt = 0, [32]byte{}, time.Time{}
		s.add(t, r, unlimited)
		e := exchange(r, start)
		s.advance(t, e)
		s.wantFound(t, exchanged(r, e))
	})

	t.Run("NoIdleLimit", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		e := exchange(r, start)
		e.IdleExpires = time.Time{}
		s.advance(t, e)
		s.wantFound(t, exchanged(r, e))
	})

	t.Run("Milliseconds", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		e := exchange(r, start)
		want := exchanged(r, e)
		e.At, e.IdleExpires = e.At.Add(999_999*time.Nanosecond), e.IdleExpires.Add(999_999*time.Nanosecond)
		s.advance(t, e)
		s.wantFound(t, want)
	})

	t.Run("Rejected", func(t *testing.T) { testAdvanceRejected(t, setup) })

	t.Run("Revoked", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		e := exchange(r, start)
		s.advance(t, e)
		r = exchanged(r, e)
		s.revoke(t, user, r.ID, start)
		s.wantNotAdvanced(t, exchange(r, start))
		r.RevokedAt, r.RevokeReason = start, "test"
		s.wantFound(t, r)
	})

	t.Run("UserDeleted", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		if err := s.accounts.Delete(t.Context(), user.ID); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		s.wantNotAdvanced(t, exchange(r, start))
	})

	t.Run("Continued", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		next := stepUp(r)
		next.Generation, next.PreviousHash, next.RefreshedAt = 0, [32]byte{}, time.Time{}
		if err := s.resume(t, r.Lookup, next, unlimited); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantNotAdvanced(t, exchange(r, start))
		s.wantFound(t, next)
	})

	t.Run("Race", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		const racers = 50
		won := make([]*session.Exchange, racers)
		race(racers, func(racer int) {
			e := exchange(r, start)
			switch err := s.Advance(t.Context(), e); {
			case err == nil:
				won[racer] = &e
			case !errors.Is(err, session.ErrNotFound):
				t.Errorf("Advance: got %v, want ErrNotFound", err)
			}
		})
		winners := 0
		for _, e := range won {
			if e != nil {
				winners++
				s.wantFound(t, exchanged(r, *e))
			}
		}
		if winners != 1 {
			t.Errorf("%d exchanges of one token succeeded, want 1", winners)
		}
	})

	for name, revoke := range map[string]func(*testing.T, *stores, session.Session) error{
		"Revoke": func(t *testing.T, s *stores, r session.Session) error {
			t.Helper()
			return s.Revoke(t.Context(), r.UserID, r.ID, "test", start)
		},
		"RevokeAll": func(t *testing.T, s *stores, r session.Session) error {
			t.Helper()
			_, err := s.RevokeAll(t.Context(), r.UserID, "", "test", start)
			return err
		},
	} {
		t.Run("RaceWith"+name, func(t *testing.T) {
			s := setup(t)
			user := s.register(t, "ada")
			for range 8 {
				s.raceAdvance(t, s.create(t, user, 0), revoke)
			}
		})
	}
}

// raceAdvance exchanges the refresh token of a session while it is revoked, and
// expects the session to be revoked.
func (s *stores) raceAdvance(t *testing.T, r session.Session, revoke func(*testing.T, *stores, session.Session) error) {
	t.Helper()
	e := exchange(r, start)
	race(2, func(racer int) {
		if racer == 0 {
			if err := revoke(t, s, r); err != nil {
				t.Errorf("revoking: %v", err)
			}
		} else if err := s.Advance(t.Context(), e); err != nil && !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Advance: got %v, want ErrNotFound", err)
		}
	})
	if got := s.find(t, r.Lookup); got.RevokedAt.IsZero() {
		t.Errorf("an exchange has reactivated the session: %+v", got)
	}
	s.wantNotAdvanced(t, e)
	s.wantNotAdvanced(t, session.Exchange{Lookup: r.Lookup, Presented: e.Next, At: start, IdleExpires: e.IdleExpires})
}

func testAdvanceRejected(t *testing.T, setup setup) {
	t.Helper()
	s := setup(t)
	user := s.register(t, "ada")
	r, other := s.create(t, user, 0), s.create(t, user, time.Second)
	first := exchange(r, start)
	s.advance(t, first)
	r = exchanged(r, first)
	unknown := newSession(identity.User{ID: uuid.Must(uuid.NewV7())})
	for name, change := range map[string]func(*session.Exchange){
		"Stale":        func(e *session.Exchange) { e.Presented = first.Presented },
		"OneBit":       func(e *session.Exchange) { e.Presented[31] ^= 1 },
		"Zero":         func(e *session.Exchange) { e.Presented = [32]byte{} },
		"OtherSession": func(e *session.Exchange) { e.Lookup = other.Lookup },
		"OtherSecret":  func(e *session.Exchange) { e.Presented = other.SecretHash },
		"Unknown":      func(e *session.Exchange) { e.Lookup = unknown.Lookup },
		"Idle":         func(e *session.Exchange) { e.At = r.IdleExpiresAt },
		"Expired":      func(e *session.Exchange) { e.At = r.ExpiresAt },
	} {
		e := exchange(r, start)
		change(&e)
		if err := s.Advance(t.Context(), e); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	s.wantFound(t, r)
	s.wantFound(t, other)
	s.advance(t, exchange(r, start))
}

func (s *stores) advance(t *testing.T, e session.Exchange) {
	t.Helper()
	if err := s.Advance(t.Context(), e); err != nil {
		t.Fatalf("Advance: %v", err)
	}
}

func (s *stores) wantNotAdvanced(t *testing.T, e session.Exchange) {
	t.Helper()
	if err := s.Advance(t.Context(), e); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Advance: got %v, want ErrNotFound", err)
	}
}
