package sessiontest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

func testFind(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("EmptyStore", func(t *testing.T) {
		s := setup(t)
		if _, err := s.Find(t.Context(), session.Lookup{}); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		s.wantListed(t, identity.User{ID: uuid.Must(uuid.NewV7())}, start)
	})

	t.Run("AllColumns", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		s.wantFound(t, r)
		s.wantListed(t, user, start, r)
	})

	t.Run("OptionalColumnsEmpty", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := newSession(user)
		r.Claims, r.IdleExpiresAt, r.AuthMethod, r.UserAgent, r.Address = identity.Claims{}, time.Time{}, "", "", ""
		r.Generation, r.PreviousHash, r.RefreshedAt = 0, [32]byte{}, time.Time{}
		s.add(t, r, unlimited)
		s.wantFound(t, r)
		s.wantListed(t, user, start, r)
	})

	t.Run("Milliseconds", func(t *testing.T) {
		s := setup(t)
		want := newSession(s.register(t, "ada"))
		r := want
		for _, at := range []*time.Time{
			&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt, &r.RefreshedAt,
		} {
			*at = at.Add(999_999 * time.Nanosecond)
		}
		s.add(t, r, unlimited)
		s.wantFound(t, want)
	})

	t.Run("OneBitDiffers", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		s.wantFound(t, r)
		for i := range r.Lookup {
			other := r.Lookup
			other[i] ^= 1
			if _, err := s.Find(t.Context(), other); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("byte %d: Find: got %v, want ErrNotFound", i, err)
			}
			if _, err := s.FindRefresh(t.Context(), other); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("byte %d: FindRefresh: got %v, want ErrNotFound", i, err)
			}
		}
	})
}

func testFindByID(t *testing.T, setup setup) {
	t.Helper()
	s := setup(t)
	user, other := s.register(t, "ada"), s.register(t, "other")
	r := s.create(t, user, 0)
	s.wantFound(t, r)
	for name, c := range map[string]struct {
		user identity.UserID
		id   string
	}{
		"OtherUser":     {other.ID, r.ID},
		"UnknownUser":   {uuid.Must(uuid.NewV7()), r.ID},
		"UserIDIsNil":   {uuid.Nil, r.ID},
		"UnknownID":     {user.ID, "unknown"},
		"EmptyID":       {user.ID, ""},
		"OtherCase":     {user.ID, strings.ToLower(r.ID)},
		"TrailingSpace": {user.ID, r.ID + " "},
		"Wildcard":      {user.ID, "%"},
		"NUL":           {user.ID, r.ID + "\x00"},
		"InvalidUTF8":   {user.ID, "\xff"},
		"LookupIsNotID": {user.ID, string(r.Lookup[:])},
	} {
		if _, err := s.FindByID(t.Context(), c.user, c.id); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

func testTouch(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("WritesTimes", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r, other := s.create(t, user, 0), s.create(t, user, time.Second)
		r.LastSeenAt, r.IdleExpiresAt = start.Add(time.Hour), start.Add(2*time.Hour)
		s.touch(t, r)
		s.wantFound(t, r)
		s.wantFound(t, other)
	})

	t.Run("NoIdleLimit", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		r.LastSeenAt, r.IdleExpiresAt = start.Add(time.Hour), time.Time{}
		s.touch(t, r)
		s.wantFound(t, r)
	})

	t.Run("Repeated", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		s.touch(t, r)
		s.touch(t, r)
		s.wantFound(t, r)
	})

	t.Run("Missing", func(t *testing.T) {
		s := setup(t)
		r := newSession(s.register(t, "ada"))
		s.touch(t, r)
		if _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
	})

	t.Run("Revoked", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		s.revoke(t, user, r.ID, start)
		r.RevokedAt, r.RevokeReason = start, "test"
		later := r
		later.LastSeenAt, later.IdleExpiresAt = start.Add(time.Hour), start.Add(2*time.Hour)
		s.touch(t, later)
		s.wantFound(t, r)
	})

	t.Run("ConcurrentRevoke", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		const updates = 100
		race(updates+1, func(racer int) {
			if racer == updates/2 {
				if err := s.Revoke(t.Context(), user.ID, r.ID, "test", start); err != nil {
					t.Errorf("Revoke: %v", err)
				}
				return
			}
			seen := start.Add(time.Duration(racer) * time.Second)
			if err := s.Touch(t.Context(), r.Lookup, seen, seen.Add(time.Hour)); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
		if got := s.find(t, r.Lookup); !got.RevokedAt.Equal(start) || got.RevokeReason != "test" {
			t.Errorf("revoked at %v for %q, want %v for %q", got.RevokedAt, got.RevokeReason, start, "test")
		}
	})
}

