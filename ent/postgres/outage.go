package postgres

import (
	"errors"
	"log/slog"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	minReconnectWait       = time.Second
	maxReconnectWait       = 30 * time.Second
	reconnectJitterPercent = 25 // so that the processes do not connect at once when the server is back
)

// outage is the time without notifications, which is logged once.
type outage struct {
	log    *slog.Logger
	waits  retry.Backoff // between the attempts to connect; nil: there is no outage
	logged string        // the last error that was logged
}

// lost records why there are no notifications, and returns how long to wait before
// the next attempt. It logs the first error, and others that are not failures to
// connect.
func (o *outage) lost(err error) (wait time.Duration) {
	isFirst := o.waits == nil
	if isFirst {
		o.waits = retry.WithJitterPercent(reconnectJitterPercent,
			retry.WithCappedDuration(maxReconnectWait, retry.NewExponential(minReconnectWait)))
	}
	if isFirst || !errors.Is(err, errNotConnected) && err.Error() != o.logged {
		o.logged = err.Error()
		o.log.Warn("notifications of PostgreSQL are lost: sessions are not cached until they are back",
			"event", "session_cache_off", "error", o.logged)
	}
	wait, _ = o.waits.Next()
	return wait
}

// over records that notifications arrive.
func (o *outage) over() {
	if o.waits == nil {
		return
	}
	o.waits = nil
	o.log.Info("notifications of PostgreSQL are back: sessions are cached again", "event", "session_cache_on")
}
