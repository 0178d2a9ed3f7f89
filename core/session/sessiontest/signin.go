package sessiontest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// testSignIn checks the login that a session begins with.
func testSignIn(t *testing.T, setup setup) {
	t.Parallel()

	// changed is a login in which everything has changed.
	changed := func(user identity.User) identity.User {
		user.Provider, user.Identifier = "other", "+12025550199"
		user.Email, user.EmailVerified = "ada@example.com", true
		user.Phone, user.PhoneVerified = "+12025550199", true
		user.LastLoginAt = start.Add(time.Hour)
		return user
	}

	t.Run("RecordsLogin", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		want := changed(user)
		login := want
		login.CreatedAt, login.Disabled = start.Add(time.Hour), true // neither is written
		r := newSession(user)
		if err := s.signIn(t, r, login, unlimited); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantFound(t, r)
		s.wantUser(t, want)
		s.wantUser(t, bystander)
	})

	t.Run("RecordsLoginOverLimit", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		s.create(t, user, 0)
		r := newSession(user)
		if err := s.signIn(t, r, changed(user), 1); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		s.wantListed(t, user, start, r)
		s.wantUser(t, changed(user))
	})

	t.Run("UnknownUser", func(t *testing.T) {
		s := setup(t)
		ada, eve := s.register(t, "ada"), s.register(t, "eve")
		s.create(t, ada, 0)
		for name, unknown := range map[string]identity.User{
			"UnknownUser":        {ID: uuid.Must(uuid.NewV7()), IdentityID: ada.IdentityID, Key: ada.Key},
			"UnknownIdentity":    {ID: ada.ID, IdentityID: uuid.Must(uuid.NewV7()), Key: ada.Key},
			"OtherUsersIdentity": {ID: ada.ID, IdentityID: eve.IdentityID, Key: eve.Key},
		} {
			r := newSession(unknown)
			if err := s.signIn(t, r, newLogin(r), unlimited); !errors.Is(err, account.ErrOvertaken) {
				t.Errorf("%s: SignIn: got %v, want ErrOvertaken", name, err)
			}
			if _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Find: got %v, want ErrNotFound", name, err)
			}
		}
		s.wantUser(t, ada)
		s.wantUser(t, eve)
	})

	for name, c := range map[string]struct{ before, since []change }{
		"Revoked":             {since: []change{revokeAt(time.Minute)}},
		"RevokedAgain":        {before: []change{revokeAt(time.Minute)}, since: []change{revokeAt(2 * time.Minute)}},
		"Disabled":            {since: []change{disableAt(time.Minute)}},
		"DisabledBySlowClock": {before: []change{revokeAt(time.Minute)}, since: []change{disableAt(0)}},
		"DisabledAndEnabled":  {since: []change{disableAt(time.Minute), enable}},
		"Deleted":             {since: []change{remove}},
	} {
		t.Run("Overtaken/"+name, func(t *testing.T) {
			s := setup(t)
			registered := s.register(t, "ada")
			s.change(t, registered, c.before)
			login := s.user(t, registered.Key)
			r := newSession(login)
			if err := s.signIn(t, r, login, unlimited); err != nil {
				t.Fatalf("SignIn before the change: %v", err)
			}
			s.change(t, registered, c.since)
			left, leftErr := s.accounts.Find(t.Context(), login.Key)
			overtaken := newSession(login)
			if err := s.signIn(t, overtaken, changed(login), 1); !errors.Is(err, account.ErrOvertaken) {
				t.Errorf("SignIn: got %v, want ErrOvertaken", err)
			}
			if _, err := s.Find(t.Context(), overtaken.Lookup); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Find: got %v, want ErrNotFound", err)
			}
			if leftErr == nil {
				s.wantUser(t, left)
				s.wantListed(t, left, start, r) // max_per_user has revoked nothing
			}
		})
	}

	t.Run("ErrorWritesNothing", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		oldest, newest := s.create(t, user, 0), s.create(t, user, time.Second)
		user.LastLoginAt = newest.CreatedAt
		twin := newSession(user)
		twin.Lookup = newest.Lookup
		if err := s.signIn(t, twin, changed(user), 2); err == nil || errors.Is(err, account.ErrOvertaken) {
			t.Errorf("a second session with the same lookup: got %v, want a store failure", err)
		}
		s.wantUser(t, user)
		s.wantListed(t, user, start, newest, oldest)
		s.wantFound(t, newest)
	})
}

func testMaxSessions(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("OldestRevoked", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		other := s.create(t, bystander, 0)
		const limit = 3
		var all []session.Session
		for i := range limit + 2 {
			r := newSession(user)
			r.CreatedAt = start.Add(time.Duration(i) * time.Millisecond)
			s.add(t, r, limit)
			all = append(all, r)
		}
		newest := slices.Clone(all[2:])
		slices.Reverse(newest)
		s.wantListed(t, user, start, newest...)
		s.wantListed(t, bystander, start, other)
		for i, r := range all[:2] {
			want := r
			want.RevokedAt, want.RevokeReason = all[i+limit].CreatedAt, "max_per_user"
			s.wantFound(t, want)
		}
	})

	t.Run("SlowClock", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		s.create(t, user, time.Minute)
		ahead := s.create(t, user, time.Hour)
		r := newSession(user)
		s.add(t, r, 2)
		s.wantListed(t, user, start, ahead, r)
	})

	t.Run("EndedSessions", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		active := s.create(t, user, 0)
		expired := newSession(user)
		expired.ExpiresAt = start.Add(time.Second)
		idle := newSession(user)
		idle.IdleExpiresAt = start.Add(time.Second)
		revoked := newSession(user)
		revoked.RevokedAt, revoked.RevokeReason = start, "logout"
		for _, r := range []session.Session{expired, idle, revoked} {
			s.add(t, r, unlimited)
		}
		newest := newSession(user)
		newest.CreatedAt = start.Add(time.Minute)
		s.add(t, newest, 2)
		s.wantListed(t, user, newest.CreatedAt, newest, active)
	})

	t.Run("Race", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		const limit = 5
		race(16, func(int) {
			r := newSession(user)
			if err := s.signIn(t, r, newLogin(r), limit); err != nil {
				t.Errorf("SignIn: %v", err)
			}
		})
		active, err := s.List(t.Context(), user.ID, start)
		if err != nil || len(active) != limit {
			t.Errorf("%d sessions are active, want %d (error %v)", len(active), limit, err)
		}
	})
}

// change is what an administrator does to a user.
type change func(ctx context.Context, accounts account.Store, user identity.UserID) error

func revokeAt(after time.Duration) change {
	return func(ctx context.Context, accounts account.Store, user identity.UserID) error {
		return accounts.SetNotBefore(ctx, user, start.Add(after))
	}
}

func disableAt(after time.Duration) change {
	return func(ctx context.Context, accounts account.Store, user identity.UserID) error {
		return accounts.Disable(ctx, user, start.Add(after))
	}
}

func enable(ctx context.Context, accounts account.Store, user identity.UserID) error {
	return accounts.Enable(ctx, user)
}

func remove(ctx context.Context, accounts account.Store, user identity.UserID) error {
	return accounts.Delete(ctx, user)
}

func (s *stores) change(t *testing.T, user identity.User, changes []change) {
	t.Helper()
	for _, change := range changes {
		if err := change(t.Context(), s.accounts, user.ID); err != nil {
			t.Fatalf("changing the user: %v", err)
		}
	}
}

// user returns the user, who must exist.
func (s *stores) user(t *testing.T, key identity.Key) identity.User {
	t.Helper()
	user, err := s.accounts.Find(t.Context(), key)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return user
}
