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

type setup = func(t *testing.T) *stores

func testCreate(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("NoSessionIsFoundInAnEmptyStore", func(t *testing.T) {
		s := setup(t)
		if _, _, err := s.Find(t.Context(), session.Lookup{}); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		s.wantListed(t, identity.User{ID: uuid.Must(uuid.NewV7())}, start)
	})

	t.Run("EveryColumnIsFoundAsItWasCreated", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		s.wantFound(t, r)
		s.wantListed(t, user, start, r)
	})

	t.Run("ASessionWithoutIdleLimitOrClaimsIsFoundAsItWasCreated", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := newRecord(user)
		r.Claims, r.IdleExpiresAt, r.AuthMethod, r.UserAgent, r.Address = nil, time.Time{}, "", "", ""
		s.add(t, r, unlimited)
		s.wantFound(t, r)
		s.wantListed(t, user, start, r)
	})

	t.Run("InstantsAreCutToMilliseconds", func(t *testing.T) {
		s := setup(t)
		want := newRecord(s.register(t, "ada"))
		r := want
		for _, instant := range []*time.Time{
			&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt,
		} {
			*instant = instant.Add(999_999 * time.Nanosecond)
		}
		s.add(t, r, unlimited)
		s.wantFound(t, want)
	})

	t.Run("ALookupThatDiffersInOneBitFindsNothing", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		s.wantFound(t, r)
		for i := range r.Lookup {
			other := r.Lookup
			other[i] ^= 1
			if _, _, err := s.Find(t.Context(), other); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("byte %d: got %v, want ErrNotFound", i, err)
			}
		}
	})

	t.Run("WhoIsNotThereHasNoSession", func(t *testing.T) {
		s := setup(t)
		ada, eve := s.register(t, "ada"), s.register(t, "eve")
		s.create(t, ada, 0)

		strangers := map[string]identity.User{
			"UnknownUser":          {ID: uuid.Must(uuid.NewV7()), IdentityID: ada.IdentityID, Key: ada.Key},
			"UnknownIdentity":      {ID: ada.ID, IdentityID: uuid.Must(uuid.NewV7()), Key: ada.Key},
			"SomebodyElseIdentity": {ID: ada.ID, IdentityID: eve.IdentityID, Key: eve.Key},
		}
		for name, stranger := range strangers {
			r := newRecord(stranger)
			if err := s.Create(t.Context(), r, newLogin(r), unlimited); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Create: got %v, want ErrNotFound", name, err)
			}
			if _, _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Find: got %v, want ErrNotFound", name, err)
			}
		}
		s.wantUser(t, ada)
		s.wantUser(t, eve)
	})

	t.Run("TheNewestSessionsOfAUserStayLive", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		other := s.create(t, bystander, 0)
		const limit = 3
		var all []session.Record
		for i := range limit + 2 {
			r := newRecord(user)
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

	t.Run("TheNewSessionStaysLiveWhateverTheClocksSay", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		s.create(t, user, time.Minute)
		ahead := s.create(t, user, time.Hour)
		r := newRecord(user)
		s.add(t, r, 2)
		s.wantListed(t, user, start, ahead, r)
	})

	t.Run("DeadSessionsDoNotCountAgainstTheMaximum", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		live := s.create(t, user, 0)
		expired := newRecord(user)
		expired.ExpiresAt = start.Add(time.Second)
		idle := newRecord(user)
		idle.IdleExpiresAt = start.Add(time.Second)
		revoked := newRecord(user)
		revoked.RevokedAt, revoked.RevokeReason = start, "logout"
		for _, r := range []session.Record{expired, idle, revoked} {
			s.add(t, r, unlimited)
		}
		newest := newRecord(user)
		newest.CreatedAt = start.Add(time.Minute)
		s.add(t, newest, 2)
		s.wantListed(t, user, newest.CreatedAt, newest, live)
	})

	t.Run("ManyLoginsAtOnceLeaveTheMaximum", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		const limit = 5
		race(16, func(int) {
			r := newRecord(user)
			if err := s.Create(t.Context(), r, newLogin(r), limit); err != nil {
				t.Errorf("Create: %v", err)
			}
		})
		live, err := s.List(t.Context(), user.ID, start)
		if err != nil || len(live) != limit {
			t.Errorf("%d sessions are live, want %d (error %v)", len(live), limit, err)
		}
	})
}

