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

// entrances are the two ways in; who is admitted is the same for both.
var entrances = map[string]func(context.Context, account.Store, identity.Identity) error{
	"Login": func(ctx context.Context, s account.Store, id identity.Identity) error {
		_, _, err := newRegistrar(s).RegisterOrLogin(ctx, id)
		return err
	},
	"Known": func(ctx context.Context, s account.Store, id identity.Identity) error {
		_, err := newRegistrar(s).Known(ctx, id)
		return err
	},
}

func TestADisabledUserIsRefused(t *testing.T) {
	t.Parallel()
	for name, enter := range entrances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore()
			user := register(t, store)
			if err := enter(t.Context(), store, ada()); err != nil {
				t.Fatalf("while enabled: %v", err)
			}
			if err := store.Disable(t.Context(), user.ID, start); err != nil {
				t.Fatalf("Disable: %v", err)
			}
			wantError(t, enter(t.Context(), store, ada()), autherr.AccountDisabled, "account_disabled")
			if err := store.Enable(t.Context(), user.ID); err != nil {
				t.Fatalf("Enable: %v", err)
			}
			if err := enter(t.Context(), store, ada()); err != nil {
				t.Errorf("while enabled again: %v", err)
			}
		})
	}
}

func TestATokenOfBeforeTheSecondOfNotBeforeIsRefused(t *testing.T) {
	t.Parallel()
	second := start.Truncate(time.Second)
	cases := map[string]struct {
		notBefore, issuedAt time.Time
		refused             bool
	}{
		"TheSecondBefore":            {second, second.Add(-time.Second), true},
		"TheSecondBeforeAnOddMoment": {second.Add(999 * time.Millisecond), second.Add(-time.Second), true},
		"TheSameSecond":              {second.Add(999 * time.Millisecond), second, false},
		"TheSameMoment":              {second, second, false},
		"TheSecondAfter":             {second, second.Add(time.Second), false},
		"NeverRevoked":               {time.Time{}, second, false},
		"NeverRevokedAndNoAge":       {time.Time{}, time.Time{}, false},
		"RevokedAndNoAge":            {second, time.Time{}, true},
	}
	for name, c := range cases {
		for entrance, enter := range entrances {
			t.Run(name+"/"+entrance, func(t *testing.T) {
				t.Parallel()
				store, id := newStore(), ada()
				user := register(t, store)
				id.IssuedAt = c.issuedAt
				if err := enter(t.Context(), store, id); err != nil {
					t.Fatalf("before the revocation: %v", err)
				}
				if err := store.SetNotBefore(t.Context(), user.ID, c.notBefore); err != nil {
					t.Fatalf("SetNotBefore: %v", err)
				}
				err := enter(t.Context(), store, id)
				if !c.refused {
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

func TestARefusedLoginWritesNothing(t *testing.T) {
	t.Parallel()
	store := newStore()
	user := register(t, store)
	if err := store.Disable(t.Context(), user.ID, start); err != nil {
		t.Fatalf("Disable: %v", err)
	}
	id := ada()
	id.Email.Value = "other@example.com"
	_, _, err := newRegistrar(store).RegisterOrLogin(t.Context(), id)
	wantError(t, err, autherr.AccountDisabled, "account_disabled")
	user.Disabled, user.NotBefore = true, start
	wantStored(t, store, user)
}

func TestKnownFindsWhoIsRegisteredAndRegistersNobody(t *testing.T) {
	t.Parallel()
	store := newStore()
	registrar := newRegistrar(store)
	_, err := registrar.Known(t.Context(), ada())
	wantError(t, err, autherr.NotRegistered, "unknown_identity")
	wantUnknown(t, store, ada().Key)

	want := register(t, store)
	got, err := registrar.Known(t.Context(), ada())
	if err != nil || got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}

	_, err = account.Known(t.Context(), &broken{Store: store, method: "Find", err: errDown}, ada())
	wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	if !errors.Is(err, errDown) {
		t.Errorf("%v does not tell its cause", err)
	}
}
