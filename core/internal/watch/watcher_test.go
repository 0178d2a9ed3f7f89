package watch_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/watch"
)

var (
	errRevoked = autherr.New(autherr.InvalidToken, "session_revoked")
	errExpired = autherr.New(autherr.InvalidToken, "session_expired")
	errAway    = autherr.New(autherr.TemporarilyUnavailable, "store_failed")
)

// fake is a session of which a test sets what a check finds.
type fake struct {
	user   identity.UserID
	id     string
	checks atomic.Int64
	takes  time.Duration // a check

	mu    sync.Mutex
	state watch.State
	err   error
}

// newFake returns a session that expires in a day.
func newFake(id string) *fake {
	f := &fake{user: uuid.NewSHA1(uuid.Nil, []byte(id)), id: id}
	f.state = watch.State{ExpiresAt: time.Now().Add(24 * time.Hour), Expired: errExpired}
	return f
}

func (f *fake) session() watch.Session {
	return watch.Session{User: f.user, ID: f.id, Check: f.check}
}

func (f *fake) check(ctx context.Context) (watch.State, error) {
	f.checks.Add(1)
	f.mu.Lock()
	state, err := f.state, f.err
	f.mu.Unlock()
	select {
	case <-ctx.Done():
		return watch.State{}, autherr.StoreFailed(ctx.Err())
	case <-time.After(f.takes):
		return state, err
	}
}

// fails sets the error of the checks that begin from now on.
func (f *fake) fails(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fake) idleAt(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.IdleAt = at
}

func (f *fake) wantChecks(t *testing.T, want int64) {
	t.Helper()
	synctest.Wait()
	if got := f.checks.Load(); got != want {
		t.Errorf("%s: %d checks, want %d", f.id, got, want)
	}
}

func wantOpen(ctx context.Context, t *testing.T) {
	t.Helper()
	synctest.Wait()
	if ctx.Err() != nil {
		t.Fatalf("the context ended: %v", context.Cause(ctx))
	}
}

func wantEnded(ctx context.Context, t *testing.T, why error) {
	t.Helper()
	synctest.Wait()
	if ctx.Err() == nil {
		t.Fatalf("the context did not end, want %v", why)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, why) {
		t.Errorf("the context ended with %v, want %v", cause, why)
	}
}

// run calls test with a watcher, in a bubble.
func run(t *testing.T, test func(t *testing.T, w *watch.Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := watch.New(time.Now)
		defer w.Close()
		test(t, w)
	})
}

func TestWatcher_EndedBefore(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		wantOpen(w.Watch(t.Context(), ada.session()), t)
		bob := newFake("bob")
		bob.fails(errRevoked)
		wantEnded(w.Watch(t.Context(), bob.session()), t, errRevoked)
	})
}

func TestWatcher_Heard(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada, bob := newFake("ada"), newFake("bob")
		one, two := w.Watch(t.Context(), ada.session()), w.Watch(t.Context(), ada.session())
		other := w.Watch(t.Context(), bob.session())
		w.Heard(ada.user)
		wantOpen(one, t)
		ada.fails(errRevoked)
		w.Heard(ada.user)
		wantEnded(one, t, errRevoked)
		wantEnded(two, t, errRevoked)
		wantOpen(other, t)
		bob.wantChecks(t, 1)
	})
}

// A change during a check is not in its result.
func TestWatcher_HeardDuringCheck(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		ada.takes = 500 * time.Millisecond
		ctx := w.Watch(t.Context(), ada.session())
		ada.wantChecks(t, 1)
		ada.fails(errRevoked)
		w.Heard(ada.user)
		w.Heard(ada.user)
		time.Sleep(ada.takes)
		wantOpen(ctx, t)
		time.Sleep(ada.takes)
		wantEnded(ctx, t, errRevoked)
		ada.wantChecks(t, 2)
	})
}

func TestWatcher_Interval(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		const interval = 15 * time.Second
		ada := newFake("ada")
		ctx := w.Watch(t.Context(), ada.session())
		for n := range int64(100) {
			ada.wantChecks(t, n+1)
			before := time.Now()
			for ada.checks.Load() == n+1 {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			if took := time.Since(before); took < 11*time.Second || took > interval {
				t.Errorf("checked after %v", took)
			}
		}
		ada.fails(errRevoked)
		time.Sleep(interval)
		wantEnded(ctx, t, errRevoked)
	})
}

func TestWatcher_SharesChecks(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		sessions := make([]*fake, 100)
		var all []context.Context
		for i := range sessions {
			sessions[i] = newFake(fmt.Sprint("user ", i))
			for range 10 {
				all = append(all, w.Watch(t.Context(), sessions[i].session()))
			}
		}
		for _, s := range sessions {
			s.wantChecks(t, 1)
		}
		time.Sleep(time.Minute)
		for _, s := range sessions {
			if got := s.checks.Load(); got < 5 || got > 6 {
				t.Errorf("%s: %d checks in a minute", s.id, got)
			}
		}
		sessions[0].fails(errRevoked)
		w.Heard(sessions[0].user)
		for i, ctx := range all {
			if i < 10 {
				wantEnded(ctx, t, errRevoked)
			} else {
				wantOpen(ctx, t)
			}
		}
	})
}

