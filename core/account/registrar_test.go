package account_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

func TestTheFirstLoginRegistersAndTheSecondFinds(t *testing.T) {
	t.Parallel()
	store := newStore()
	first := register(t, store)
	want := identity.User{
		ID: first.ID, IdentityID: first.IdentityID, Key: ada().Key,
		Provider: "cotter", Identifier: "ada@example.com", Email: "ada@example.com", EmailVerified: true,
		CreatedAt: start, LastLoginAt: start,
	}
	if first != want || first.ID.Version() != 7 || first.ID == first.IdentityID {
		t.Errorf("registered %+v\nwant %+v", first, want)
	}
	wantStored(t, store, want)

	later := start.Add(time.Hour)
	registrar := account.NewRegistrar(store, account.Options{Now: func() time.Time { return later }})
	second, created, err := registrar.RegisterOrLogin(t.Context(), ada())
	want.LastLoginAt = later
	if err != nil || created || second != want {
		t.Errorf("second login: %+v, created %t, error %v\nwant %+v", second, created, err, want)
	}
	wantStored(t, store, first) // whoever makes a session of the login records it
}

func TestALoginOverwritesContactsByWhatIsSigned(t *testing.T) {
	t.Parallel()
	const stored, other = "ada@example.com", "other@example.com"
	cases := map[string]struct {
		storedAs identity.Verification
		signed   identity.Contact
		want     bool
	}{
		"VerifiedStaysVerified":                 {identity.Verified, identity.Contact{Value: stored, Verification: identity.Verified}, true},
		"UnverifiedBecomesVerified":             {identity.Unverified, identity.Contact{Value: stored, Verification: identity.Verified}, true},
		"ANewOneIsVerified":                     {identity.Verified, identity.Contact{Value: other, Verification: identity.Verified}, true},
		"VerifiedBecomesUnverified":             {identity.Verified, identity.Contact{Value: stored}, false},
		"CarriedKeepsVerified":                  {identity.Verified, identity.Contact{Value: stored, Verification: identity.KeepStored}, true},
		"CarriedKeepsUnverified":                {identity.Unverified, identity.Contact{Value: stored, Verification: identity.KeepStored}, false},
		"CarriedDoesNotVerifyANewOne":           {identity.Verified, identity.Contact{Value: other, Verification: identity.KeepStored}, false},
		"CarriedMindsCase":                      {identity.Verified, identity.Contact{Value: "Ada@example.com", Verification: identity.KeepStored}, false},
		"NoneSigned":                            {identity.Verified, identity.Contact{}, false},
		"NoneSignedIsNotVerified":               {identity.Verified, identity.Contact{Verification: identity.Verified}, false},
		"CarriedAtTheFirstLoginVerifiesNothing": {identity.KeepStored, identity.Contact{Value: stored, Verification: identity.KeepStored}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrar := newRegistrar(newStore())
			id := ada()
			id.Email = identity.Contact{Value: stored, Verification: c.storedAs}
			id.Phone = id.Email
			if _, _, err := registrar.RegisterOrLogin(t.Context(), id); err != nil {
				t.Fatalf("first login: %v", err)
			}
			id.Email, id.Phone = c.signed, c.signed
			user, _, err := registrar.RegisterOrLogin(t.Context(), id)
			if err != nil {
				t.Fatalf("second login: %v", err)
			}
			if user.Email != c.signed.Value || user.EmailVerified != c.want {
				t.Errorf("e-mail %q, verified %t; want %q, %t", user.Email, user.EmailVerified, c.signed.Value, c.want)
			}
			if user.Phone != c.signed.Value || user.PhoneVerified != c.want {
				t.Errorf("phone %q, verified %t; want %q, %t", user.Phone, user.PhoneVerified, c.signed.Value, c.want)
			}
		})
	}
}

func TestAnotherIdentityWithTheSameContactIsAnotherUser(t *testing.T) {
	t.Parallel()
	store := newStore()
	victim := register(t, store)
	attacker := ada()
	attacker.Subject = "eve"
	user, created, err := newRegistrar(store).RegisterOrLogin(t.Context(), attacker)
	if err != nil || !created || user.ID == victim.ID {
		t.Errorf("got %+v, created %t, error %v; want a new user", user, created, err)
	}
	wantStored(t, store, victim)
}

func TestAClosedRegistrationTakesOnlyWhoIsKnown(t *testing.T) {
	t.Parallel()
	store := newStore()
	closed := account.NewRegistrar(store, account.Options{Now: now})
	_, _, err := closed.RegisterOrLogin(t.Context(), ada())
	wantError(t, err, autherr.RegistrationClosed, "unknown_identity")
	wantUnknown(t, store, ada().Key)

	register(t, store)
	if _, created, err := closed.RegisterOrLogin(t.Context(), ada()); err != nil || created {
		t.Errorf("a known user: created %t, error %v", created, err)
	}
}

