package entstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var (
	errBusy     = errors.New("another process writes")
	errDeadlock = errors.New("deadlock detected")
)

var failing = Dialect{
	IsBusy:     func(err error) bool { return errors.Is(err, errBusy) },
	IsDeadlock: func(err error) bool { return errors.Is(err, errDeadlock) },
}

// busyFor returns a function that fails with errBusy for that time, and then
// returns the result.
func busyFor(limit time.Duration, result error) func() error {
	free := time.Now().Add(limit)
	return func() error {
		if time.Now().Before(free) {
			return errBusy
		}
		return result
	}
}

func TestDialect_RetryBusy(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{"Success": nil, "OtherError": errors.New("no such table")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if err := failing.retryBusy(t.Context(), busyFor(busyTimeout-time.Second, want)); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		})
	}
}

func TestDialect_RetryBusy_Timeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := failing.retryBusy(t.Context(), busyFor(time.Hour, nil))
		if waited := time.Since(began); !errors.Is(err, errBusy) || waited != busyTimeout {
			t.Errorf("got %v after %v, want %v after %v", err, waited, errBusy, busyTimeout)
		}
	})
}

func TestDialect_RetryBusy_ContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := failing.retryBusy(ctx, busyFor(time.Hour, nil))
		if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errBusy) || waited != time.Second {
			t.Errorf("got %v after %v, want both errors after 1s", err, waited)
		}
	})
}

// deadlocks returns a function that fails with errDeadlock that often, and how
// often it was called.
func deadlocks(times int) (fn func() error, calls *int) {
	calls = new(int)
	return func() error {
		if *calls++; *calls <= times {
			return errDeadlock
		}
		return nil
	}, calls
}

func TestDialect_RetryDeadlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times int
		want  error
	}{"None": {0, nil}, "AtTheLimit": {maxAttempts - 1, nil}, "OverTheLimit": {maxAttempts, errDeadlock}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fn, calls := deadlocks(c.times)
				if err := failing.retryDeadlock(t.Context(), fn); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if want := min(c.times+1, maxAttempts); *calls != want {
					t.Errorf("%d calls, want %d", *calls, want)
				}
			})
		})
	}
}

func TestDialect_RetryDeadlock_ContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := failing.retryDeadlock(ctx, func() error {
			calls++
			cancel()
			return errDeadlock
		})
		if calls != 1 || !errors.Is(err, errDeadlock) || !errors.Is(err, context.Canceled) {
			t.Errorf("%d calls, error %v; want both errors after 1 call", calls, err)
		}
	})
}
