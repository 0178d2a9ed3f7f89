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
	door *semaphore.Weighted // nil: all may write at once
}

func newQueue(d Dialect) queue {
	if !d.oneWriter() {
		return queue{}
	}
	return queue{door: semaphore.NewWeighted(1)}
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