func testRotate(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("NewLookup", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		next := newSession(identity.User{})
		if err := s.Rotate(t.Context(), r.UserID, r.Lookup, next.Lookup, next.SecretHash); err != nil {
			t.Fatalf("Rotate: %v", err)
		}
		if _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the old lookup: got %v, want ErrNotFound", err)
		}
		r.Lookup, r.SecretHash = next.Lookup, next.SecretHash
		s.wantFound(t, r)
	})

	t.Run("Missing", func(t *testing.T) {
		s := setup(t)
		next := newSession(s.register(t, "ada"))
		if err := s.Rotate(t.Context(), next.UserID, session.Lookup{1}, next.Lookup, next.SecretHash); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Rotate: got %v, want ErrNotFound", err)
		}
	})

	t.Run("OtherUser", func(t *testing.T) {
		s := setup(t)
		r, other := s.create(t, s.register(t, "ada"), 0), s.register(t, "eve")
		next := newSession(other)
		if err := s.Rotate(t.Context(), other.ID, r.Lookup, next.Lookup, next.SecretHash); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Rotate: got %v, want ErrNotFound", err)
		}
		s.wantFound(t, r)
	})

	t.Run("Revoked", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		s.revoke(t, user, r.ID, start)
		next := newSession(user)
		if err := s.Rotate(t.Context(), r.UserID, r.Lookup, next.Lookup, next.SecretHash); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Rotate: got %v, want ErrNotFound", err)
		}
		r.RevokedAt, r.RevokeReason = start, "test"
		s.wantFound(t, r)
	})

	t.Run("Race", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		const racers = 16
		won := make([]bool, racers)
		race(racers, func(racer int) {
			next := newSession(user)
			err := s.Rotate(t.Context(), r.UserID, r.Lookup, next.Lookup, next.SecretHash)
			if err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Rotate: got %v, want ErrNotFound", err)
			}
			won[racer] = err == nil
		})
		if winners := len(slices.DeleteFunc(won, func(w bool) bool { return !w })); winners != 1 {
			t.Errorf("%d rotations succeeded, want 1", winners)
		}
	})
}

func testRevoke(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("One", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r, other := s.create(t, user, 0), s.create(t, user, time.Second)
		s.revoke(t, user, r.ID, start.Add(time.Minute))
		r.RevokedAt, r.RevokeReason = start.Add(time.Minute), "test"
		s.wantFound(t, r)
		s.wantFound(t, other)
		s.wantListed(t, user, start, other)
	})

	t.Run("NotFound", func(t *testing.T) {
		s := setup(t)
		user, other := s.register(t, "ada"), s.register(t, "eve")
		r := s.create(t, user, 0)
		revoked := s.create(t, user, 0)
		s.revoke(t, user, revoked.ID, start)
		cases := map[string]struct {
			user identity.User
			id   string
			at   time.Time
		}{
			"OtherUser":     {other, r.ID, start},
			"UnknownID":     {user, "unknown", start},
			"EmptyID":       {user, "", start},
			"Wildcard":      {user, "%", start},
			"Revoked":       {user, revoked.ID, start},
			"Idle":          {user, r.ID, r.IdleExpiresAt},
			"Expired":       {user, r.ID, r.ExpiresAt},
			"UnknownUser":   {identity.User{ID: uuid.Must(uuid.NewV7())}, r.ID, start},
			"UserIDIsNil":   {identity.User{}, r.ID, start},
			"LookupIsNotID": {user, string(r.Lookup[:]), start},
		}
		for name, c := range cases {
			if err := s.Revoke(t.Context(), c.user.ID, c.id, "test", c.at); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", name, err)
			}
		}
		s.wantFound(t, r)
		s.revoke(t, user, r.ID, start)
	})

	t.Run("AllExceptOne", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		kept, other := s.create(t, user, 0), s.create(t, bystander, 0)
		for range 3 {
			s.create(t, user, time.Second)
		}
		s.revokeAll(t, user, kept.ID, 3)
		s.wantListed(t, user, start, kept)
		s.revokeAll(t, user, kept.ID, 0)
		s.revokeAll(t, user, other.ID, 1)
		s.wantListed(t, user, start)
		s.wantListed(t, bystander, start, other)
	})

	t.Run("All", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		first, second := s.create(t, user, 0), s.create(t, user, time.Second)
		s.revoke(t, user, first.ID, start)
		s.revokeAll(t, user, "", 1)
		s.wantListed(t, user, start)
		first.RevokedAt, first.RevokeReason = start, "test"
		second.RevokedAt, second.RevokeReason = start.Add(time.Minute), "all"
		s.wantFound(t, first)
		s.wantFound(t, second)
	})
}

