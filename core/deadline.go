package core

import (
	"context"
	"sync"
	"time"
)

// deadline is a context with a time limit like that of [context.WithTimeout],
// except that the limit begins at the first use of the context: a check that
// uses memory only then needs no timer.
type deadline struct {
	parent context.Context //nolint:containedctx // it is a context
	limit  time.Duration

	start   sync.Once
	started context.Context //nolint:containedctx // it is a context
	cancel  context.CancelFunc
}

func (d *deadline) running() context.Context {
	d.start.Do(func() { d.started, d.cancel = context.WithTimeout(d.parent, d.limit) })
	return d.started
}

func (d *deadline) Deadline() (time.Time, bool) { return d.running().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.running().Done() }
func (d *deadline) Err() error                  { return d.running().Err() }
func (d *deadline) Value(key any) any           { return d.running().Value(key) }

// end cancels the context, whether it has been used or not.
func (d *deadline) end() {
	d.start.Do(func() { d.started, d.cancel = canceled, func() {} })
	d.cancel()
}

var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
