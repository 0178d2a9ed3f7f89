package watch

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Session is a session to watch.
type Session struct {
	User identity.UserID // whose changes concern the session
	ID   string          // unique among the user's

	// ProviderSession is the mark of the session at the provider that the session is
	// a token of; "": none.
	ProviderSession string

	// Check returns the state of the session. An error other than
	// TemporarilyUnavailable ends it. Of the sessions with one User and ID one
	// Check is called.
	Check func(context.Context) (State, error)
}

// State is the result of a check of an active session. Contexts end at ExpiresAt
// with the error Expired, which are required. They end at IdleAt too, unless a
// check then finds a later time; zero: never.
type State struct {
	ExpiresAt time.Time
	Expired   error
	IdleAt    time.Time
}

func (s State) expired(now time.Time) bool {
	return s.Expired != nil && !now.Before(s.ExpiresAt)
}

// until returns the time until which the session is known to continue unless it
// is revoked.
func (s State) until() time.Time {
	if !s.IdleAt.IsZero() && s.IdleAt.Before(s.ExpiresAt) {
		return s.IdleAt
	}
	return s.ExpiresAt
}

// watched is a session with the contexts that end with it. The watcher's mutex
// guards it.
type watched struct {
	Session
	streams map[*stream]struct{}

	state    State // of the last check that succeeded; zero: none did
	timer    *time.Timer
	checking bool // a check runs
	again    bool // a check follows it: the user has changed since it began
	removed  bool
}

// stream is a context that ends with its session.
type stream struct {
	cancel context.CancelCauseFunc
	keep   func() bool // stops waiting for the end of the context
}

// checkNow starts a check, after the running one if there is one.
func (s *watched) checkNow() {
	if s.checking {
		s.again = true
		return
	}
	s.timer.Reset(0)
}

// outlives reports whether the session continues although a check failed: if it
// could not be checked, as long as an earlier check found.
func (s *watched) outlives(failed error, now time.Time) bool {
	return autherr.CodeOf(failed) == autherr.TemporarilyUnavailable && now.Before(s.state.until())
}

// planNext starts the timer of the next check.
func (s *watched) planNext(now time.Time) {
	jittered := minInterval + rand.N(maxInterval-minInterval) //nolint:gosec // no secret
	wait := min(jittered, s.state.until().Sub(now))
	if s.again {
		wait = 0
	}
	s.timer.Reset(max(wait, 0))
}
