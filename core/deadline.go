package core

import (
	"context"
	"sync"
	"time"
)

// deadline is a context with a time limit, as [context.WithTimeout] makes one,
// that begins when it is first asked anything: by whoever is about to wait. A
// check that is answered from memory then needs no timer.
type deadline struct {
	parent context.Context //nolint:containedctx // it is a context
	limit  time.Duration

	begin  sync.Once
	begun  context.Context //nolint:containedctx // it is a context
	cancel context.CancelFunc
}

func (d *deadline) running() context.Context {
	d.begin.Do(func() { d.begun, d.cancel = context.WithTimeout(d.parent, d.limit) })
	return d.begun
}

func (d *deadline) Deadline() (time.Time, bool) { return d.running().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.running().Done() }
func (d *deadline) Err() error                  { return d.running().Err() }
func (d *deadline) Value(key any) any           { return d.running().Value(key) }

// end ends the context, whether it has begun or not.
func (d *deadline) end() {
	d.begin.Do(func() { d.begun, d.cancel = over, func() {} })
	d.cancel()
}

// over is a context that has ended.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
