package accounttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

func testRace(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("OneIdentity", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		for round := range rounds {
			users := make([]identity.User, racers)
			var winner atomic.Pointer[identity.User]
			race(func(racer int) {
				users[racer] = newUser(key(fmt.Sprint("round ", round)))
				switch err := Register(t.Context(), store, users[racer], yield); {
				case err == nil && !winner.CompareAndSwap(nil, &users[racer]):
					t.Error("two registrations of one identity succeeded")
				case err != nil && !errors.Is(err, account.ErrConflict):
					t.Errorf("Register: got %v, want ErrConflict", err)
				case err != nil:
					if _, err := store.Find(t.Context(), users[racer].Key); err != nil {
						t.Errorf("Find after ErrConflict: got %v, want the registered user", err)
					}
				}
			})
			if winner.Load() == nil {
				t.Fatal("no registration succeeded")
			}
			wantFound(t, store, *winner.Load())
			for _, user := range users {
				if _, err := store.Get(t.Context(), user.ID); user.ID != winner.Load().ID && !errors.Is(err, account.ErrNotFound) {
					t.Fatalf("the user of a failed registration: got %v, want ErrNotFound", err)
				}
			}
		}
	})

	t.Run("SameEmail", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		users := make([]identity.User, racers)
		race(func(racer int) {
			users[racer] = newUser(key(fmt.Sprint("subject ", racer)))
			if err := Register(t.Context(), store, users[racer], nil); err != nil {
				t.Errorf("Register: %v", err)
			}
		})
		for _, user := range users {
			wantFound(t, store, user)
		}
	})
}

// yield lets other racers run inside of the transaction, if the store allows it.
func yield(context.Context, account.Tx) error {
	runtime.Gosched()
	return nil
}

// testRegistrar checks that the store is sufficient for concurrent first logins.
func testRegistrar(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("OneIdentity", func(t *testing.T) {
		t.Parallel()
		registrar := newRegistrar(open(t))
		for round := range rounds {
			id := newIdentity(fmt.Sprint("round ", round))
			users := make([]identity.User, racers)
			var created atomic.Int32
			race(func(racer int) {
				result, err := registrar.RegisterOrLogin(t.Context(), id)
				user, first := result.User, result.Created
				if errors.Is(err, account.ErrOvertaken) {
					result, err = registrar.RegisterOrLogin(t.Context(), id)
					user, first = result.User, result.Created
				}
				if err != nil {
					t.Errorf("RegisterOrLogin: %v", err)
				}
				if first {
					created.Add(1)
				}
				users[racer] = user
			})
			if created.Load() != 1 {
				t.Errorf("%d logins created the user, want 1", created.Load())
			}
			for _, user := range users {
				if user.ID != users[0].ID || user.IdentityID != users[0].IdentityID {
					t.Fatalf("two users signed in: %v and %v", user, users[0])
				}
			}
		}
	})

	t.Run("SameEmail", func(t *testing.T) {
		t.Parallel()
		registrar := newRegistrar(open(t))
		users := make([]identity.User, racers)
		race(func(racer int) {
			result, err := registrar.RegisterOrLogin(t.Context(), newIdentity(fmt.Sprint("subject ", racer)))
			user, first := result.User, result.Created
			if err != nil || !first {
				t.Errorf("RegisterOrLogin: created %t, error %v", first, err)
			}
			users[racer] = user
		})
		seen := make(map[identity.UserID]bool)
		for _, user := range users {
			seen[user.ID] = true
		}
		if len(seen) != racers {
			t.Errorf("%d users, want %d", len(seen), racers)
		}
	})

	t.Run("AfterDeletion", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		registrar := newRegistrar(store)
		result, err := registrar.RegisterOrLogin(t.Context(), newIdentity("ada"))
		first := result.User
		if err != nil {
			t.Fatalf("RegisterOrLogin: %v", err)
		}
		if err := store.Delete(t.Context(), first.ID); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		result, err = registrar.RegisterOrLogin(t.Context(), newIdentity("ada"))
		second, created := result.User, result.Created
		if err != nil || !created {
			t.Fatalf("RegisterOrLogin: created %t, error %v", created, err)
		}
		if second.ID == first.ID || second.IdentityID == first.IdentityID {
			t.Errorf("ids are used again: %v", second)
		}
	})
}

func newRegistrar(store account.Store) account.Registrar {
	return account.Registrar{Store: store, Create: true, Now: func() time.Time { return start }}
}

func newIdentity(subject string) identity.Identity {
	return identity.Identity{
		Key:        key(subject),
		Provider:   "cotter",
		Identifier: "ada@example.com",
		Email:      identity.Contact{Value: "ada@example.com", Verification: identity.Verified},
		IssuedAt:   start,
		ExpiresAt:  start.Add(time.Hour),
	}
}