// testLogin is about the login that Create records.
func testLogin(t *testing.T, setup setup) {
	t.Parallel()

	// changed is a login that says something else of everything.
	changed := func(user identity.User) identity.User {
		user.Provider, user.Identifier = "other", "+12025550199"
		user.Email, user.EmailVerified = "ada@example.com", true
		user.Phone, user.PhoneVerified = "+12025550199", true
		user.LastLoginAt = start.Add(time.Hour)
		return user
	}

	t.Run("ItIsRecordedAndNothingElseOfTheUserIs", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		want := changed(user)
		login := want
		login.CreatedAt, login.Disabled = start.Add(time.Hour), true
		r := newRecord(user)
		if err := s.Create(t.Context(), r, login, unlimited); err != nil {
			t.Fatalf("Create: %v", err)
		}
		s.wantFound(t, r)
		s.wantUser(t, want)
		s.wantUser(t, bystander)
	})

	t.Run("ItIsRecordedWhereASessionEndsForAnother", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		s.create(t, user, 0)
		r := newRecord(user)
		if err := s.Create(t.Context(), r, changed(user), 1); err != nil {
			t.Fatalf("Create: %v", err)
		}
		s.wantListed(t, user, start, r)
		s.wantUser(t, changed(user))
	})

	for name, c := range map[string]struct{ before, since []change }{
		"Revoked":                 {since: []change{revokeAt(time.Minute)}},
		"RevokedAgain":            {before: []change{revokeAt(time.Minute)}, since: []change{revokeAt(2 * time.Minute)}},
		"Disabled":                {since: []change{disableAt(time.Minute)}},
		"DisabledByASlowClock":    {before: []change{revokeAt(time.Minute)}, since: []change{disableAt(0)}},
		"DisabledAndEnabledAgain": {since: []change{disableAt(time.Minute), enable}},
	} {
		t.Run("ThereIsNoneOfWhoWas"+name+"SinceItSawTheUser", func(t *testing.T) {
			s := setup(t)
			key := s.register(t, "ada").Key
			s.change(t, key, c.before)
			login := s.user(t, key)
			r := newRecord(login)
			if err := s.Create(t.Context(), r, login, unlimited); err != nil {
				t.Fatalf("Create: %v", err)
			}
			s.change(t, key, c.since)
			user := s.user(t, key)
			if err := s.Create(t.Context(), newRecord(login), changed(login), unlimited); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Create: got %v, want ErrNotFound", err)
			}
			s.wantListed(t, user, start, r)
			s.wantUser(t, user)
		})
	}

	t.Run("OneThatFailsLeavesNothing", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		oldest, newest := s.create(t, user, 0), s.create(t, user, time.Second)
		user.LastLoginAt = newest.CreatedAt
		twin := newRecord(user)
		twin.Lookup = newest.Lookup
		if err := s.Create(t.Context(), twin, changed(user), 2); err == nil || errors.Is(err, session.ErrNotFound) {
			t.Errorf("a second session with the same lookup: got %v, want a failure of the store", err)
		}
		s.wantUser(t, user)
		s.wantListed(t, user, start, newest, oldest)
		s.wantFound(t, newest)
	})
}

// change is something that an administrator does to a user.
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

func (s *stores) change(t *testing.T, key identity.Key, changes []change) {
	t.Helper()
	for _, change := range changes {
		if err := change(t.Context(), s.accounts, s.user(t, key).ID); err != nil {
			t.Fatalf("changing the user: %v", err)
		}
	}
}

// user returns the user, who must be there.
func (s *stores) user(t *testing.T, key identity.Key) identity.User {
	t.Helper()
	user, err := s.accounts.Find(t.Context(), key)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return user
}

