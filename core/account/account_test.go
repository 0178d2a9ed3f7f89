package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

var (
	start   = time.UnixMilli(1_800_000_000_123).UTC()
	errDown = errors.New("account_test: the database is down")
)

func now() time.Time { return start }

// ada is an identity as a provider has just verified it.
func ada() identity.Identity {
	return identity.Identity{
		Key:        identity.Key{Issuer: "https://issuer.example", Subject: "ada"},
		Provider:   "cotter",
		Identifier: "ada@example.com",
		Email:      identity.Contact{Value: "ada@example.com", Verification: identity.Verified},
		AuthMethod: "OTP",
		Audience:   []string{"api-key"},
		IssuedAt:   start,
		ExpiresAt:  start.Add(time.Hour),
	}
}

func newRegistrar(store account.Store) account.Registrar {
	return account.Registrar{Store: store, Create: true, Now: now}
}

// register signs ada in for the first time.
func register(t *testing.T, store account.Store) identity.User {
	t.Helper()
	result, err := newRegistrar(store).RegisterOrLogin(t.Context(), ada())
	user, created := result.User, result.Created
	if err != nil || !created {
		t.Fatalf("RegisterOrLogin: created %t, error %v", created, err)
	}
	return user
}

func wantError(t *testing.T, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// wantUnknown expects that the key is not registered.
func wantUnknown(t *testing.T, store account.Store, key identity.Key) {
	t.Helper()
	if user, err := store.Find(t.Context(), key); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("Find: got %+v and %v, want ErrNotFound", user, err)
	}
}

// wantStored expects the user to be stored like that.
func wantStored(t *testing.T, store account.Store, want identity.User) {
	t.Helper()
	got, err := store.Find(t.Context(), want.Key)
	if err != nil || got != want {
		t.Errorf("stored is %+v (error %v)\nwant %+v", got, err, want)
	}
}

// broken is a store of which one method calls before, and fails if err is set.
type broken struct {
	account.Store
	method string
	err    error
	before func()
}

func (b *broken) fail(method string) error {
	if b.method != method {
		return nil
	}
	if b.before != nil {
		b.before()
	}
	return b.err
}

func (b *broken) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	if err := b.fail("Find"); err != nil {
		return identity.User{}, err
	}
	return b.Store.Find(ctx, key)
}

func (b *broken) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	if err := b.fail("Transact"); err != nil {
		return err
	}
	return b.Store.Transact(ctx, locks, do)
}

func newStore() account.Store { return memstore.New().Accounts() }
