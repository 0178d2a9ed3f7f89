package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// reasonEnded is the reason of sessions that are revoked with the session at the
// provider.
const reasonEnded = "provider_signal"

// endLife is how long an ended session at the provider is recorded.
const endLife = time.Hour

// testProviderSession checks that no own session outlives the session at the
// provider that it began in.
func testProviderSession(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("End", func(t *testing.T) {
		s := setup(t)
		ada, eve := s.register(t, "ada"), s.register(t, "eve")
		other, without := s.createIn(t, ada, "other"), s.create(t, ada, 0)
		first, second, ofEve := s.createIn(t, ada, "ended"), s.createIn(t, ada, "ended"), s.createIn(t, eve, "ended")
		s.wantFound(t, first)

		users := s.end(t, "ended", start)
		if len(users) != 2 || users[0] == users[1] {
			t.Errorf("ended sessions of %v, want each user once", users)
		}
		for _, r := range []session.Session{first, second, ofEve} {
			r.RevokedAt, r.RevokeReason = start, reasonEnded
			s.wantFound(t, r)
		}
		s.wantFound(t, other)
		s.wantFound(t, without)
		if users := s.end(t, "ended", start.Add(time.Millisecond)); len(users) != 0 {
			t.Errorf("ended sessions of %v again", users)
		}
	})

	t.Run("BeginsNone", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.createIn(t, user, "another")
		s.end(t, "ended", start)
		before := s.user(t, user.Key)
		r := newSession(user)
		r.ProviderSession = "ended"
		login := newLogin(r)
		login.Email = "changed@example.com"
		if err := s.signIn(t, r, login, unlimited); !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("SignIn: got %v, want ErrOvertaken", err)
		}
		next := r
		next.ID, next.Transport = old.ID, old.Transport
		err := s.db.SignIn(t.Context(), database.SignIn{User: login, Session: &next, Continues: old.Lookup, MaxSessions: unlimited})
		if !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("SignIn that continues a session: got %v, want ErrOvertaken", err)
		}
		s.wantListed(t, user, start, withoutProviderSession(old))
		s.wantUser(t, before)
		s.createIn(t, user, "third")
	})

	t.Run("BeginsAfterExpiry", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		s.end(t, "ended", start)
		r := newSession(user)
		r.ProviderSession, r.CreatedAt = "ended", start.Add(endLife-time.Millisecond)
		if err := s.signIn(t, r, newLogin(r), unlimited); !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("before the record expires: got %v, want ErrOvertaken", err)
		}
		r.CreatedAt = start.Add(endLife)
		s.add(t, r, unlimited)
		s.end(t, "ended", start.Add(endLife))
		again := newSession(user)
		again.ProviderSession, again.CreatedAt = "ended", start.Add(2*endLife-time.Millisecond)
		if err := s.signIn(t, again, newLogin(again), unlimited); !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("after it has ended again: got %v, want ErrOvertaken", err)
		}
	})

	t.Run("Continued", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		old := s.createIn(t, user, "first")
		next := newSession(user)
		next.ID, next.Transport, next.ProviderSession = old.ID, old.Transport, "second"
		err := s.db.SignIn(t.Context(), database.SignIn{User: newLogin(next), Session: &next, Continues: old.Lookup, MaxSessions: unlimited})
		if err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.end(t, "first", start)
		s.wantListed(t, user, start, withoutProviderSession(next))
		s.end(t, "second", start)
		s.wantListed(t, user, start)
	})

	t.Run("RolledBack", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.createIn(t, user, "a")
		failed := errors.New("failed")
		err := s.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			if _, err := tx.EndProviderSession(ctx, "a", reasonEnded, start, start.Add(endLife)); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Errorf("Transact: got %v, want the error of the function", err)
		}
		s.wantFound(t, r)
		s.createIn(t, user, "a")
	})

	t.Run("EndBeforeLogin", func(t *testing.T) { testEndBeforeLogin(t, setup(t)) })
	t.Run("LoginBeforeEnd", func(t *testing.T) { testLoginBeforeEnd(t, setup(t)) })
	t.Run("Race", func(t *testing.T) { testEndRace(t, setup(t)) })
}

