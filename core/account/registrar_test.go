package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

func TestRegistrar_FirstAndSecondLogin(t *testing.T) {
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
	registrar := account.Registrar{Store: store, Now: func() time.Time { return later }}
	result, err := registrar.RegisterOrLogin(t.Context(), ada())
	second, created := result.User, result.Created
	want.LastLoginAt = later
	if err != nil || created || second != want {
		t.Errorf("second login: %+v, created %t, error %v\nwant %+v", second, created, err, want)
	}
	wantStored(t, store, first) // SignIn records the login
}

func TestRegistrar_Contacts(t *testing.T) {
	t.Parallel()
	const stored, other = "ada@example.com", "other@example.com"
	cases := map[string]struct {
		storedAs identity.Verification
		signed   identity.Contact
		want     bool
	}{
		"VerifiedStaysVerified":     {identity.Verified, identity.Contact{Value: stored, Verification: identity.Verified}, true},
		"UnverifiedBecomesVerified": {identity.Unverified, identity.Contact{Value: stored, Verification: identity.Verified}, true},
		"ANewOneIsVerified":         {identity.Verified, identity.Contact{Value: other, Verification: identity.Verified}, true},
		"VerifiedBecomesUnverified": {identity.Verified, identity.Contact{Value: stored}, false},
		"KeepStoredVerified":        {identity.Verified, identity.Contact{Value: stored, Verification: identity.KeepStored}, true},
		"KeepStoredUnverified":      {identity.Unverified, identity.Contact{Value: stored, Verification: identity.KeepStored}, false},
		"KeepStoredNewContact":      {identity.Verified, identity.Contact{Value: other, Verification: identity.KeepStored}, false},
		"KeepStoredOtherCase":       {identity.Verified, identity.Contact{Value: "Ada@example.com", Verification: identity.KeepStored}, false},
		"NoneSigned":                {identity.Verified, identity.Contact{}, false},
		"NoneSignedIsNotVerified":   {identity.Verified, identity.Contact{Verification: identity.Verified}, false},
		"KeepStoredFirstLogin":      {identity.KeepStored, identity.Contact{Value: stored, Verification: identity.KeepStored}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrar := newRegistrar(newStore())
			id := ada()
			id.Email = identity.Contact{Value: stored, Verification: c.storedAs}
			id.Phone = id.Email
			if _, err := registrar.RegisterOrLogin(t.Context(), id); err != nil {
				t.Fatalf("first login: %v", err)
			}
			id.Email, id.Phone = c.signed, c.signed
			result, err := registrar.RegisterOrLogin(t.Context(), id)
			user := result.User
			if err != nil {
				t.Fatalf("second login: %v", err)
			}
			if user.Email != c.signed.Value || user.EmailVerified != c.want {
				t.Errorf("email %q, verified %t; want %q, %t", user.Email, user.EmailVerified, c.signed.Value, c.want)
			}
			if user.Phone != c.signed.Value || user.PhoneVerified != c.want {
				t.Errorf("phone %q, verified %t; want %q, %t", user.Phone, user.PhoneVerified, c.signed.Value, c.want)
			}
		})
	}
}

func TestRegistrar_SameContact(t *testing.T) {
	t.Parallel()
	store := newStore()
	victim := register(t, store)
	attacker := ada()
	attacker.Subject = "eve"
	result, err := newRegistrar(store).RegisterOrLogin(t.Context(), attacker)
	user, created := result.User, result.Created
	if err != nil || !created || user.ID == victim.ID {
		t.Errorf("got %+v, created %t, error %v; want a new user", user, created, err)
	}
	wantStored(t, store, victim)
}

func TestRegistrar_Closed(t *testing.T) {
	t.Parallel()
	store := newStore()
	closed := account.Registrar{Store: store, Now: now}
	_, err := closed.RegisterOrLogin(t.Context(), ada())
	wantError(t, err, autherr.RegistrationClosed, "unknown_identity")
	wantUnknown(t, store, ada().Key)

	register(t, store)
	if result, err := closed.RegisterOrLogin(t.Context(), ada()); err != nil || result.Created {
		t.Errorf("a known user: created %t, error %v", result.Created, err)
	}
}

