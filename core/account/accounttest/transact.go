package accounttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

var errRejected = errors.New("accounttest: rejected")

// step is a call of a transaction.
type step = func(ctx context.Context, p *people, tx account.Tx) error

// created is the user that writes create.
var created = func() identity.User {
	u := newUser(key("new"))
	u.ExternalID = "new-1"
	return u
}()

// writes are the methods that write, in an order in which each of them changes
// something.
var writes = []struct {
	name  string
	write step
}{
	{"CreateUser", func(ctx context.Context, _ *people, tx account.Tx) error { return tx.CreateUser(ctx, created) }},
	{"AddIdentity", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.AddIdentity(ctx, p.bare.ID, newStored("new"))
	}},
	{"SetExternalID", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.SetExternalID(ctx, p.eve.ID, "eve-1")
	}},
	{"ChangeExternalID", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.SetExternalID(ctx, p.ada.ID, "ada-2")
	}},
	{"RemoveExternalID", func(ctx context.Context, p *people, tx account.Tx) error { return tx.SetExternalID(ctx, p.ada.ID, "") }},
	{"RemoveIdentity", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.RemoveIdentity(ctx, p.ada.ID, p.other.ID)
	}},
	{"RevokeSessions", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.RevokeSessions(ctx, p.ada.ID, "test", start)
	}},
	{"SetNotBefore", func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.SetNotBefore(ctx, p.ada.ID, start)
	}},
	{"Disable", func(ctx context.Context, p *people, tx account.Tx) error { return tx.Disable(ctx, p.ada.ID, start) }},
	{"Delete", func(ctx context.Context, p *people, tx account.Tx) error { return tx.Delete(ctx, p.ada.ID) }},
}

// failures are writes that fail, and their errors.
var failures = map[string]struct {
	write step
	want  error // nil: any
}{
	"CreateUserWithTakenID": {func(ctx context.Context, p *people, tx account.Tx) error {
		u := newUser(key("second"))
		u.ExternalID = p.ada.ExternalID
		return tx.CreateUser(ctx, u)
	}, account.ErrConflict},
	"AddRegisteredIdentity": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.AddIdentity(ctx, p.bare.ID, newStored("ada"))
	}, account.ErrConflict},
	"AddOwnIdentityAgain": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.AddIdentity(ctx, p.ada.ID, newStored("ada"))
	}, account.ErrConflict},
	"AddToUnknownUser": {func(ctx context.Context, _ *people, tx account.Tx) error {
		return tx.AddIdentity(ctx, uuid.Must(uuid.NewV7()), newStored("second"))
	}, nil},
	"RemoveUnknownIdentity": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.RemoveIdentity(ctx, p.ada.ID, uuid.Must(uuid.NewV7()))
	}, account.ErrNotFound},
	"RemoveIdentityOfAnother": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.RemoveIdentity(ctx, p.eve.ID, p.other.ID)
	}, account.ErrNotFound},
	"RemoveIdentityOfUnknown": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.RemoveIdentity(ctx, uuid.Must(uuid.NewV7()), p.other.ID)
	}, account.ErrNotFound},
	"SetTakenID": {func(ctx context.Context, p *people, tx account.Tx) error {
		return tx.SetExternalID(ctx, p.eve.ID, p.ada.ExternalID)
	}, account.ErrConflict},
	"SetIDOfUnknown": {func(ctx context.Context, _ *people, tx account.Tx) error {
		return tx.SetExternalID(ctx, uuid.Must(uuid.NewV7()), "unknown")
	}, account.ErrNotFound},
	"SetNotBeforeOfUnknown": {func(ctx context.Context, _ *people, tx account.Tx) error {
		return tx.SetNotBefore(ctx, uuid.Must(uuid.NewV7()), start)
	}, account.ErrNotFound},
	"DisableUnknown": {func(ctx context.Context, _ *people, tx account.Tx) error {
		return tx.Disable(ctx, uuid.Must(uuid.NewV7()), start)
	}, account.ErrNotFound},
	"DeleteUnknown": {func(ctx context.Context, _ *people, tx account.Tx) error {
		return tx.Delete(ctx, uuid.Must(uuid.NewV7()))
	}, account.ErrNotFound},
}

