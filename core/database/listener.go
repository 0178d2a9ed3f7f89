package database

import (
	"context"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Listener is implemented by a [Database] that notifies each process of what the
// others write. The kit uses it to cache sessions.
type Listener interface {
	// Listen returns when ctx is done. Until then it calls heard for each user whose
	// session was revoked, deleted or given another lookup, or that was disabled,
	// enabled, deleted or given another not-before or external id, by a committed write
	// of any process; further users do no harm.
	//
	// It calls trusted(t) once heard was called for all such writes that had been
	// committed one second before t. A process may therefore accept until t what it
	// has read since the last trusted(time.Time{}), and has not heard of. That call
	// reports that notifications may be lost: when Listen begins, and each time that
	// the connection is lost. Listen then connects again.
	//
	// Times have the monotonic clock. Calls do not overlap.
	Listen(ctx context.Context, heard func(identity.UserID), trusted func(until time.Time))
}
