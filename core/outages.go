package core

import (
	"sync"
	"time"
)

// outageInterval is how often an ongoing outage is logged.
const outageInterval = time.Minute

// outages decides which failed readiness checks are logged, so that polling
// does not fill the log: the first of an outage, and then one a minute. The zero
// value has none.
type outages struct {
	mu     sync.Mutex
	logged map[string]time.Time // by cause
}

// due reports whether a failed check is to be logged.
func (o *outages) due(cause string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ongoing := o.logged[cause]; ongoing && now.Sub(last).Abs() < outageInterval {
		return false
	}
	if o.logged == nil {
		o.logged = map[string]time.Time{}
	}
	o.logged[cause] = now
	return true
}

// end ends an outage. It returns false if there was none.
func (o *outages) end(cause string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ongoing := o.logged[cause]
	delete(o.logged, cause)
	return ongoing
}
