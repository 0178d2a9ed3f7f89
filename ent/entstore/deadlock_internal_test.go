package entstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errDeadlock = errors.New("undone so that others can go on")

var deadlocking = Dialect{IsDeadlock: func(err error) bool { return errors.Is(err, errDeadlock) }}

// undone returns work that is undone so many times, and how often it was done.
func undone(times int) (work func() error, done *int) {
	done = new(int)
	return func() error {
		if *done++; *done <= times {
			return errDeadlock
		}
		return nil
	}, done
}

func TestUndoneWorkIsDoneAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times int
		want  error
	}{"Never": {0, nil}, "AsOftenAsMayBe": {maxAttempts - 1, nil}, "TooOften": {maxAttempts, errDeadlock}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				work, done := undone(c.times)
				if err := deadlocking.persist(t.Context(), work); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if want := min(c.times+1, maxAttempts); *done != want {
					t.Errorf("done %d times, want %d", *done, want)
				}
			})
		})
	}
}

func TestUndoneWorkIsNotDoneAgainAfterTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		work, _ := undone(maxAttempts)
		if err := deadlocking.persist(ctx, work); !errors.Is(err, errDeadlock) || time.Since(began) > maxAttempts*retryPause {
			t.Errorf("got %v after %v, want %v soon", err, time.Since(began), errDeadlock)
		}
	})
}