// patience is how long a transaction waits for another one to overtake it, which a
// store must prevent.
const patience = 200 * time.Millisecond

// testEndBeforeLogin begins a login while a transaction that ends the session at the
// provider is open.
func testEndBeforeLogin(t *testing.T, s *stores) {
	t.Helper()
	user := s.register(t, "ada")
	r := newSession(user)
	r.ProviderSession = "a"
	began := make(chan error, 1)
	s.endWith(t, "a", func() {
		go func() { began <- s.signIn(t, r, newLogin(r), unlimited) }()
		waitFor(began)
	})
	if err := <-began; !errors.Is(err, account.ErrOvertaken) {
		t.Errorf("SignIn: got %v, want ErrOvertaken", err)
	}
	s.wantListed(t, user, start)
}

// testLoginBeforeEnd ends the session at the provider while the transaction of a
// login is open.
func testLoginBeforeEnd(t *testing.T, s *stores) {
	t.Helper()
	user := s.register(t, "ada")
	r := newSession(user)
	r.ProviderSession = "a"
	ended := make(chan error, 1)
	var once bool
	err := s.db.SignIn(t.Context(), database.SignIn{
		User: newLogin(r), Session: &r, MaxSessions: unlimited,
		Within: func(ctx context.Context, _ account.Tx) error {
			if !once {
				once = true
				go func() { ended <- s.tryEnd(context.WithoutCancel(ctx), "a", nil) }()
				waitFor(ended)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("EndProviderSession: %v", err)
	}
	s.wantListed(t, user, start)
}

// waitFor waits for a result, which it leaves in the channel, until patience is
// exhausted.
func waitFor(result chan error) {
	select {
	case err := <-result:
		result <- err
	case <-time.After(patience):
	}
}

// testEndRace ends a session at the provider during many logins.
func testEndRace(t *testing.T, s *stores) {
	t.Helper()
	const logins = 32
	user := s.register(t, "ada")
	for round := range 5 {
		mark := fmt.Sprint("round ", round)
		race(logins+1, func(racer int) {
			if racer == logins {
				if err := s.tryEnd(t.Context(), mark, nil); err != nil {
					t.Errorf("EndProviderSession: %v", err)
				}
				return
			}
			r := newSession(user)
			r.ProviderSession = mark
			if err := s.signIn(t, r, newLogin(r), unlimited); err != nil && !errors.Is(err, account.ErrOvertaken) {
				t.Errorf("SignIn: %v", err)
			}
		})
		s.wantListed(t, user, start)
	}
}

// createIn adds a session that began in a session at the provider.
func (s *stores) createIn(t *testing.T, user identity.User, mark string) session.Session {
	t.Helper()
	r := newSession(user)
	r.ProviderSession = mark
	s.add(t, r, unlimited)
	return withoutProviderSession(r)
}

// withoutProviderSession returns the session as the store reads it.
func withoutProviderSession(r session.Session) session.Session {
	r.ProviderSession = ""
	return r
}

// end ends a session at the provider, and returns the users of the own sessions that
// it ended.
func (s *stores) end(t *testing.T, mark string, at time.Time) (users []identity.UserID) {
	t.Helper()
	err := s.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) (err error) {
		users, err = tx.EndProviderSession(ctx, mark, reasonEnded, at, at.Add(endLife))
		return err
	})
	if err != nil {
		t.Fatalf("EndProviderSession: %v", err)
	}
	return users
}

// endWith ends a session at the provider, and calls within before the transaction
// ends.
func (s *stores) endWith(t *testing.T, mark string, within func()) {
	t.Helper()
	if err := s.tryEnd(t.Context(), mark, within); err != nil {
		t.Fatalf("EndProviderSession: %v", err)
	}
}

func (s *stores) tryEnd(ctx context.Context, mark string, within func()) error {
	return s.accounts.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		_, err := tx.EndProviderSession(ctx, mark, reasonEnded, start, start.Add(endLife))
		if err == nil && within != nil {
			within()
			within = nil
		}
		return err
	})
}
