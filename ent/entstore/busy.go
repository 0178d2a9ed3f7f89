package entstore

import (
	"context"
	"errors"
	"time"
)

const (
	busyTimeout = 5 * time.Second  // how long other processes may keep us waiting
	busyPause   = time.Millisecond // between two questions
)

func (d Dialect) isBusy(err error) bool { return d.IsBusy != nil && d.IsBusy(err) }

// await asks, and asks again while another process writes, until the context is
// done or [busyTimeout] is over.
func (d Dialect) await(ctx context.Context, ask func() error) error {
	err := ask()
	if !d.isBusy(err) {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for d.isBusy(err) {
		select {
		case <-patience.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(busyPause):
			err = ask()
		}
	}
	return err
}
