package changes_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/changes"
)

var start = time.UnixMilli(1_800_000_000_123)

func newUser(subject string) identity.User {
	return identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key: identity.Key{Issuer: "https://issuer.example", Subject: subject}, CreatedAt: start, LastLoginAt: start,
	}
}

// announcedWith returns a database with two users, and the users that it publishes.
func announcedWith(t *testing.T, users ...identity.User) (db database.Database, published func() []identity.UserID) {
	t.Helper()
	var feed changes.Feed
	var heard []identity.UserID
	t.Cleanup(feed.Subscribe(func(user identity.UserID) { heard = append(heard, user) }))
	db = changes.Announce(memstore.New(), &feed)
	for _, user := range users {
		if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
	}
	heard = nil
	return db, func() []identity.UserID { defer func() { heard = nil }(); return heard }
}

// Each write of a transaction is published once the transaction has ended: also if it
// has failed, because the outcome is unknown then.
func TestAnnounce_Transactions(t *testing.T) {
	t.Parallel()
	errRejected := errors.New("rejected")
	for name, write := range map[string]func(context.Context, account.Tx, identity.User) error{
		"AddIdentity": func(ctx context.Context, tx account.Tx, u identity.User) error {
			return tx.AddIdentity(ctx, u.ID, newUser("second").Stored())
		},
		"RemoveIdentity": func(ctx context.Context, tx account.Tx, u identity.User) error {
			return tx.RemoveIdentity(ctx, u.ID, u.IdentityID)
		},
		"SetExternalID": func(ctx context.Context, tx account.Tx, u identity.User) error {
			return tx.SetExternalID(ctx, u.ID, "1")
		},
		"SetNotBefore": func(ctx context.Context, tx account.Tx, u identity.User) error {
			return tx.SetNotBefore(ctx, u.ID, start)
		},
		"Disable": func(ctx context.Context, tx account.Tx, u identity.User) error { return tx.Disable(ctx, u.ID, start) },
		"RevokeSessions": func(ctx context.Context, tx account.Tx, u identity.User) error {
			return tx.RevokeSessions(ctx, u.ID, "test", start)
		},
		"Delete": func(ctx context.Context, tx account.Tx, u identity.User) error { return tx.Delete(ctx, u.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ada, eve := newUser("ada"), newUser("eve")
			db, published := announcedWith(t, ada, eve)
			for _, outcome := range []error{errRejected, nil} {
				do := func(ctx context.Context, tx account.Tx) error {
					if _, err := tx.Get(ctx, eve.ID); err != nil {
						return err
					}
					err := write(ctx, tx, ada)
					if early := published(); len(early) > 0 {
						t.Errorf("%v is published within the transaction", early)
					}
					return errors.Join(err, outcome)
				}
				if outcome != nil {
					if err := db.SignIn(t.Context(), database.SignIn{User: ada, Within: do}); !errors.Is(err, outcome) {
						t.Errorf("SignIn: got %v, want %v", err, outcome)
					}
					if got := published(); !slices.Equal(got, []identity.UserID{ada.ID}) {
						t.Errorf("SignIn: published %v, want the user", got)
					}
				}
				if err := db.Accounts().Transact(t.Context(), nil, do); !errors.Is(err, outcome) {
					t.Errorf("Transact: got %v, want %v", err, outcome)
				}
				if got := published(); !slices.Equal(got, []identity.UserID{ada.ID}) {
					t.Errorf("Transact: published %v, want the user", got)
				}
			}
		})
	}
}

func TestAnnounce_TransactionOfReads(t *testing.T) {
	t.Parallel()
	ada := newUser("ada")
	db, published := announcedWith(t, ada)
	err := db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
		_, err := tx.Find(ctx, ada.Key)
		return errors.Join(err, tx.CreateUser(ctx, newUser("new")))
	})
	if err != nil {
		t.Fatalf("Transact: %v", err)
	}
	if got := published(); len(got) > 0 {
		t.Errorf("published %v, want none", got)
	}
}
