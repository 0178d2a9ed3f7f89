package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
)

// TestOnRegister_Failure registers a user with a hook that inserts a row and
// then fails, in the same transaction: neither is stored, and the login
// succeeds once the hook does.
func TestOnRegister_Failure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		misbehave func(ctx context.Context, tx *sql.Tx) error
		status    int
		code      string
	}{
		"Panics": {
			func(context.Context, *sql.Tx) error { panic("of the application") },
			http.StatusInternalServerError, "internal",
		},
		"Fails": {
			func(context.Context, *sql.Tx) error { return errors.New("of the application") },
			http.StatusInternalServerError, "internal",
		},
		"Vetoes": {
			func(context.Context, *sql.Tx) error { return autherr.New(autherr.RegistrationClosed, "test") },
			http.StatusForbidden, "registration_closed",
		},
		"Hangs": {
			func(ctx context.Context, _ *sql.Tx) error {
				ctx.Value(deadline{}).(*expiringContext).expire()
				<-ctx.Done()
				return context.Cause(ctx)
			},
			http.StatusServiceUnavailable, "temporarily_unavailable",
		},
		"HangsAndReturnsNil": {
			func(ctx context.Context, _ *sql.Tx) error {
				ctx.Value(deadline{}).(*expiringContext).expire()
				<-ctx.Done()
				return nil
			},
			http.StatusServiceUnavailable, "temporarily_unavailable",
		},
		"RollsBack": {
			func(_ context.Context, tx *sql.Tx) error { return tx.Rollback() },
			http.StatusServiceUnavailable, "temporarily_unavailable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, servable(), func(t *testing.T, b backend) {
				t.Helper()
				misbehaves := true
				n := newNodes(t, b, ownSessions, func(ctx context.Context, r core.Registration) error {
					if err := registration(ctx, r); err != nil || !misbehaves {
						return err
					}
					return c.misbehave(ctx, r.Tx)
				})
				p := n.newPerson(t, 0)
				login := p.posts(t)
				ctx := newExpiringContext(t.Context())
				r := login.send(context.WithValue(ctx, deadline{}, ctx))
				toReply(r).is(t, c.status, c.code)
				if len(r.Cookies) > 0 {
					t.Errorf("a cookie is set: %q", r.Cookies)
				}
				n.atRest(t)
				if got := p.state(t); got != (state{}) {
					t.Errorf("it leaves %+v", got)
				}
				misbehaves = false
				r = login.send(t.Context())
				toReply(r).is(t, http.StatusCreated, "")
				if got, want := p.state(t), oneMore(state{}).with(registered); got != want {
					t.Errorf("again: %+v, want %+v", got, want)
				}
				login.check(t, r)
				n.atRest(t)
			})
		})
	}
}

// deadline is the context key of the context that a hook expires.
type deadline struct{}

// TestStatements_Deadline waits for the kit's own deadline, once for all
// requests.
func TestStatements_Deadline(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		n := newNodes(t, b, ownSessions, nil)
		first, second := n.newPerson(t, 1), n.newPerson(t, 2)
		trials := map[string]trial{
			"FirstLogin": n.newPerson(t, 0).posts(t),
			"Login":      first.posts(t),
			"Guard":      guard(t, first),
			"RevokeOne":  revokeOne(t, second),
		}
		replies := map[string]chan faulty{}
		for name, trial := range trials {
			replies[name] = make(chan faulty, 1)
			go func() {
				script := &faultdriver.Script{At: 1, Onward: true, Fault: faultdriver.HangBefore}
				r := trial.send(script.In(context.WithoutCancel(t.Context())))
				replies[name] <- faulty{toReply(r), script.Events()}
			}()
		}
		for name, reply := range replies {
			slow := <-reply
			cannotCheck(t, slow.reply)
			for _, event := range slow.events {
				if !event.HasDeadline || event.Remaining > storeTimeout {
					t.Errorf("%s: %v may last %v, want at most %v", name, event, event.Remaining, storeTimeout)
				}
			}
		}
		n.atRest(t)
		for name, trial := range trials {
			r := trial.send(t.Context())
			if r.Status >= http.StatusBadRequest {
				t.Errorf("%s, again: %d %s", name, r.Status, r.Body)
				continue
			}
			trial.check(t, r)
		}
		n.atRest(t)
	})
}

// faulty is a response and the messages to the database.
type faulty struct {
	reply  reply
	events []faultdriver.Event
}
