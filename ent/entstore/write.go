package entstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"
	"golang.org/x/sync/semaphore"
)

// queue serializes the writers of this process in order of arrival, if the
// database allows one writer at a time. SQLite's own lock is not fair, so that a
// writer may starve, and its waiting writers occupy connections that readers
// need.
type queue struct {
	dialect Dialect
	turn    *semaphore.Weighted // nil: concurrent writers are allowed
}

func newQueue(d Dialect) queue {
	if !d.oneWriter() {
		return queue{dialect: d}
	}
	return queue{d, semaphore.NewWeighted(1)}
}

// enter waits until the caller may write. The caller must then call leave.
func (q queue) enter(ctx context.Context) error {
	if q.turn == nil {
		return nil
	}
	if err := q.turn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("entstore: waiting for other writers: %w", err)
	}
	return nil
}

func (q queue) leave() {
	if q.turn != nil {
		q.turn.Release(1)
	}
}

// execute executes a single statement outside of a transaction, and retries it
// after a deadlock or while another process writes.
func (q queue) execute(ctx context.Context, statement func() error) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	defer q.leave()
	return q.dialect.retryDeadlock(ctx, func() error { return q.dialect.retryBusy(ctx, statement) })
}

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
