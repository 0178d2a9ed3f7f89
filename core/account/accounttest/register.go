package accounttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

func testRegister(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("EmptyStore", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		if _, err := store.Find(t.Context(), key("ada")); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		if _, err := store.Get(t.Context(), uuid.Must(uuid.NewV7())); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("Get: got %v, want ErrNotFound", err)
		}
	})

	t.Run("AllColumns", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		wantFound(t, store, register(t, store, "ada"))
	})

	t.Run("NoContacts", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := identity.User{
			ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
			Key: key("ada"), Provider: "cotter", CreatedAt: start, LastLoginAt: start,
		}
		if err := Register(t.Context(), store, user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
		wantFound(t, store, user)
	})

	t.Run("Milliseconds", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		want := newUser(key("ada"))
		user := want
		user.CreatedAt = user.CreatedAt.Add(999_999 * time.Nanosecond)
		if err := Register(t.Context(), store, user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
		wantFound(t, store, want)
	})

	t.Run("Conflict", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		first := register(t, store, "ada")
		second := newUser(first.Key)
		second.Email, second.Identifier = "other@example.com", "other@example.com"
		if err := Register(t.Context(), store, second, nil); !errors.Is(err, account.ErrConflict) {
			t.Fatalf("Register: got %v, want ErrConflict", err)
		}
		wantFound(t, store, first)
		if _, err := store.Get(t.Context(), second.ID); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("the second user: got %v, want ErrNotFound", err)
		}
	})

	t.Run("SameEmail", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		victim := register(t, store, "victim")
		attacker := register(t, store, "attacker")
		wantFound(t, store, victim)
		wantFound(t, store, attacker)
	})
}

func testWithin(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("CalledOnce", func(t *testing.T) {
		t.Parallel()
		store, user, calls := open(t), newUser(key("ada")), 0
		err := Register(t.Context(), store, user, func(context.Context, account.Tx) error {
			calls++
			return nil
		})
		if err != nil || calls != 1 {
			t.Fatalf("Register: error %v after %d calls, want none after 1", err, calls)
		}
		wantFound(t, store, user)
	})

	t.Run("ReadsNewUser", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		err := Register(t.Context(), store, newUser(key("ada")), func(ctx context.Context, tx account.Tx) error {
			if tx.SQL() == nil {
				return nil
			}
			var users int
			if err := tx.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM auth_users").Scan(&users); err != nil {
				return err
			}
			if users != 1 {
				t.Errorf("within reads %d users, want 1", users)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("Register: %v", err)
		}
	})

	t.Run("Error", func(t *testing.T) {
		t.Parallel()
		store, user := open(t), newUser(key("ada"))
		err := Register(t.Context(), store, user, func(context.Context, account.Tx) error { return errRejected })
		if !errors.Is(err, errRejected) {
			t.Fatalf("Register: got %v, want the error of within", err)
		}
		wantNothing(t, store, user)
	})

	t.Run("Panic", func(t *testing.T) {
		t.Parallel()
		store, user := open(t), newUser(key("ada"))
		func() {
			defer func() {
				if p, _ := recover().(error); !errors.Is(p, errRejected) {
					t.Errorf("recovered %v, want the panic of within", p)
				}
			}()
			_ = Register(t.Context(), store, user, func(context.Context, account.Tx) error { panic(errRejected) })
			t.Error("Register returned, want its panic")
		}()
		wantNothing(t, store, user)
	})

	t.Run("ContextEnds", func(t *testing.T) {
		t.Parallel()
		store, user := open(t), newUser(key("ada"))
		ctx, cancel := context.WithCancel(t.Context())
		err := Register(ctx, store, user, func(context.Context, account.Tx) error {
			cancel()
			return nil
		})
		if err == nil {
			t.Fatal("Register succeeded, want an error")
		}
		wantNothing(t, store, user)
	})
}

// wantNothing expects that the user's registration wrote nothing: the user is
// unknown, and can be registered now.
func wantNothing(t *testing.T, store account.Store, user identity.User) {
	t.Helper()
	if _, err := store.Find(t.Context(), user.Key); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("Find: got %v, want ErrNotFound", err)
	}
	if _, err := store.Get(t.Context(), user.ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("Get: got %v, want ErrNotFound", err)
	}
	if err := Register(t.Context(), store, user, nil); err != nil {
		t.Errorf("Register afterwards: %v", err)
	}
}
