package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// admissions are the two functions that admit a user by the same rules.
var admissions = map[string]func(context.Context, account.Store, identity.Identity) error{
	"Login": func(ctx context.Context, s account.Store, id identity.Identity) error {
		_, err := newRegistrar(s).RegisterOrLogin(ctx, id)
		return err
	},
	"Known": func(ctx context.Context, s account.Store, id identity.Identity) error {
		_, err := account.Known(ctx, s, id)
		return err
	},
}

func TestKnown_Disabled(t *testing.T) {
	t.Parallel()
	for name, admit := range admissions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore()
			user := register(t, store)
			if err := admit(t.Context(), store, ada()); err != nil {
				t.Fatalf("while enabled: %v", err)
			}
			if err := store.Disable(t.Context(), user.ID, start); err != nil {
				t.Fatalf("Disable: %v", err)
			}
			wantError(t, admit(t.Context(), store, ada()), autherr.AccountDisabled, "account_disabled")
			if err := store.Enable(t.Context(), user.ID); err != nil {
				t.Fatalf("Enable: %v", err)
			}
			if err := admit(t.Context(), store, ada()); err != nil {
				t.Errorf("while enabled again: %v", err)
			}
		})
	}
}

func TestKnown_NotBefore(t *testing.T) {
	t.Parallel()
	second := start.Truncate(time.Second)
	cases := map[string]struct {
		notBefore, issuedAt time.Time
		rejected            bool
	}{
		"TheSecondBefore":          {second, second.Add(-time.Second), true},
		"TheSecondBeforeOddMillis": {second.Add(999 * time.Millisecond), second.Add(-time.Second), true},
		"TheSameSecond":            {second.Add(999 * time.Millisecond), second, false},
		"TheSameTime":              {second, second, false},
		"TheSecondAfter":           {second, second.Add(time.Second), false},
		"NeverRevoked":             {time.Time{}, second, false},
		"NeverRevokedAndNoAge":     {time.Time{}, time.Time{}, false},
		"RevokedAndNoAge":          {second, time.Time{}, true},
	}
	for name, c := range cases {
		for by, admit := range admissions {
			t.Run(name+"/"+by, func(t *testing.T) {
				t.Parallel()
				store, id := newStore(), ada()
				user := register(t, store)
				id.IssuedAt = c.issuedAt
				if err := admit(t.Context(), store, id); err != nil {
					t.Fatalf("before the revocation: %v", err)
				}
				if err := store.SetNotBefore(t.Context(), user.ID, c.notBefore); err != nil {
					t.Fatalf("SetNotBefore: %v", err)
				}
				err := admit(t.Context(), store, id)
				if !c.rejected {
					if err != nil {
						t.Errorf("after the revocation: %v", err)
					}
					return
				}
				wantError(t, err, autherr.InvalidToken, "issued_before_revocation")
			})
		}
	}
}

func TestRegistrar_RejectedWritesNothing(t *testing.T) {
	t.Parallel()
	store := newStore()
	user := register(t, store)
	if err := store.Disable(t.Context(), user.ID, start); err != nil {
		t.Fatalf("Disable: %v", err)
	}
	id := ada()
	id.Email.Value = "other@example.com"
	_, err := newRegistrar(store).RegisterOrLogin(t.Context(), id)
	wantError(t, err, autherr.AccountDisabled, "account_disabled")
	user.Disabled, user.NotBefore = true, start
	wantStored(t, store, user)
}

func TestKnown_RegistersNothing(t *testing.T) {
	t.Parallel()
	store := newStore()
	_, err := account.Known(t.Context(), store, ada())
	wantError(t, err, autherr.NotRegistered, "unknown_identity")
	wantUnknown(t, store, ada().Key)

	want := register(t, store)
	got, err := account.Known(t.Context(), store, ada())
	if err != nil || got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}

	_, err = account.Known(t.Context(), &broken{Store: store, method: "Find", err: errDown}, ada())
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	if !errors.Is(err, errDown) {
		t.Errorf("%v does not wrap its cause", err)
	}
}