func testSweep(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("Batches", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		limit := start.Add(time.Hour)
		before, after := limit.Add(-time.Millisecond), limit.Add(time.Millisecond)

		var ended, kept []session.Session
		add := func(group *[]session.Session, change func(*session.Session)) {
			r := newSession(user)
			change(&r)
			s.add(t, r, unlimited)
			*group = append(*group, r)
		}
		add(&ended, func(r *session.Session) { r.ExpiresAt = before })
		add(&ended, func(r *session.Session) { r.IdleExpiresAt = before })
		add(&ended, func(r *session.Session) { r.RevokedAt, r.RevokeReason = before, "logout" })
		add(&kept, func(*session.Session) {})
		add(&kept, func(r *session.Session) { r.IdleExpiresAt = time.Time{} })
		add(&kept, func(r *session.Session) { r.ExpiresAt, r.IdleExpiresAt = after, after })
		add(&kept, func(r *session.Session) { r.RevokedAt, r.RevokeReason = after, "logout" })

		for _, want := range []int{2, 1, 0} {
			if swept, err := s.Sweep(t.Context(), limit, 2); err != nil || swept != want {
				t.Fatalf("Sweep deleted %d, want %d (error %v)", swept, want, err)
			}
		}
		for _, r := range ended {
			if _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("an ended session: got %v, want ErrNotFound", err)
			}
		}
		for _, r := range kept {
			s.wantFound(t, r)
		}
	})

	t.Run("Race", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		active := s.create(t, user, 0)
		const expired = 10
		for range expired {
			r := newSession(user)
			r.ExpiresAt = start.Add(time.Second)
			s.add(t, r, unlimited)
		}
		swept := make([]int, 2)
		race(len(swept), func(racer int) {
			n, err := s.Sweep(t.Context(), start.Add(time.Hour), expired)
			if err != nil {
				t.Errorf("Sweep: %v", err)
			}
			swept[racer] = n
		})
		if swept[0]+swept[1] != expired {
			t.Errorf("%d and %d sessions were deleted, want %d together", swept[0], swept[1], expired)
		}
		s.wantFound(t, active)
	})
}

