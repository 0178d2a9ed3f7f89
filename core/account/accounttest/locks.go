package accounttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// testLocks checks what transactions wait for.
func testLocks(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	t.Run("Reads", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for name, read := range reads {
			for change, write := range concurrent {
				p.testRead(t, name, read, change, write)
				p.transact(t, p.restoreAda)
			}
		}
	})
	t.Run("OneCreates", func(t *testing.T) {
		t.Parallel()
		store := open(t).Accounts()
		for round := range rounds {
			phone := fmt.Sprint("+1202555", 1000+round)
			var entered, createdUsers atomic.Int32
			race(func(racer int) {
				user := newUser(key(fmt.Sprint(round, " ", racer)))
				user.Phone = phone
				locks := [][]string{{"phone " + phone, "a"}, {"a", "phone " + phone}}[racer%2]
				err := store.Transact(t.Context(), locks, func(ctx context.Context, tx account.Tx) error {
					if entered.Add(1) != 1 {
						t.Error("two transactions with one lock run at once")
					}
					defer entered.Add(-1)
					known, err := tx.WithPhone(ctx, phone)
					if err != nil || len(known) > 0 {
						return err
					}
					runtime.Gosched()
					createdUsers.Add(1)
					return errors.Join(tx.CreateUser(ctx, user), tx.AddIdentity(ctx, user.ID, user.Stored()))
				})
				if err != nil {
					t.Errorf("Transact: %v", err)
				}
			})
			if createdUsers.Load() != 1 {
				t.Fatalf("%d transactions with one lock found no user, want 1", createdUsers.Load())
			}
		}
	})
	t.Run("ManyUsers", func(t *testing.T) {
		t.Parallel()
		store := open(t).Accounts()
		one, two := register(t, store, "one"), register(t, store, "two")
		race(func(racer int) {
			users := [][]identity.UserID{{one.ID, two.ID}, {two.ID, one.ID}}[racer%2]
			err := store.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
				found, err := tx.WithEmail(ctx, one.Email)
				if err != nil || len(found) != 2 {
					t.Errorf("WithEmail: got %v, %v, want both users", found, err)
				}
				return errors.Join(err, tx.SetNotBefore(ctx, users[0], start), tx.SetNotBefore(ctx, users[1], start))
			})
			if err != nil {
				t.Errorf("Transact: %v", err)
			}
		})
	})
	t.Run("RevokeSessions", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for range rounds {
			login, s := p.ada, newSession(p.ada)
			var group sync.WaitGroup
			in := database.SignIn{User: login, Session: &s, MaxSessions: racers}
			in.Within = func(context.Context, account.Tx) error {
				group.Go(func() { //nolint:contextcheck // it outlives the transaction
					err := p.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
						return tx.RevokeSessions(ctx, p.ada.ID, "test", start)
					})
					if err != nil {
						t.Errorf("Transact: %v", err)
					}
				})
				for range 1000 {
					runtime.Gosched()
				}
				return nil
			}
			err := p.SignIn(t.Context(), in)
			group.Wait()
			if err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			if active, err := p.Sessions().List(t.Context(), p.ada.ID, start); err != nil || len(active) != 0 {
				t.Fatalf("active are %+v (error %v), want none: a session that began meanwhile is active", active, err)
			}
		}
	})
	t.Run("ExternalID", func(t *testing.T) {
		t.Parallel()
		store := open(t).Accounts()
		for round := range rounds {
			var succeeded, conflicts atomic.Int32
			race(func(racer int) {
				user := newUser(key(fmt.Sprint(round, " ", racer)))
				user.ExternalID = fmt.Sprint(round)
				switch err := Register(t.Context(), store, user, yield); {
				case err == nil:
					succeeded.Add(1)
				case errors.Is(err, account.ErrConflict):
					conflicts.Add(1)
				default:
					t.Errorf("Register: %v", err)
				}
			})
			if succeeded.Load() != 1 || conflicts.Load() != racers-1 {
				t.Fatalf("%d users have one external id, %d conflicts", succeeded.Load(), conflicts.Load())
			}
		}
	})
	t.Run("Isolation", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		var group sync.WaitGroup
		var done atomic.Bool
		defer group.Wait()
		defer done.Store(true)
		group.Go(func() {
			for !done.Load() {
				bare, err := p.accounts.Get(t.Context(), p.bare.ID)
				if err != nil || bare.Disabled || (bare.ExternalID == "new-1") != (bare.Key == key("new")) {
					t.Errorf("Get: got %+v, %v, which no transaction has committed", bare, err)
					return
				}
			}
		})
		for range rounds {
			p.transact(t, func(ctx context.Context, tx account.Tx) error {
				return errors.Join(tx.SetExternalID(ctx, p.bare.ID, "new-1"), tx.AddIdentity(ctx, p.bare.ID, newStored("new")))
			})
			err := p.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
				return errors.Join(tx.Disable(ctx, p.bare.ID, start), errRejected)
			})
			if !errors.Is(err, errRejected) {
				t.Errorf("Transact: got %v, want the error of do", err)
			}
			p.transact(t, func(ctx context.Context, tx account.Tx) error {
				found, err := tx.Find(ctx, key("new"))
				return errors.Join(err, tx.SetExternalID(ctx, p.bare.ID, ""), tx.RemoveIdentity(ctx, p.bare.ID, found.IdentityID))
			})
		}
	})
}

// testRead expects that a write waits for a transaction that has read its user.
func (p *people) testRead(
	t *testing.T, name string, read func(context.Context, *people, account.Tx) (any, error),
	change string, write func(context.Context, *people) error,
) {
	t.Helper()
	var group sync.WaitGroup
	defer group.Wait()
	p.transact(t, func(ctx context.Context, tx account.Tx) error {
		first, err := read(ctx, p, tx)
		if err != nil {
			return err
		}
		group.Go(func() { //nolint:contextcheck // it outlives the transaction
			if err := write(t.Context(), p); err != nil {
				t.Errorf("%s: %v", change, err)
			}
		})
		for range 50 {
			runtime.Gosched()
			again, err := read(ctx, p, tx)
			if err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
				t.Errorf("%s: got %+v (error %v) and before %+v: it does not exclude %s", name, again, err, first, change)
				break
			}
		}
		return nil
	})
	group.Wait()
	p.wantChanged(t, change)
}

// restoreAda replaces what a concurrent write has left of ada.
func (p *people) restoreAda(ctx context.Context, tx account.Tx) error {
	switch _, err := tx.Get(ctx, p.ada.ID); {
	case errors.Is(err, account.ErrNotFound):
	case err != nil:
		return err
	default:
		if err := tx.Delete(ctx, p.ada.ID); err != nil {
			return err
		}
	}
	return errors.Join(
		tx.CreateUser(ctx, p.ada), tx.AddIdentity(ctx, p.ada.ID, p.ada.Stored()), tx.AddIdentity(ctx, p.ada.ID, p.other))
}

// wantChanged expects that a concurrent write has happened after all.
func (p *people) wantChanged(t *testing.T, change string) {
	t.Helper()
	user, err := p.accounts.Find(t.Context(), p.ada.Key)
	changed := map[string]bool{
		"Disable": user.Disabled, "Delete": errors.Is(err, account.ErrNotFound), "SignIn": user.Email == "changed@example.com",
	}
	if !changed[change] {
		t.Errorf("%s has not happened: %+v, %v", change, user, err)
	}
}
