package entstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errBusy = errors.New("another process writes")

var impatient = Dialect{IsBusy: func(err error) bool { return errors.Is(err, errBusy) }}

// busyFor returns a question that is answered after that time, with that error.
func busyFor(limit time.Duration, answer error) func() error {
	free := time.Now().Add(limit)
	return func() error {
		if time.Now().Before(free) {
			return errBusy
		}
		return answer
	}
}

func TestWhoeverIsKeptWaitingAsksAgain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{"Written": nil, "Failed": errors.New("no such table")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if err := impatient.await(t.Context(), busyFor(busyTimeout-time.Second, want)); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		})
	}
}

func TestNobodyIsKeptWaitingForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := impatient.await(t.Context(), busyFor(time.Hour, nil))
		if waited := time.Since(began); !errors.Is(err, errBusy) || waited != busyTimeout {
			t.Errorf("got %v after %v, want %v after %v", err, waited, errBusy, busyTimeout)
		}
	})
}

func TestNobodyWaitsLongerThanTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := impatient.await(ctx, busyFor(time.Hour, nil))
		if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || waited != time.Second {
			t.Errorf("got %v after %v, want the end of the context", err, waited)
		}
	})
}