func TestRegistrar_OnRegister(t *testing.T) {
	t.Parallel()
	var calls []account.Registration
	registrar := newRegistrar(newStore())
	registrar.OnRegister = func(_ context.Context, r account.Registration) error {
		calls = append(calls, r)
		return nil
	}
	id := ada()
	id.Claims = identity.NewClaims(map[string]any{"role": "admin"})
	result, err := registrar.RegisterOrLogin(t.Context(), id)
	user := result.User
	if err != nil {
		t.Fatalf("first login: %v", err)
	}
	if _, err := registrar.RegisterOrLogin(t.Context(), id); err != nil {
		t.Fatalf("second login: %v", err)
	}
	want := account.Registration{
		UserID: user.ID, IdentityID: user.IdentityID,
		Provider: "cotter", Issuer: "https://issuer.example", Subject: "ada", Identifier: "ada@example.com", AuthMethod: "OTP",
		Email: "ada@example.com", EmailVerified: true, Claims: id.Claims,
	}
	if len(calls) != 1 || asJSON(t, calls[0]) != asJSON(t, want) {
		t.Errorf("the hook was called with %+v, want once with %+v", calls, want)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Cases: T13.
func TestRegistrar_UnknownContacts(t *testing.T) {
	t.Parallel()
	email := identity.Contact{Value: "ada@example.com", Verification: identity.Verified}
	phone := identity.Contact{Value: "+12025550100", Verification: identity.Verified}
	for name, c := range map[string]struct {
		change         func(*identity.Identity)
		email, phone   string
		identifier     string
		emailV, phoneV bool
	}{
		"trusted": {func(id *identity.Identity) {
			id.Email = identity.Contact{Unknown: true, Verification: identity.KeepStored}
			id.Phone = id.Email
		}, email.Value, phone.Value, email.Value, true, true},
		"not trusted": {func(id *identity.Identity) {
			id.Email = identity.Contact{Unknown: true}
			id.Phone = id.Email
		}, email.Value, phone.Value, email.Value, false, false},
		"another phone": {func(id *identity.Identity) {
			id.Email = identity.Contact{Unknown: true, Verification: identity.KeepStored}
			id.Phone, id.Identifier = identity.Contact{Value: "+12025550199"}, "+12025550199"
		}, email.Value, "+12025550199", "+12025550199", true, false},
		"none signed": {func(id *identity.Identity) {
			id.Email, id.Phone = identity.Contact{}, identity.Contact{}
		}, "", "", "", false, false},
	} {
		store := newStore()
		registrar := newRegistrar(store)
		id := ada()
		id.Email, id.Phone, id.Identifier = email, phone, email.Value
		if _, err := registrar.RegisterOrLogin(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		id.Identifier = ""
		c.change(&id)
		result, err := registrar.RegisterOrLogin(t.Context(), id)
		user, created := result.User, result.Created
		if err != nil || created {
			t.Fatalf("%s: created is %t, %v", name, created, err)
		}
		if user.Email != c.email || user.EmailVerified != c.emailV || user.Identifier != c.identifier ||
			user.Phone != c.phone || user.PhoneVerified != c.phoneV {
			t.Errorf("%s: got %+v", name, user)
		}
	}
	unknown := ada()
	unknown.Identifier, unknown.Email = "", identity.Contact{Unknown: true, Verification: identity.KeepStored}
	result, err := newRegistrar(newStore()).RegisterOrLogin(t.Context(), unknown)
	if err != nil || result.User.Email != "" || result.User.EmailVerified {
		t.Errorf("first login: got %+v, %v, want no contact", result.User, err)
	}
}

// The hook reads what the user will have, whatever the token proves.
//
// Cases: A15.
func TestRegistrar_OnRegister_Verified(t *testing.T) {
	t.Parallel()
	for verification, want := range map[identity.Verification]bool{
		identity.Unverified: false, identity.Verified: true, identity.KeepStored: false,
	} {
		store := newStore()
		var got account.Registration
		registrar := newRegistrar(store)
		registrar.OnRegister = func(_ context.Context, r account.Registration) error {
			got = r
			return nil
		}
		id := ada()
		id.Email.Verification = verification
		id.Phone = identity.Contact{Value: "+12025550100", Verification: verification}
		result, err := registrar.RegisterOrLogin(t.Context(), id)
		user := result.User
		if err != nil {
			t.Fatalf("verification %d: %v", verification, err)
		}
		wantStored(t, store, user)
		if got.EmailVerified != want || got.PhoneVerified != want || user.EmailVerified != want || user.PhoneVerified != want {
			t.Errorf("verification %d: the hook reads %+v and the user is %+v, want %t", verification, got, user, want)
		}
	}
}

func TestRegistrar_OnRegister_Error(t *testing.T) {
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
		"StoreError": {func() error { return errors.Join(errHook, account.ErrConflict) }, autherr.Internal, "hook_failed"},
		"Panic":      {func() error { panic("no") }, autherr.Internal, "hook_panicked"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, calls := newStore(), 0
			registrar := newRegistrar(store)
			registrar.OnRegister = func(context.Context, account.Registration) error {
				calls++
				return c.hook()
			}
			result, err := registrar.RegisterOrLogin(t.Context(), ada())
			created := result.Created
			wantError(t, err, c.code, c.reason)
			if created || calls != 1 || (name != "Panic" && !errors.Is(err, errHook)) {
				t.Errorf("created %t after %d calls with %v, want one call and its cause", created, calls, err)
			}
			wantUnknown(t, store, ada().Key)
			register(t, store)
		})
	}
}

func TestRegistrar_StoreFailure(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Find", "Transact"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			sound := newStore()
			registrar := newRegistrar(&broken{Store: sound, method: method, err: errDown})
			result, err := registrar.RegisterOrLogin(t.Context(), ada())
			user, created := result.User, result.Created
			wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
			if !errors.Is(err, errDown) || created || user != (identity.User{}) {
				t.Errorf("got %+v, created %t, error %v", user, created, err)
			}
			if _, err := newRegistrar(sound).RegisterOrLogin(t.Context(), ada()); err != nil {
				t.Errorf("the retry: %v", err)
			}
		})
	}
}

