package core

import (
	"context"
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// The first sweep runs a minute after start, so that short-lived processes also
// delete expired rows.
const (
	firstSweep = time.Minute
	sweepEvery = 10 * time.Minute
)

// Marks are deleted an hour after they expired: another node's clock may be behind.
const (
	markSweepDelay = time.Hour
	markSweepBatch = 1000
)

// sweeper deletes rows that have expired, and returns how many.
type sweeper struct {
	event, rows string // for the log
	sweep       func(context.Context) (int, error)
}

// run deletes expired rows regularly until ctx is done.
func (s sweeper) run(ctx context.Context, o options) {
	for wait := firstSweep; ; wait = sweepEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			s.once(ctx, o)
		}
	}
}

// once recovers a panic of the store, which would end the process.
func (s sweeper) once(ctx context.Context, o options) {
	defer func() {
		if cause := recover(); cause != nil {
			o.log.Error("panic while deleting "+s.rows, "event", s.event+"_failed", "error", fmt.Sprint(cause))
		}
	}()
	if n, err := s.sweep(ctx); err != nil {
		o.log.Warn("could not delete "+s.rows, "event", s.event+"_failed", "error", err.Error())
	} else if n > 0 {
		o.log.Info("deleted "+s.rows, "event", s.event, "deleted", n)
	}
}

// sweepMarks deletes the expired marks of logins, messages and sessions at providers.
func (k *Kit) sweepMarks(ctx context.Context) (swept int, err error) {
	before := k.now().Add(-markSweepDelay)
	for {
		n, err := k.registrar.Store.Sweep(ctx, before, markSweepBatch)
		swept += n
		if err != nil {
			return swept, autherr.StoreFailed(err)
		}
		if n < markSweepBatch {
			return swept, nil
		}
	}
}