func testTouch(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("ItWritesLastSeenAndIdleEndAndNothingElse", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r, other := s.create(t, user, 0), s.create(t, user, time.Second)
		r.LastSeenAt, r.IdleExpiresAt = start.Add(time.Hour), start.Add(2*time.Hour)
		s.touch(t, r)
		s.wantFound(t, r)
		s.wantFound(t, other)
	})

	t.Run("ItTakesTheIdleLimitAway", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		r.LastSeenAt, r.IdleExpiresAt = start.Add(time.Hour), time.Time{}
		s.touch(t, r)
		s.wantFound(t, r)
	})

	t.Run("ItMayBeRepeated", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		s.touch(t, r)
		s.touch(t, r)
		s.wantFound(t, r)
	})

	t.Run("AMissingSessionIsLeftAlone", func(t *testing.T) {
		s := setup(t)
		r := newRecord(s.register(t, "ada"))
		s.touch(t, r)
		if _, _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
	})

	t.Run("ARevokedSessionIsLeftAlone", func(t *testing.T) {
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

	t.Run("ARevocationWinsOverEveryConcurrentTouch", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		const touches = 100
		race(touches+1, func(racer int) {
			if racer == touches/2 {
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

	t.Run("TheNewLookupFindsTheSameSessionAndTheOldOneNothing", func(t *testing.T) {
		s := setup(t)
		r := s.create(t, s.register(t, "ada"), 0)
		next := newRecord(identity.User{})
		if err := s.Rotate(t.Context(), r.Lookup, next.Lookup, next.SecretHash); err != nil {
			t.Fatalf("Rotate: %v", err)
		}
		if _, _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the old lookup: got %v, want ErrNotFound", err)
		}
		r.Lookup, r.SecretHash = next.Lookup, next.SecretHash
		s.wantFound(t, r)
	})

	t.Run("AMissingSessionIsNotFound", func(t *testing.T) {
		s := setup(t)
		next := newRecord(s.register(t, "ada"))
		if err := s.Rotate(t.Context(), session.Lookup{1}, next.Lookup, next.SecretHash); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Rotate: got %v, want ErrNotFound", err)
		}
	})

	t.Run("ARevokedSessionIsNotFound", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		s.revoke(t, user, r.ID, start)
		next := newRecord(user)
		if err := s.Rotate(t.Context(), r.Lookup, next.Lookup, next.SecretHash); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Rotate: got %v, want ErrNotFound", err)
		}
		r.RevokedAt, r.RevokeReason = start, "test"
		s.wantFound(t, r)
	})

	t.Run("OneOfManyRotationsWins", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r := s.create(t, user, 0)
		const racers = 16
		won := make([]bool, racers)
		race(racers, func(racer int) {
			next := newRecord(user)
			err := s.Rotate(t.Context(), r.Lookup, next.Lookup, next.SecretHash)
			if err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Rotate: got %v, want ErrNotFound", err)
			}
			won[racer] = err == nil
		})
		if winners := len(slices.DeleteFunc(won, func(w bool) bool { return !w })); winners != 1 {
			t.Errorf("%d rotations won, want 1", winners)
		}
	})
}

