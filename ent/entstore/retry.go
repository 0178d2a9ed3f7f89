package entstore

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	// A transaction is run this often if it deadlocks each time.
	maxAttempts  = 10
	minRetryWait = 10 * time.Millisecond
	maxRetryWait = 100 * time.Millisecond

	busyTimeout = 5 * time.Second // how long a statement waits for other processes
	busyWait    = time.Millisecond
)

// retryDeadlock runs fn again after a deadlock or serialization failure. It
// waits for random times, so that the same transactions do not collide again.
func (d Dialect) retryDeadlock(ctx context.Context, fn func() error) error {
	if d.IsDeadlock == nil {
		return fn()
	}
	waits := retry.WithCappedDuration(maxRetryWait, retry.NewFibonacci(minRetryWait))
	return retryIf(ctx, retry.WithMaxRetries(maxAttempts-1, retry.WithFullJitter(waits)), d.IsDeadlock, fn)
}

// retryBusy runs fn again while another process writes, for at most
// [busyTimeout].
func (d Dialect) retryBusy(ctx context.Context, fn func() error) error {
	if d.IsBusy == nil {
		return fn()
	}
	return retryIf(ctx, retry.WithMaxDuration(busyTimeout, retry.NewConstant(busyWait)), d.IsBusy, fn)
}

// retryIf returns the last error of fn, joined with the context's if that ended
// the attempts.
func retryIf(ctx context.Context, waits retry.Backoff, retryable func(error) bool, fn func() error) error {
	var last error
	err := retry.Do(ctx, waits, func(context.Context) error {
		if last = fn(); last != nil && retryable(last) {
			return retry.RetryableError(last)
		}
		return last
	})
	if errors.Is(err, last) {
		return last
	}
	return errors.Join(last, err)
}
