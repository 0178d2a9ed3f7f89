// Package watch cancels contexts when their session expires or is revoked. All
// contexts of a session share its checks: one at the first context, one at each
// reported change of the user, and one per interval.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

const (
	maxInterval  = 15 * time.Second // between two checks of a session
	minInterval  = 12 * time.Second // so that sessions that begin together are not checked together
	checkTimeout = 3 * time.Second
	maxChecks    = 8 // at the same time
)

// errClosed is why contexts end when their watcher is closed.
var errClosed = autherr.New(autherr.TemporarilyUnavailable, "shutting_down")

// Watcher watches sessions as long as they have contexts. It uses no goroutine
// between two checks.
type Watcher struct {
	now     func() time.Time
	permits chan struct{} // one of each running check

	open    context.Context //nolint:containedctx // until Close
	close   context.CancelFunc
	running sync.WaitGroup // checks

	mu       sync.Mutex
	sessions map[identity.UserID]map[string]*watched // by Session.ID
}

// New returns a watcher. now is the clock of session expiries.
func New(now func() time.Time) *Watcher {
	w := &Watcher{now: now, permits: make(chan struct{}, maxChecks), sessions: map[identity.UserID]map[string]*watched{}}
	w.open, w.close = context.WithCancel(context.Background())
	return w
}

// Watch returns a context that ends when ctx does, when the session expires or is
// revoked, or when the watcher is closed. [context.Cause] returns the reason, an
// *autherr.Error, unless ctx ended first. A revocation before the call is not
// missed: the session is checked at once unless it is watched already.
func (w *Watcher) Watch(ctx context.Context, s Session) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open.Err() != nil {
		cancel(errClosed)
		return ctx
	}
	shared := w.enter(s)
	added := &stream{cancel: cancel}
	shared.streams[added] = struct{}{}
	added.keep = context.AfterFunc(ctx, func() { w.leave(shared, added) })
	return ctx
}

// Heard checks the sessions of a user, who may have changed. It does not wait for
// the result.
func (w *Watcher) Heard(user identity.UserID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sessions[user] {
		s.checkNow()
	}
}

// HeardEnded checks the tokens of a session at a provider, which has ended. It does
// not wait for the result.
func (w *Watcher) HeardEnded(mark string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ofUser := range w.sessions {
		for _, s := range ofUser {
			if s.ProviderSession == mark {
				s.checkNow()
			}
		}
	}
}

// Close ends all contexts, and waits for running checks.
func (w *Watcher) Close() {
	w.mu.Lock()
	w.close()
	for _, ofUser := range w.sessions {
		for _, s := range ofUser {
			w.end(s, errClosed)
		}
	}
	w.mu.Unlock()
	w.running.Wait()
}

// enter returns the watched session. If it is not watched yet, its first check
// begins.
func (w *Watcher) enter(s Session) *watched {
	ofUser := w.sessions[s.User]
	if ofUser == nil {
		ofUser = map[string]*watched{}
		w.sessions[s.User] = ofUser
	}
	if shared := ofUser[s.ID]; shared != nil {
		return shared
	}
	added := &watched{Session: s, streams: map[*stream]struct{}{}}
	added.timer = time.AfterFunc(0, func() { w.check(added) })
	ofUser[s.ID] = added
	return added
}

// leave removes a context that has ended, and a session with the last of its
// contexts.
func (w *Watcher) leave(s *watched, ended *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(s.streams, ended)
	if len(s.streams) == 0 {
		w.remove(s)
	}
}

// check finds out whether the session continues, and ends it or plans the next
// check.
func (w *Watcher) check(s *watched) {
	if !w.begin(s) {
		return
	}
	defer w.running.Done()
	state, err := w.query(s)
	w.mu.Lock()
	defer w.mu.Unlock()
	s.checking = false
	switch {
	case s.removed:
	case err != nil && !s.outlives(err, w.now()):
		w.end(s, err)
	default:
		if err == nil {
			s.state = state
		}
		s.planNext(w.now())
	}
}

// begin reports whether a check begins: not if the session is no longer watched,
// another check runs, or the session's expiry has passed.
func (w *Watcher) begin(s *watched) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.removed || s.checking {
		return false
	}
	if s.state.expired(w.now()) {
		w.end(s, s.state.Expired)
		return false
	}
	s.checking, s.again = true, false
	w.running.Add(1)
	return true
}

// query returns the state of a session, once fewer than maxChecks checks run.
func (w *Watcher) query(s *watched) (State, error) {
	ctx, cancel := context.WithTimeout(w.open, checkTimeout)
	defer cancel()
	select {
	case w.permits <- struct{}{}:
		defer func() { <-w.permits }()
		return s.Check(ctx)
	case <-ctx.Done():
		return State{}, autherr.StoreFailed(ctx.Err())
	}
}

// end ends the contexts of a session.
func (w *Watcher) end(s *watched, why error) {
	for stream := range s.streams {
		stream.keep()
		stream.cancel(why)
	}
	w.remove(s)
}

// remove stops watching a session.
func (w *Watcher) remove(s *watched) {
	if s.removed {
		return
	}
	s.removed = true
	s.timer.Stop()
	ofUser := w.sessions[s.User]
	delete(ofUser, s.ID)
	if len(ofUser) == 0 {
		delete(w.sessions, s.User)
	}
}