func TestTheHookIsToldOnceWhoRegisters(t *testing.T) {
	t.Parallel()
	var told []account.NewUser
	registrar := account.NewRegistrar(newStore(), account.Options{
		Create: true, Now: now,
		OnRegister: func(_ context.Context, tx *sql.Tx, user account.NewUser) error {
			if tx != nil {
				t.Errorf("the memory store gave a transaction")
			}
			told = append(told, user)
			return nil
		},
	})
	user, _, err := registrar.RegisterOrLogin(t.Context(), ada())
	if err != nil {
		t.Fatalf("first login: %v", err)
	}
	if _, _, err := registrar.RegisterOrLogin(t.Context(), ada()); err != nil {
		t.Fatalf("second login: %v", err)
	}
	if len(told) != 1 || told[0].ID != user.ID || told[0].IdentityID != user.IdentityID || told[0].Identity.AuthMethod != "OTP" {
		t.Errorf("the hook was told %+v, want %+v once", told, user)
	}
}

func TestAHookThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	errHook := errors.New("account_test: no")
	cases := map[string]struct {
		hook   func() error
		code   autherr.Code
		reason string
	}{
		"PlainError": {func() error { return errHook }, autherr.Internal, "hook_failed"},
		"CodedError": {
			func() error { return autherr.Wrap(autherr.RegistrationClosed, "not_invited", errHook) },
			autherr.RegistrationClosed, "not_invited",
		},
		"StoreWord": {func() error { return errors.Join(errHook, account.ErrConflict) }, autherr.Internal, "hook_failed"},
		"Panic":     {func() error { panic("no") }, autherr.Internal, "hook_panicked"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, calls := newStore(), 0
			registrar := account.NewRegistrar(store, account.Options{
				Create: true, Now: now,
				OnRegister: func(context.Context, *sql.Tx, account.NewUser) error {
					calls++
					return c.hook()
				},
			})
			_, created, err := registrar.RegisterOrLogin(t.Context(), ada())
			wantError(t, err, c.code, c.reason)
			if created || calls != 1 || (name != "Panic" && !errors.Is(err, errHook)) {
				t.Errorf("created %t after %d calls with %v, want one call and its cause", created, calls, err)
			}
			wantUnknown(t, store, ada().Key)
			register(t, store)
		})
	}
}

func TestAStoreThatFailsIsNeverABadCredential(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Find", "Register"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			sound := newStore()
			registrar := newRegistrar(&broken{Store: sound, method: method, err: errDown})
			user, created, err := registrar.RegisterOrLogin(t.Context(), ada())
			wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
			if !errors.Is(err, errDown) || created || user != (identity.User{}) {
				t.Errorf("got %+v, created %t, error %v", user, created, err)
			}
			if _, _, err := newRegistrar(sound).RegisterOrLogin(t.Context(), ada()); err != nil {
				t.Errorf("the retry: %v", err)
			}
		})
	}
}

func TestWhoIsOvertakenStartsAgain(t *testing.T) {
	t.Parallel()

	t.Run("ByARegistration", func(t *testing.T) {
		t.Parallel()
		store := newStore()
		var winner identity.User
		overtaken := &broken{Store: store, method: "Register", before: func() { winner = register(t, store) }}
		user, created, err := newRegistrar(overtaken).RegisterOrLogin(t.Context(), ada())
		if err != nil || created || user.ID != winner.ID {
			t.Errorf("got %+v, created %t, error %v; want %+v", user, created, err, winner)
		}
	})

	t.Run("ButNotForEver", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			contended := &broken{Store: newStore(), method: "Register", err: account.ErrConflict, before: func() { attempts++ }}
			_, _, err := newRegistrar(contended).RegisterOrLogin(t.Context(), ada())
			wantError(t, err, autherr.TemporarilyUnavailable, "registration_contended")
			if attempts != 5 {
				t.Errorf("%d attempts, want 5", attempts)
			}
		})
	})

	t.Run("UnlessTheRequestEnds", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			attempts := 0
			contended := &broken{Store: newStore(), method: "Register", err: account.ErrConflict, before: func() {
				attempts++
				cancel()
			}}
			_, _, err := newRegistrar(contended).RegisterOrLogin(ctx, ada())
			wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
			if attempts != 1 || !errors.Is(err, context.Canceled) {
				t.Errorf("%d attempts, error %v; want 1 and the context's", attempts, err)
			}
		})
	})
}