func testRevoke(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("OneSessionEndsAndTheOthersDoNot", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		r, other := s.create(t, user, 0), s.create(t, user, time.Second)
		s.revoke(t, user, r.ID, start.Add(time.Minute))
		r.RevokedAt, r.RevokeReason = start.Add(time.Minute), "test"
		s.wantFound(t, r)
		s.wantFound(t, other)
		s.wantListed(t, user, start, other)
	})

	t.Run("WhatIsNotALiveSessionOfTheUserIsNotFound", func(t *testing.T) {
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
			"SomebodyElse":  {other, r.ID, start},
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

	t.Run("AllEndButTheExcepted", func(t *testing.T) {
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

	t.Run("WithoutExceptionAllEnd", func(t *testing.T) {
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

	t.Run("OnlyWhatEndedBeforeIsDeletedAndNoMoreThanTheLimit", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		moment := start.Add(time.Hour)
		before, after := moment.Add(-time.Millisecond), moment.Add(time.Millisecond)

		var dead, kept []session.Record
		add := func(group *[]session.Record, change func(*session.Record)) {
			r := newRecord(user)
			change(&r)
			s.add(t, r, unlimited)
			*group = append(*group, r)
		}
		add(&dead, func(r *session.Record) { r.ExpiresAt = before })
		add(&dead, func(r *session.Record) { r.IdleExpiresAt = before })
		add(&dead, func(r *session.Record) { r.RevokedAt, r.RevokeReason = before, "logout" })
		add(&kept, func(*session.Record) {})
		add(&kept, func(r *session.Record) { r.IdleExpiresAt = time.Time{} })
		add(&kept, func(r *session.Record) { r.ExpiresAt, r.IdleExpiresAt = after, after })
		add(&kept, func(r *session.Record) { r.RevokedAt, r.RevokeReason = after, "logout" })

		for _, want := range []int{2, 1, 0} {
			if swept, err := s.Sweep(t.Context(), moment, 2); err != nil || swept != want {
				t.Fatalf("Sweep deleted %d, want %d (error %v)", swept, want, err)
			}
		}
		for _, r := range dead {
			if _, _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("an ended session: got %v, want ErrNotFound", err)
			}
		}
		for _, r := range kept {
			s.wantFound(t, r)
		}
	})

	t.Run("TwoSweepsAtOnceDeleteEachSessionOnce", func(t *testing.T) {
		s := setup(t)
		user := s.register(t, "ada")
		live := s.create(t, user, 0)
		const dead = 10
		for range dead {
			r := newRecord(user)
			r.ExpiresAt = start.Add(time.Second)
			s.add(t, r, unlimited)
		}
		swept := make([]int, 2)
		race(len(swept), func(racer int) {
			n, err := s.Sweep(t.Context(), start.Add(time.Hour), dead)
			if err != nil {
				t.Errorf("Sweep: %v", err)
			}
			swept[racer] = n
		})
		if swept[0]+swept[1] != dead {
			t.Errorf("%d and %d sessions were deleted, want %d together", swept[0], swept[1], dead)
		}
		s.wantFound(t, live)
	})
}

func testOwner(t *testing.T, setup setup) {
	t.Parallel()

	wantOwner := func(t *testing.T, s *stores, r session.Record, want session.Owner) {
		t.Helper()
		_, got, err := s.Find(t.Context(), r.Lookup)
		if err != nil || got.Disabled != want.Disabled || !got.NotBefore.Equal(want.NotBefore) {
			t.Errorf("owner is %+v, want %+v (error %v)", got, want, err)
		}
	}

	t.Run("DisabledAndNotBeforeAreSeenByTheNextFind", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		r, other := s.create(t, user, 0), s.create(t, bystander, 0)
		wantOwner(t, s, r, session.Owner{})

		at := start.Add(time.Minute)
		if err := s.accounts.SetNotBefore(t.Context(), user.ID, at); err != nil {
			t.Fatalf("SetNotBefore: %v", err)
		}
		wantOwner(t, s, r, session.Owner{NotBefore: at})
		if err := s.accounts.Disable(t.Context(), user.ID, at); err != nil {
			t.Fatalf("Disable: %v", err)
		}
		wantOwner(t, s, r, session.Owner{Disabled: true, NotBefore: at})
		if err := s.accounts.Enable(t.Context(), user.ID); err != nil {
			t.Fatalf("Enable: %v", err)
		}
		wantOwner(t, s, r, session.Owner{NotBefore: at})
		wantOwner(t, s, other, session.Owner{})
	})

	t.Run("ADeletedUserHasNoSessions", func(t *testing.T) {
		s := setup(t)
		user, bystander := s.register(t, "ada"), s.register(t, "bystander")
		r, other := s.create(t, user, 0), s.create(t, bystander, 0)
		if err := s.accounts.Delete(t.Context(), user.ID); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		if _, _, err := s.Find(t.Context(), r.Lookup); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		if err := s.Create(t.Context(), newRecord(user), user, unlimited); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Create: got %v, want ErrNotFound", err)
		}
		s.wantFound(t, other)
	})
}

func testCancelled(t *testing.T, setup setup) {
	t.Parallel()

	calls := map[string]func(context.Context, *stores, session.Record) error{
		"Create": func(ctx context.Context, s *stores, r session.Record) error {
			next := newRecord(identity.User{ID: r.UserID, IdentityID: r.IdentityID})
			return s.Create(ctx, next, newLogin(next), 1)
		},
		"Find": func(ctx context.Context, s *stores, r session.Record) error {
			_, _, err := s.Find(ctx, r.Lookup)
			return err
		},
		"Touch": func(ctx context.Context, s *stores, r session.Record) error {
			return s.Touch(ctx, r.Lookup, start.Add(time.Hour), start.Add(2*time.Hour))
		},
		"Rotate": func(ctx context.Context, s *stores, r session.Record) error {
			return s.Rotate(ctx, r.Lookup, session.Lookup{1}, [32]byte{1})
		},
		"List": func(ctx context.Context, s *stores, r session.Record) error {
			_, err := s.List(ctx, r.UserID, start)
			return err
		},
		"Revoke": func(ctx context.Context, s *stores, r session.Record) error {
			return s.Revoke(ctx, r.UserID, r.ID, "test", start)
		},
		"RevokeAll": func(ctx context.Context, s *stores, r session.Record) error {
			_, err := s.RevokeAll(ctx, r.UserID, "", "test", start)
			return err
		},
		"Sweep": func(ctx context.Context, s *stores, r session.Record) error {
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
			if err := call(ctx, s, r); err == nil || errors.Is(err, session.ErrNotFound) {
				t.Errorf("got %v, want a failure of the store", err)
			}
			s.wantFound(t, r)
			s.wantListed(t, user, start, r)
			s.wantUser(t, user)
		})
	}
}

func (s *stores) touch(t *testing.T, r session.Record) {
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
	ended, err := s.RevokeAll(t.Context(), user.ID, except, "all", start.Add(time.Minute))
	if err != nil || ended != want {
		t.Fatalf("RevokeAll ended %d, want %d (error %v)", ended, want, err)
	}
}
