// Package changes notifies the caches and streams of a process that sessions of a
// user may have been revoked, that the user has changed, or that a session at a
// provider has ended. [Announce] alone defines which writes do that.
package changes

import (
	"sync"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Feed passes changes of users, and ended sessions of providers, to its
// subscribers. The zero value is ready for use by many goroutines.
type Feed struct {
	users topic[identity.UserID]
	ended topic[string]
}

// Subscribe calls heard for each change that is published from now on, until stop
// is called. heard must return soon and not call the feed.
func (f *Feed) Subscribe(heard func(user identity.UserID)) (stop func()) {
	return f.users.subscribe(heard)
}

// Publish returns when every subscriber has heard of the user: a response that is
// sent afterwards cannot be overtaken by a cached session.
func (f *Feed) Publish(user identity.UserID) { f.users.publish(user) }

// SubscribeEnded is Subscribe for sessions of providers, which their marks identify.
func (f *Feed) SubscribeEnded(heard func(mark string)) (stop func()) {
	return f.ended.subscribe(heard)
}

// PublishEnded is Publish for an ended session of a provider.
func (f *Feed) PublishEnded(mark string) { f.ended.publish(mark) }

// topic passes values of one type to its subscribers.
type topic[T any] struct {
	mu          sync.RWMutex
	subscribers map[*func(T)]struct{}
}

func (t *topic[T]) subscribe(heard func(T)) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subscribers == nil {
		t.subscribers = map[*func(T)]struct{}{}
	}
	t.subscribers[&heard] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.subscribers, &heard)
	}
}

func (t *topic[T]) publish(value T) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for heard := range t.subscribers {
		(*heard)(value)
	}
}
