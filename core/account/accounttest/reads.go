package accounttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// testReads checks what a transaction reads.
func testReads(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	t.Run("Stored", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			found, err := tx.Find(ctx, p.ada.Key)
			wantUser(t, "Find", found, err, p.ada)
			found, err = tx.Find(ctx, p.other.Key)
			wantUser(t, "Find of the other identity", found, err, p.ada.With(p.other))
			found, err = tx.Get(ctx, p.ada.ID)
			wantUser(t, "Get", found, err, p.ada)
			found, err = tx.GetByExternalID(ctx, p.ada.ExternalID)
			wantUser(t, "GetByExternalID", found, err, p.ada)
			found, err = tx.Get(ctx, p.bare.ID)
			wantUser(t, "Get without identities", found, err, p.bare)
			found, err = tx.GetByExternalID(ctx, p.bare.ExternalID)
			wantUser(t, "GetByExternalID without identities", found, err, p.bare)
			list, err := tx.Identities(ctx, p.ada.ID)
			wantIdentities(t, list, err, p.ada.Stored(), p.other)
			list, err = tx.Identities(ctx, p.bare.ID)
			wantIdentities(t, list, err)
			return nil
		})
	})
	t.Run("Missing", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			_, find := tx.Find(ctx, key("ADA"))
			_, get := tx.Get(ctx, uuid.Must(uuid.NewV7()))
			_, identities := tx.Identities(ctx, uuid.Must(uuid.NewV7()))
			for what, err := range map[string]error{"Find": find, "Get": get, "Identities": identities} {
				if !errors.Is(err, account.ErrNotFound) {
					t.Errorf("%s: got %v, want ErrNotFound", what, err)
				}
			}
			for _, id := range append(otherStrings(p.ada.ExternalID), "") {
				if _, err := tx.GetByExternalID(ctx, id); !errors.Is(err, account.ErrNotFound) {
					t.Errorf("GetByExternalID %q: got %v, want ErrNotFound", id, err)
				}
			}
			return tx.SetNotBefore(ctx, p.bare.ID, start) // is committed
		})
		if bare, err := p.accounts.Get(t.Context(), p.bare.ID); err != nil || !bare.NotBefore.Equal(start) {
			t.Errorf("Get: %+v, %v: the transaction was not committed", bare, err)
		}
	})
	t.Run("OwnWrites", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			added := newStored("new")
			added.Email, added.Phone = "new@example.com", "+12025550109"
			if err := errors.Join(
				tx.AddIdentity(ctx, p.bare.ID, added), tx.SetExternalID(ctx, p.bare.ID, "new-1"), tx.Disable(ctx, p.bare.ID, start),
			); err != nil {
				return err
			}
			want := p.bare.With(added)
			want.ExternalID, want.Disabled, want.NotBefore = "new-1", true, start
			found, err := tx.Find(ctx, added.Key)
			wantUser(t, "Find", found, err, want)
			found, err = tx.GetByExternalID(ctx, "new-1")
			wantUser(t, "GetByExternalID", found, err, want)
			list, err := tx.Identities(ctx, p.bare.ID)
			wantIdentities(t, list, err, added)
			users, err := tx.WithEmail(ctx, added.Email)
			wantIDs(t, "WithEmail", users, err, p.bare.ID)
			users, err = tx.WithPhone(ctx, added.Phone)
			wantIDs(t, "WithPhone", users, err, p.bare.ID)
			return nil
		})
	})
	t.Run("Contacts", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		same := newStored("ada again") // a user is found once
		same.Email, same.EmailVerified = "ADA@EXAMPLE.COM", false
		shared := newStored("shared")
		shared.Email, shared.EmailVerified, shared.PhoneVerified = p.ada.Email, false, false
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			return errors.Join(tx.AddIdentity(ctx, p.ada.ID, same), tx.AddIdentity(ctx, p.bare.ID, shared))
		})
		both := []identity.UserID{p.ada.ID, p.bare.ID}
		slices.SortFunc(both, compareIDs)
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			for email, want := range map[string][]identity.UserID{
				p.ada.Email: both, "Ada@Example.COM": both, p.other.Email: {p.ada.ID}, "eve@EXAMPLE.com": {p.eve.ID},
			} {
				users, err := tx.WithEmail(ctx, email)
				wantIDs(t, "WithEmail "+email, users, err, want...)
			}
			users, err := tx.WithPhone(ctx, p.ada.Phone)
			wantIDs(t, "WithPhone", users, err, both...)
			for _, contact := range otherStrings(p.ada.Email) {
				users, err := tx.WithEmail(ctx, contact)
				wantIDs(t, "WithEmail "+contact, users, err)
			}
			for _, contact := range otherStrings(p.ada.Phone) {
				users, err := tx.WithPhone(ctx, contact)
				wantIDs(t, "WithPhone "+contact, users, err)
			}
			return nil
		})
	})
	t.Run("Order", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		users := []identity.UserID{p.ada.ID}
		for i := range racers {
			users = append(users, register(t, p.accounts, fmt.Sprint("present ", i)).ID)
		}
		slices.SortFunc(users, compareIDs)
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			got, err := tx.WithEmail(ctx, p.ada.Email)
			wantIDs(t, "WithEmail", got, err, users...)
			got, err = tx.WithPhone(ctx, p.ada.Phone)
			wantIDs(t, "WithPhone", got, err, users...)
			return nil
		})
	})
	t.Run("MaliciousStrings", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for name, value := range malicious {
			user := newUser(key(name))
			user.ExternalID, user.Email, user.Phone = value, value, value
			if err := Register(t.Context(), p.accounts, user, nil); err != nil {
				t.Fatalf("Register %s: %v", name, err)
			}
			p.transact(t, func(ctx context.Context, tx account.Tx) error {
				found, err := tx.GetByExternalID(ctx, value)
				wantUser(t, "GetByExternalID "+name, found, err, user)
				users, err := tx.WithEmail(ctx, value)
				wantIDs(t, "WithEmail "+name, users, err, user.ID)
				users, err = tx.WithPhone(ctx, value)
				wantIDs(t, "WithPhone "+name, users, err, user.ID)
				return nil
			})
		}
	})
}