func TestRegistrar_Overtaken(t *testing.T) {
	t.Parallel()
	store := newStore()
	var winner identity.User
	overtaken := newRegistrar(&broken{Store: store, method: "Transact", before: func() {
		if winner.ID == uuid.Nil {
			winner = register(t, store)
		}
	}})
	result, err := overtaken.RegisterOrLogin(t.Context(), ada())
	created := result.Created
	wantError(t, err, autherr.TemporarilyUnavailable, "registration_contended")
	if created || !errors.Is(err, account.ErrOvertaken) {
		t.Errorf("created %t, error %v; want ErrOvertaken", created, err)
	}
	result, err = overtaken.RegisterOrLogin(t.Context(), ada())
	user, created := result.User, result.Created
	if err != nil || created || user.ID != winner.ID {
		t.Errorf("the next call: got %+v, created %t, error %v; want %+v", user, created, err, winner)
	}
}

// A store repeats a transaction that deadlocks, with another result.
func TestRegistrar_OnRegister_Repeated(t *testing.T) {
	t.Parallel()
	errDeadlock := autherr.StoreFailed(errors.New("deadlock"))
	for name, c := range map[string]struct {
		second error
		want   error
	}{"Registered": {nil, nil}, "Conflict": {account.ErrConflict, account.ErrOvertaken}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			registrar := newRegistrar(&repeating{Store: newStore(), second: c.second})
			registrar.OnRegister = func(context.Context, account.Registration) error {
				if calls++; calls == 1 {
					return errDeadlock
				}
				return nil
			}
			if _, err := registrar.RegisterOrLogin(t.Context(), ada()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// repeating is a store that repeats a registration whose hook fails.
type repeating struct {
	account.Store
	second error // of the second attempt, before its hook
}

func (r *repeating) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	if err := r.Store.Transact(ctx, locks, do); err == nil || r.second != nil {
		return errors.Join(r.second)
	}
	return r.Store.Transact(ctx, locks, do)
}