func TestWatcher_Expiry(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		ada.state.ExpiresAt = time.Now().Add(5 * time.Second)
		ctx := w.Watch(t.Context(), ada.session())
		time.Sleep(5*time.Second - 1)
		wantOpen(ctx, t)
		time.Sleep(1)
		wantEnded(ctx, t, errExpired)
		ada.wantChecks(t, 1)
	})
}

func TestWatcher_Idle(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		ada.idleAt(time.Now().Add(5 * time.Second))
		ctx := w.Watch(t.Context(), ada.session())
		ada.wantChecks(t, 1)
		ada.idleAt(time.Now().Add(10 * time.Second)) // another request
		time.Sleep(5 * time.Second)
		wantOpen(ctx, t)
		ada.wantChecks(t, 2)
		ada.fails(autherr.New(autherr.InvalidToken, "session_idle"))
		time.Sleep(5 * time.Second)
		wantEnded(ctx, t, autherr.InvalidToken)
	})
}

func TestWatcher_StoreAway(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada, bob := newFake("ada"), newFake("bob")
		bob.idleAt(time.Now().Add(time.Minute))
		adas, bobs := w.Watch(t.Context(), ada.session()), w.Watch(t.Context(), bob.session())
		wantOpen(bobs, t)
		ada.fails(errAway)
		bob.fails(errAway)
		time.Sleep(time.Minute - 1)
		wantOpen(bobs, t)
		time.Sleep(1)
		wantEnded(bobs, t, errAway)
		time.Sleep(time.Hour)
		wantOpen(adas, t)
		if got := ada.checks.Load(); got < 3660/15 || got > 3660/12+1 {
			t.Errorf("%d checks in 61 minutes", got)
		}
		ada.fails(errRevoked)
		time.Sleep(15 * time.Second)
		wantEnded(adas, t, errRevoked)

		eve := newFake("eve")
		eve.fails(errAway)
		wantEnded(w.Watch(t.Context(), eve.session()), t, errAway)
	})
}

// A store that does not respond delays the end by at most a check's timeout.
func TestWatcher_StoreHangs(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		sessions := make([]*fake, 100)
		var contexts []context.Context
		for i := range sessions {
			sessions[i] = newFake(fmt.Sprint("user ", i))
			sessions[i].state.ExpiresAt = time.Now().Add(time.Minute)
			contexts = append(contexts, w.Watch(t.Context(), sessions[i].session()))
		}
		synctest.Wait()
		for _, s := range sessions {
			s.takes = time.Hour
			w.Heard(s.user)
		}
		time.Sleep(time.Minute - 1)
		for _, ctx := range contexts {
			wantOpen(ctx, t)
		}
		time.Sleep(1 + 3*time.Second)
		for _, ctx := range contexts {
			wantEnded(ctx, t, errExpired)
		}
	})
}

func TestWatcher_ContextEnds(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		parent, cancel := context.WithCancel(t.Context())
		one, two := w.Watch(parent, ada.session()), w.Watch(t.Context(), ada.session())
		cancel()
		wantEnded(one, t, context.Canceled)
		wantOpen(two, t)
		ada.fails(errRevoked)
		w.Heard(ada.user)
		wantEnded(two, t, errRevoked)
		ada.wantChecks(t, 2)
	})
}

func TestWatcher_Removes(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		ada := newFake("ada")
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			ada.checks.Store(0)
			w.Watch(ctx, ada.session())
			ada.wantChecks(t, 1)
			cancel()
			synctest.Wait()
			w.Heard(ada.user)
			time.Sleep(time.Minute)
			ada.wantChecks(t, 1)
		}
	})
}

func TestWatcher_Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch.New(time.Now)
		ada, bob := newFake("ada"), newFake("bob")
		bob.takes = time.Second
		contexts := []context.Context{w.Watch(t.Context(), ada.session()), w.Watch(t.Context(), bob.session())}
		wantOpen(contexts[0], t)
		w.Close()
		for _, ctx := range append(contexts, w.Watch(t.Context(), ada.session())) {
			wantEnded(ctx, t, autherr.TemporarilyUnavailable)
		}
		ada.wantChecks(t, 1)
	})
}

// The bubble does not end while a goroutine of it runs.
func TestWatcher_NoGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch.New(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 100 {
			w.Watch(ctx, newFake(fmt.Sprint(i)).session())
		}
		cancel()
	})
}

// Watching, changes and ends race. Each context ends at last.
func TestWatcher_Races(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *watch.Watcher) {
		var all sync.WaitGroup
		for i := range 50 {
			s := newFake(fmt.Sprint(i % 10))
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				watched := w.Watch(ctx, s.session())
				w.Heard(s.user)
				s.fails(errRevoked)
				w.Heard(s.user)
				if i%3 == 0 {
					cancel()
				}
				<-w.Watch(ctx, newFake("x").session()).Done()
				<-watched.Done()
			})
		}
		time.Sleep(time.Minute)
		w.Close()
		all.Wait()
	})
}

func TestWatcher_Memory(t *testing.T) { //nolint:paralleltest // it measures the heap
	const streams, limit = 1000, 2 << 10
	w := watch.New(time.Now)
	defer w.Close()
	ada := newFake("ada")
	contexts := make([]context.Context, 0, streams)
	before := heap()
	for range streams {
		contexts = append(contexts, w.Watch(t.Context(), ada.session()))
	}
	if used := (heap() - before) / streams; used > limit {
		t.Errorf("%d bytes of heap for each context, want at most %d", used, limit)
	}
	runtime.KeepAlive(contexts)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
