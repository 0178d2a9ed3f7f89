package core

import (
	"context"
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// The first sweep runs a minute after start, so that short-lived processes also
// delete expired sessions.
const (
	firstSweep = time.Minute
	sweepEvery = 10 * time.Minute
)

// sweep deletes ended sessions regularly until ctx is done.
func sweep(ctx context.Context, own *session.Own, o options) {
	for wait := firstSweep; ; wait = sweepEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			sweepOnce(ctx, own, o)
		}
	}
}

// sweepOnce recovers a panic of the store, which would end the process.
func sweepOnce(ctx context.Context, own *session.Own, o options) {
	defer func() {
		if cause := recover(); cause != nil {
			o.log.Error("panic while deleting ended sessions", "event", "session_sweep_failed", "error", fmt.Sprint(cause))
		}
	}()
	if n, err := own.Sweep(ctx); err != nil {
		o.log.Warn("could not delete ended sessions", "event", "session_sweep_failed", "error", err.Error())
	} else if n > 0 {
		o.log.Info("deleted ended sessions", "event", "session_sweep", "deleted", n)
	}
}
