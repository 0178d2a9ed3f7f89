package entstore

import (
	"context"
	"fmt"

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
