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

// changes are the methods that change an existing user.
var changes = map[string]func(context.Context, account.Store, identity.User) error{
	"Disable": func(ctx context.Context, s account.Store, u identity.User) error {
		return s.Disable(ctx, u.ID, start)
	},
	"Enable": func(ctx context.Context, s account.Store, u identity.User) error {
		return s.Enable(ctx, u.ID)
	},
	"SetNotBefore": func(ctx context.Context, s account.Store, u identity.User) error {
		return s.SetNotBefore(ctx, u.ID, start)
	},
	"Delete": func(ctx context.Context, s account.Store, u identity.User) error {
		return s.Delete(ctx, u.ID)
	},
}

func testUsers(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("Unknown", func(t *testing.T) {
		t.Parallel()
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				bystander := register(t, store, "bystander")
				if err := change(t.Context(), store, newUser(key("ada"))); !errors.Is(err, account.ErrNotFound) {
					t.Errorf("got %v, want ErrNotFound", err)
				}
				wantFound(t, store, bystander)
			})
		}
	})

	t.Run("Repeated", func(t *testing.T) {
		t.Parallel()
		for name, change := range changes {
			if name == "Delete" {
				continue // the second returns ErrNotFound
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				user, bystander := register(t, store, "ada"), register(t, store, "bystander")
				for range 2 {
					if err := change(t.Context(), store, user); err != nil {
						t.Fatal(err)
					}
				}
				wantFound(t, store, bystander)
			})
		}
	})

	t.Run("DisableEnable", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := register(t, store, "ada")
		if err := store.Disable(t.Context(), user.ID, start); err != nil {
			t.Fatalf("Disable: %v", err)
		}
		user.Disabled, user.NotBefore = true, start
		wantFound(t, store, user)

		if err := store.Enable(t.Context(), user.ID); err != nil {
			t.Fatalf("Enable: %v", err)
		}
		user.Disabled = false
		wantFound(t, store, user)
	})

	t.Run("NotBefore", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := register(t, store, "ada")
		steps := []struct {
			move func(context.Context, identity.UserID, time.Time) error
			to   time.Time
			want time.Time
		}{
			{store.SetNotBefore, start, start},
			{store.SetNotBefore, start.Add(-time.Millisecond), start},
			{store.Disable, start.Add(-time.Millisecond), start},
			{store.Disable, start.Add(time.Millisecond), start.Add(time.Millisecond)},
			{store.SetNotBefore, start.Add(time.Hour), start.Add(time.Hour)},
			{store.SetNotBefore, start, start.Add(time.Hour)},
		}
		for i, step := range steps {
			if err := step.move(t.Context(), user.ID, step.to); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			got, err := store.Get(t.Context(), user.ID)
			if err != nil {
				t.Fatalf("step %d: Get: %v", i, err)
			}
			if !got.NotBefore.Equal(step.want) {
				t.Errorf("step %d: not-before is %v, want %v", i, got.NotBefore, step.want)
			}
		}
	})

	t.Run("Delete", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user, bystander := register(t, store, "ada"), register(t, store, "bystander")
		if err := store.Delete(t.Context(), user.ID); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		if err := store.Delete(t.Context(), user.ID); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("second Delete: got %v, want ErrNotFound", err)
		}
		wantNothing(t, store, user)
		wantFound(t, store, bystander)
	})
}

func testCanceled(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("Change", func(t *testing.T) {
		t.Parallel()
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				user := register(t, store, "ada")
				if err := change(canceled(t), store, user); err == nil || errors.Is(err, account.ErrNotFound) {
					t.Errorf("got %v, want a store failure", err)
				}
				wantFound(t, store, user)
			})
		}
	})

	t.Run("Find", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := register(t, store, "ada")
		if _, err := store.Find(canceled(t), user.Key); err == nil || errors.Is(err, account.ErrNotFound) {
			t.Errorf("Find: got %v, want a store failure", err)
		}
		if _, err := store.Get(canceled(t), user.ID); err == nil || errors.Is(err, account.ErrNotFound) {
			t.Errorf("Get: got %v, want a store failure", err)
		}
	})

	t.Run("Register", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := newUser(key(uuid.NewString()))
		if err := Register(canceled(t), store, user, nil); err == nil || errors.Is(err, account.ErrConflict) {
			t.Errorf("Register: got %v, want a store failure", err)
		}
		wantNothing(t, store, user)
	})
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
