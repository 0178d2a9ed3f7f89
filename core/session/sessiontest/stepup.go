package sessiontest

import (
	"errors"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// stepUp returns the session that a login an hour later makes of r: everything is
// new except its id, user, identity and transport.
func stepUp(r session.Session) session.Session {
	next := newSession(identity.User{ID: r.UserID, IdentityID: r.IdentityID, Key: identity.Key{Issuer: r.Issuer, Subject: r.Subject}})
	next.ID, next.Transport = r.ID, r.Transport
	next.Provider, next.AuthMethod = "other", "WEBAUTHN"
	next.Claims, _ = identity.NewClaims(map[string]any{"acr": "gold"}).Keep([]string{"acr"}, 100)
	next.CreatedAt = r.CreatedAt.Add(time.Hour)
	next.AuthenticatedAt, next.LastSeenAt = next.CreatedAt.Add(-time.Second), next.CreatedAt
	next.IdleExpiresAt, next.ExpiresAt = next.CreatedAt.Add(24*time.Hour), next.CreatedAt.Add(48*time.Hour)
	next.UserAgent, next.Address = "another", "192.0.2.7"
	return next
}

// resume continues the session old as next.
func (s *stores) resume(t *testing.T, old session.Lookup, next session.Session, limit int) error {
	t.Helper()
	return s.db.SignIn(t.Context(), database.SignIn{User: newLogin(next), Session: &next, Continues: old, MaxSessions: limit})
}

// testStepUp checks logins that continue a session.
func testStepUp(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("ReplacesAllButID", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old, other := s.create(t, user, 0), s.create(t, user, time.Second)
		next := stepUp(old)
		if err := s.resume(t, old.Lookup, next, unlimited); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		if _, err := s.Find(t.Context(), old.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find of the old lookup: got %v, want ErrNotFound", err)
		}
		s.wantFound(t, next)
		s.wantFound(t, other)
		s.wantListed(t, user, start, next, other)
		want := user
		want.Provider, want.LastLoginAt = next.Provider, next.CreatedAt
		s.wantUser(t, want)
	})

	t.Run("WithoutClaims", func(t *testing.T) {
		s := setup(t)
		old := s.create(t, s.register(t, "ada"), 0)
		next := stepUp(old)
		next.Claims, next.IdleExpiresAt, next.AuthMethod = identity.Claims{}, time.Time{}, ""
		if err := s.resume(t, old.Lookup, next, unlimited); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantFound(t, next)
	})

	for name, c := range map[string]struct {
		old  func(*session.Session) // as it is stored
		next func(*session.Session)
	}{
		"Revoked":        {old: func(r *session.Session) { r.RevokedAt, r.RevokeReason = start, "logout" }},
		"Expired":        {old: func(r *session.Session) { r.ExpiresAt = start.Add(time.Hour) }},
		"Idle":           {old: func(r *session.Session) { r.IdleExpiresAt = start.Add(time.Hour) }},
		"OtherTransport": {next: func(r *session.Session) { r.Transport = config.TransportBearer }},
		"OtherID":        {next: func(r *session.Session) { r.ID = "another" }},
	} {
		t.Run("Overtaken/"+name, func(t *testing.T) {
			s := setup(t)
			user := s.register(t, "ada")
			active := s.create(t, user, 0)
			if err := s.resume(t, active.Lookup, stepUp(active), unlimited); err != nil {
				t.Fatalf("SignIn that continues an active session: %v", err)
			}
			user.Provider, user.LastLoginAt = "other", stepUp(active).CreatedAt
			old := newSession(user)
			old.Provider = "cotter"
			if c.old != nil {
				c.old(&old)
			}
			if err := s.signIn(t, old, user, unlimited); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			next := stepUp(old)
			if c.next != nil {
				c.next(&next)
			}
			s.wantOvertaken(t, old, next)
			s.wantFound(t, old)
			s.wantUser(t, user)
		})
	}

	t.Run("Overtaken/OtherUser", func(t *testing.T) {
		s := setup(t)
		ada, eve := s.register(t, "ada"), s.register(t, "eve")
		old := s.create(t, ada, 0)
		next := stepUp(old)
		next.UserID, next.IdentityID, next.Issuer, next.Subject = eve.ID, eve.IdentityID, eve.Issuer, eve.Subject
		s.wantOvertaken(t, old, next)
		s.wantListed(t, eve, start)
		s.wantListed(t, ada, start, old)
	})

	t.Run("Overtaken/UnknownSession", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.create(t, user, 0)
		unknown := newSession(user)
		s.wantOvertaken(t, unknown, stepUp(old))
		s.wantListed(t, user, start, old)
	})

	t.Run("Overtaken/Disabled", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.create(t, user, 0)
		s.change(t, user, []change{disableAt(time.Minute)})
		s.wantOvertaken(t, old, stepUp(old))
		s.wantListed(t, user, start, old)
	})

	t.Run("MaxSessions", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old, oldest, newest := s.create(t, user, 0), s.create(t, user, time.Second), s.create(t, user, time.Minute)
		next := stepUp(old)
		if err := s.resume(t, old.Lookup, next, 3); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantListed(t, user, start, next, newest, oldest)
		third := stepUp(next)
		if err := s.resume(t, next.Lookup, third, 2); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantListed(t, user, start, third, newest)
	})

	t.Run("RaceWithRevoke", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		for range 8 {
			old := s.create(t, user, 0)
			next := stepUp(old)
			race(2, func(racer int) {
				if racer == 0 {
					if err := s.Revoke(t.Context(), user.ID, old.ID, "test", start.Add(time.Minute)); err != nil {
						t.Errorf("Revoke: %v", err)
					}
				} else if err := s.resume(t, old.Lookup, next, unlimited); err != nil && !errors.Is(err, account.ErrOvertaken) {
					t.Errorf("SignIn: got %v, want ErrOvertaken", err)
				}
			})
			s.wantListed(t, user, start)
		}
	})

	t.Run("RaceOfLogins", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.create(t, user, 0)
		const racers = 8
		won := make([]*session.Session, racers)
		race(racers, func(racer int) {
			next := stepUp(old)
			switch err := s.resume(t, old.Lookup, next, unlimited); {
			case err == nil:
				won[racer] = &next
			case !errors.Is(err, account.ErrOvertaken):
				t.Errorf("SignIn: got %v, want ErrOvertaken", err)
			}
		})
		winners := 0
		for _, next := range won {
			if next != nil {
				winners++
				s.wantListed(t, user, start, *next)
			}
		}
		if winners != 1 {
			t.Errorf("%d logins continued the session, want 1", winners)
		}
	})

	t.Run("RaceWithUpdates", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.create(t, user, 0)
		next, rotated := stepUp(old), newSession(user)
		var resumed, rotation error
		race(3, func(racer int) {
			switch racer {
			case 0:
				resumed = s.resume(t, old.Lookup, next, unlimited)
			case 1:
				rotation = s.Rotate(t.Context(), old.UserID, old.Lookup, rotated.Lookup, rotated.SecretHash)
			default:
				if err := s.Touch(t.Context(), old.Lookup, start.Add(time.Minute), start.Add(2*time.Minute)); err != nil {
					t.Errorf("Touch: %v", err)
				}
			}
		})
		switch {
		case resumed == nil && errors.Is(rotation, session.ErrNotFound):
			s.wantFound(t, next)
		case errors.Is(resumed, account.ErrOvertaken) && rotation == nil:
			if got := s.find(t, rotated.Lookup); got.ID != old.ID || got.AuthMethod != old.AuthMethod {
				t.Errorf("the session is %+v", got)
			}
		case resumed != nil && !errors.Is(resumed, account.ErrOvertaken), rotation != nil && !errors.Is(rotation, session.ErrNotFound):
			t.Errorf("SignIn: %v; Rotate: %v", resumed, rotation)
		}
		if active, err := s.List(t.Context(), user.ID, start); err != nil || len(active) != 1 || active[0].ID != old.ID {
			t.Errorf("the active sessions are %+v, %v", active, err)
		}
	})
}

// wantOvertaken expects a login that continues old as next to fail and to write
// nothing.
func (s *stores) wantOvertaken(t *testing.T, old, next session.Session) {
	t.Helper()
	if err := s.resume(t, old.Lookup, next, 1); !errors.Is(err, account.ErrOvertaken) {
		t.Errorf("SignIn: got %v, want ErrOvertaken", err)
	}
	if _, err := s.Find(t.Context(), next.Lookup); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find: got %v, want ErrNotFound", err)
	}
}
