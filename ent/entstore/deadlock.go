package entstore

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	maxAttempts = 10                   // how often work is done that deadlocks with others each time
	retryPause  = 5 * time.Millisecond // after the first time on average, then longer by as much
)

func (d Dialect) isDeadlock(err error) bool { return d.IsDeadlock != nil && d.IsDeadlock(err) }

// persist does work, and does it again if the database has undone it so that
// others can go on: that is nobody's fault. Those who were in each other's way
// wait for different times.
func (d Dialect) persist(ctx context.Context, work func() error) error {
	for attempt := 1; ; attempt++ {
		err := work()
		if attempt == maxAttempts || !d.isDeadlock(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(2 * time.Duration(attempt) * retryPause)): //nolint:gosec // nobody gains from guessing it
		}
	}
}
