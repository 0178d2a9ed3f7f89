package accounttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