// otherStrings returns strings that differ from s, and that some collation, pattern
// or decoder treats as equal, or rejects.
func otherStrings(s string) []string {
	return []string{s + " ", " " + s, s + "\t", s + "\x00", s + "\xff", s + "\u200d", "%", s[:len(s)-1] + "_", s[:len(s)-1] + "\u0301", s + "/"}
}

func wantIdentities(t *testing.T, got []identity.Stored, err error, want ...identity.Stored) {
	t.Helper()
	normalize := func(list []identity.Stored) []identity.Stored {
		list = slices.Clone(list)
		for i := range list {
			list[i].CreatedAt, list[i].LastLoginAt = list[i].CreatedAt.UTC(), list[i].LastLoginAt.UTC()
		}
		return list
	}
	if err != nil || !slices.Equal(normalize(got), normalize(want)) {
		t.Errorf("Identities:\n got %+v (error %v)\nwant %+v", got, err, want)
	}
}

func wantIDs(t *testing.T, what string, got []identity.UserID, err error, want ...identity.UserID) {
	t.Helper()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %v (error %v), want %v", what, got, err, want)
	}
}

// concurrent are writes of others that a transaction excludes after it has read a
// user.
var concurrent = map[string]func(ctx context.Context, p *people) error{
	"Disable": func(ctx context.Context, p *people) error { return p.accounts.Disable(ctx, p.ada.ID, start) },
	"Delete":  func(ctx context.Context, p *people) error { return p.accounts.Delete(ctx, p.ada.ID) },
	"SignIn": func(ctx context.Context, p *people) error {
		login := p.ada
		login.Email, login.Phone = "changed@example.com", "+12025550199"
		return p.SignIn(ctx, database.SignIn{User: login})
	},
}