// testTransact checks that transactions write everything or nothing.
func testTransact(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	t.Run("Writes", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for _, w := range writes {
			before := p.state(t)
			err := p.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
				return errors.Join(w.write(ctx, p, tx), errRejected)
			})
			if !errors.Is(err, errRejected) {
				t.Errorf("%s: got %v, want the error of do", w.name, err)
			}
			p.wantState(t, w.name+", after an error of do", before)
			wantPanic(t, func() {
				_ = p.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
					panic(errors.Join(w.write(ctx, p, tx), errRejected))
				})
			})
			p.wantState(t, w.name+", after a panic of do", before)
			p.transact(t, func(ctx context.Context, tx account.Tx) error { return w.write(ctx, p, tx) })
			if slices.Equal(p.state(t), before) {
				t.Errorf("%s has written nothing", w.name)
			}
		}
	})
	t.Run("Failures", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		before := p.state(t)
		for name, failure := range failures {
			for _, ignored := range []bool{false, true} {
				what := fmt.Sprintf("%s, error ignored %t", name, ignored)
				err := p.accounts.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
					if err := tx.CreateUser(ctx, created); err != nil {
						return err
					}
					if err := failure.write(ctx, p, tx); err == nil || !ignored {
						return err
					}
					return nil
				})
				isAny := failure.want == nil && err != nil && !errors.Is(err, account.ErrConflict)
				if !isAny && (failure.want == nil || !errors.Is(err, failure.want)) {
					t.Errorf("%s: got %v, want %v", what, err, failure.want)
				}
				p.wantState(t, what, before)
			}
		}
	})
	t.Run("ContextEnds", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		before := p.state(t)
		ctx, cancel := context.WithCancel(t.Context())
		err := p.accounts.Transact(ctx, []string{"a"}, func(ctx context.Context, tx account.Tx) error {
			defer cancel()
			return tx.CreateUser(ctx, created)
		})
		if err == nil {
			t.Error("Transact succeeded, want an error")
		}
		p.wantState(t, "after the end of the context", before)
	})
	t.Run("ExternalIDAgain", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			return errors.Join(tx.SetExternalID(ctx, p.ada.ID, p.ada.ExternalID), tx.SetExternalID(ctx, p.eve.ID, ""))
		})
		p.transact(t, func(ctx context.Context, tx account.Tx) error { return tx.SetExternalID(ctx, p.ada.ID, "") })
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			return tx.SetExternalID(ctx, p.eve.ID, p.ada.ExternalID)
		})
		p.transact(t, func(ctx context.Context, tx account.Tx) error {
			found, err := tx.GetByExternalID(ctx, p.ada.ExternalID)
			if err == nil && found.ID != p.eve.ID {
				t.Errorf("GetByExternalID: got %v, want the user that has the id now", found)
			}
			return err
		})
	})
}

func wantPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if p, _ := recover().(error); !errors.Is(p, errRejected) {
			t.Errorf("recovered %v, want the panic of do", p)
		}
	}()
	f()
	t.Error("Transact returned, want its panic")
}

// reads are the methods that read one user of the people, and what they read.
var reads = map[string]func(ctx context.Context, p *people, tx account.Tx) (any, error){
	"Find": func(ctx context.Context, p *people, tx account.Tx) (any, error) { return tx.Find(ctx, p.ada.Key) },
	"Get":  func(ctx context.Context, p *people, tx account.Tx) (any, error) { return tx.Get(ctx, p.ada.ID) },
	"GetByExternalID": func(ctx context.Context, p *people, tx account.Tx) (any, error) {
		return tx.GetByExternalID(ctx, p.ada.ExternalID)
	},
	"Identities": func(ctx context.Context, p *people, tx account.Tx) (any, error) { return tx.Identities(ctx, p.ada.ID) },
	"WithEmail": func(ctx context.Context, p *people, tx account.Tx) (any, error) {
		return tx.WithEmail(ctx, p.ada.Email)
	},
	"WithPhone": func(ctx context.Context, p *people, tx account.Tx) (any, error) {
		return tx.WithPhone(ctx, p.ada.Phone)
	},
}

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

// testWithinSignIn checks what runs in the transaction of a login.
func testWithinSignIn(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	for _, withSession := range []bool{false, true} {
		t.Run(map[bool]string{false: "WithoutSession", true: "WithSession"}[withSession], func(t *testing.T) {
			t.Parallel()
			p := newPeople(t, open(t))
			before := p.state(t)
			login := p.ada
			login.Email, login.LastLoginAt = "changed@example.com", start.Add(time.Hour)
			signIn := func(within func(context.Context, account.Tx) error) error {
				in := database.SignIn{User: login, MaxSessions: 1, Within: func(ctx context.Context, tx account.Tx) error {
					found, err := tx.Find(ctx, login.Key)
					wantUser(t, "Find within", found, err, login)
					return errors.Join(tx.SetExternalID(ctx, p.eve.ID, "eve-1"), within(ctx, tx))
				}}
				if withSession {
					s := newSession(login)
					in.Session = &s
				}
				return p.SignIn(t.Context(), in)
			}
			if err := signIn(func(context.Context, account.Tx) error { return errRejected }); !errors.Is(err, errRejected) {
				t.Errorf("SignIn: got %v, want the error of within", err)
			}
			p.wantState(t, "after an error of within", before)
			wantPanic(t, func() { _ = signIn(func(context.Context, account.Tx) error { panic(errRejected) }) })
			p.wantState(t, "after a panic of within", before)
			if err := signIn(func(context.Context, account.Tx) error { return nil }); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			wantFound(t, p.accounts, login)
			active, err := p.Sessions().List(t.Context(), p.ada.ID, start)
			if want := map[bool]int{false: 2, true: 1}[withSession]; err != nil || len(active) != want {
				t.Errorf("%d sessions are active (error %v), want %d", len(active), err, want)
			}
			if eve, err := p.accounts.Get(t.Context(), p.eve.ID); err != nil || eve.ExternalID != "eve-1" {
				t.Errorf("Get: %+v, %v: what within wrote is lost", eve, err)
			}
		})
	}
	t.Run("Overtaken", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		if err := p.accounts.Disable(t.Context(), p.ada.ID, start); err != nil {
			t.Fatal(err)
		}
		err := p.SignIn(t.Context(), database.SignIn{User: p.ada, Within: func(context.Context, account.Tx) error {
			t.Error("within was called")
			return nil
		}})
		if !errors.Is(err, account.ErrOvertaken) {
			t.Errorf("SignIn: got %v, want ErrOvertaken", err)
		}
	})
}