func testUser(t *testing.T, setup setup) {
	t.Parallel()

	wantState := func(t *testing.T, s *stores, r session.Session, disabled bool, notBefore time.Time) {
		t.Helper()
		r.UserDisabled, r.UserNotBefore = disabled, notBefore
		s.wantFound(t, r)
	}

	t.Run("State", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		r, other := s.create(t, user, 0), s.create(t, bystander, 0)
		wantState(t, s, r, false, time.Time{})

		at := start.Add(time.Minute)
		if err := s.accounts.SetNotBefore(t.Context(), user.ID, at); err != nil {
			t.Fatalf("SetNotBefore: %v", err)
		}
		wantState(t, s, r, false, at)
		if err := s.accounts.Disable(t.Context(), user.ID, at); err != nil {
			t.Fatalf("Disable: %v", err)
		}
		wantState(t, s, r, true, at)
		if err := s.accounts.Enable(t.Context(), user.ID); err != nil {
			t.Fatalf("Enable: %v", err)
		}
		wantState(t, s, r, false, at)
		wantState(t, s, other, false, time.Time{})
	})

	t.Run("ExternalID", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := newSession(user)
		r.ExternalID, r.UserDisabled, r.UserNotBefore = "other", true, start // belong to the user, so they are not stored
		s.add(t, r, unlimited)
		r.UserDisabled, r.UserNotBefore = false, time.Time{}
		for _, id := range []string{"", "12", "Ada é :;'\"", strings.Repeat("é", 127), ""} {
			err := s.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
				return tx.SetExternalID(ctx, user.ID, id)
			})
			if err != nil {
				t.Fatalf("SetExternalID: %v", err)
			}
			r.ExternalID = id
			s.wantFound(t, r)
			r.ExternalID = ""
			s.wantListed(t, user, start, r)
		}
	})

	t.Run("Deleted", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		r, other := s.create(t, user, 0), s.create(t, bystander, 0)
		if err := s.accounts.Delete(t.Context(), user.ID); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		if _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		if err := s.signIn(t, newSession(user), user, unlimited); !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("SignIn: got %v, want ErrOvertaken", err)
		}
		s.wantFound(t, other)
	})
}

func testCanceled(t *testing.T, setup setup) {
	t.Parallel()

	calls := map[string]func(context.Context, *stores, session.Session) error{
		"SignIn": func(ctx context.Context, s *stores, r session.Session) error {
			next := newSession(identity.User{ID: r.UserID, IdentityID: r.IdentityID})
			return s.db.SignIn(ctx, database.SignIn{User: newLogin(next), Session: &next, MaxSessions: 1})
		},
		"Find": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.Find(ctx, r.Lookup)
			return err
		},
		"FindByID": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.FindByID(ctx, r.UserID, r.ID)
			return err
		},
		"Advance": func(ctx context.Context, s *stores, r session.Session) error {
			return s.Advance(ctx, exchange(r, start))
		},
		"FindRefresh": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.FindRefresh(ctx, r.Lookup)
			return err
		},
		"Touch": func(ctx context.Context, s *stores, r session.Session) error {
			return s.Touch(ctx, r.Lookup, start.Add(time.Hour), start.Add(2*time.Hour))
		},
		"Rotate": func(ctx context.Context, s *stores, r session.Session) error {
			return s.Rotate(ctx, r.UserID, r.Lookup, session.Lookup{1}, [32]byte{1})
		},
		"List": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.List(ctx, r.UserID, start)
			return err
		},
		"Revoke": func(ctx context.Context, s *stores, r session.Session) error {
			return s.Revoke(ctx, r.UserID, r.ID, "test", start)
		},
		"RevokeAll": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.RevokeAll(ctx, r.UserID, "", "test", start)
			return err
		},
		"Sweep": func(ctx context.Context, s *stores, r session.Session) error {
			_, err := s.Sweep(ctx, r.ExpiresAt.Add(time.Hour), unlimited)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			user := s.register(t, "ada")
			r := s.create(t, user, 0)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := call(ctx, s, r); err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, account.ErrOvertaken) {
				t.Errorf("got %v, want a store failure", err)
			}
			s.wantFound(t, r)
			s.wantListed(t, user, start, r)
			s.wantUser(t, user)
		})
	}
}

func (s *stores) touch(t *testing.T, r session.Session) {
	t.Helper()
	if err := s.Touch(t.Context(), r.Lookup, r.LastSeenAt, r.IdleExpiresAt); err != nil {
		t.Fatalf("Touch: %v", err)
	}
}

func (s *stores) revoke(t *testing.T, user identity.User, id string, at time.Time) {
	t.Helper()
	if err := s.Revoke(t.Context(), user.ID, id, "test", at); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
}

func (s *stores) revokeAll(t *testing.T, user identity.User, except string, want int) {
	t.Helper()
	revoked, err := s.RevokeAll(t.Context(), user.ID, except, "all", start.Add(time.Minute))
	if err != nil || revoked != want {
		t.Fatalf("RevokeAll revoked %d, want %d (error %v)", revoked, want, err)
	}
}
