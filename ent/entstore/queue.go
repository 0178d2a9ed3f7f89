package entstore

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// queue lets the writers of this process in one after the other, in the order in
// which they came, where the database lets one write at a time. SQLite itself
// gives its lock to whoever happens to ask when it is free, so that others wait
// for ever, and has all of them hold connections that readers need.
type queue struct {
	dialect Dialect
	door    *semaphore.Weighted // nil: all may write at once
}

func newQueue(d Dialect) queue {
	if !d.oneWriter() {
		return queue{dialect: d}
	}
	return queue{d, semaphore.NewWeighted(1)}
}

// enter waits until the caller may write, who then must leave.
func (q queue) enter(ctx context.Context) error {
	if q.door == nil {
		return nil
	}
	if err := q.door.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("entstore: waiting for other writers: %w", err)
	}
	return nil
}

func (q queue) leave() {
	if q.door != nil {
		q.door.Release(1)
	}
}

// execute executes, in its turn, a statement that is a transaction by itself,
// and may be executed again.
func (q queue) execute(ctx context.Context, statement func() error) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	defer q.leave()
	return q.dialect.persist(ctx, func() error { return q.dialect.await(ctx, statement) })
}
