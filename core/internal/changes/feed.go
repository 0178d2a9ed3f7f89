// Package changes notifies the caches and streams of a process that sessions of a
// user may have been revoked, or that the user has changed. [Announce] alone
// defines which writes do that.
package changes

import (
	"sync"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Feed passes changes of users to its subscribers. The zero value is ready for use
// by many goroutines.
type Feed struct {
	mu          sync.RWMutex
	subscribers map[*func(identity.UserID)]struct{}
}

// Subscribe calls heard for each change that is published from now on, until stop
// is called. heard must return soon and not call the feed.
func (f *Feed) Subscribe(heard func(user identity.UserID)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subscribers == nil {
		f.subscribers = map[*func(identity.UserID)]struct{}{}
	}
	f.subscribers[&heard] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subscribers, &heard)
	}
}

// Publish returns when every subscriber has heard of the user: a response that is
// sent afterwards cannot be overtaken by a cached session.
func (f *Feed) Publish(user identity.UserID) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for heard := range f.subscribers {
		(*heard)(user)
	}
}
