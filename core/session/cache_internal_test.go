package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// slowUsers returns the state at the call after a second.
type slowUsers struct {
	lookups  atomic.Int64
	disabled atomic.Bool
	fails    atomic.Bool
}

var errSlow = errors.New("session: the database is down")

func (u *slowUsers) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	u.lookups.Add(1)
	user := identity.User{ID: uuid.NewSHA1(uuid.Nil, []byte(key.Issuer+"\x00"+key.Subject)), Key: key, Disabled: u.disabled.Load()}
	fails := u.fails.Load()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return identity.User{}, ctx.Err()
	}
	if fails {
		return identity.User{}, errSlow
	}
	return user, nil
}

func (u *slowUsers) wantLookups(t *testing.T, want int64) {
	t.Helper()
	if got := u.lookups.Load(); got != want {
		t.Errorf("%d lookups, want %d", got, want)
	}
}

var slowAda = identity.Key{Issuer: "https://issuer.example", Subject: "ada"}

func TestCache_Concurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := new(slowUsers)
		c := newUserCache(users, time.Minute, time.Now)
		keys := []identity.Key{slowAda, {Issuer: slowAda.Issuer, Subject: "bob"}, {Issuer: "a", Subject: "b c"}, {Issuer: "a b", Subject: "c"}}
		var all sync.WaitGroup
		for range 50 {
			for _, key := range keys {
				all.Go(func() {
					if user, err := c.Find(t.Context(), key); err != nil || user.Key != key {
						t.Errorf("%v: got %v and %v", key, user.Key, err)
					}
				})
			}
		}
		all.Wait()
		users.wantLookups(t, int64(len(keys)))
	})
}

func TestCache_CanceledLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := new(slowUsers)
		c := newUserCache(users, time.Minute, time.Now)
		ctx, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Find(ctx, slowAda); !errors.Is(err, context.Canceled) {
				t.Errorf("the canceled call: got %v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			all.Go(func() {
				if user, err := c.Find(t.Context(), slowAda); err != nil || user.Key != slowAda {
					t.Errorf("another call: got %v and %v", user.Key, err)
				}
			})
		}
		synctest.Wait()
		giveUp()
		all.Wait()
	})
}

func TestCache_Failure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := new(slowUsers)
		c := newUserCache(users, time.Minute, time.Now)
		users.fails.Store(true)
		if _, err := c.Find(t.Context(), slowAda); !errors.Is(err, errSlow) {
			t.Errorf("got %v", err)
		}
		users.wantLookups(t, 1)
		users.fails.Store(false)
		if _, err := c.Find(t.Context(), slowAda); err != nil {
			t.Errorf("got %v", err)
		}
		users.wantLookups(t, 2)
	})
}

func TestCache_EvictDuringLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := new(slowUsers)
		c := newUserCache(users, time.Minute, time.Now)
		var early sync.WaitGroup
		early.Go(func() {
			if user, err := c.Find(t.Context(), slowAda); err != nil || user.Disabled {
				t.Errorf("before the change: %+v, %v", user, err)
			}
		})
		synctest.Wait() // for the store
		users.disabled.Store(true)
		c.evict(uuid.Must(uuid.NewV7()))
		if user, err := c.Find(t.Context(), slowAda); err != nil || !user.Disabled {
			t.Errorf("after the change: %+v, %v", user, err)
		}
		early.Wait()
		if user, err := c.Find(t.Context(), slowAda); err != nil || !user.Disabled {
			t.Errorf("later: %+v, %v", user, err)
		}
		users.wantLookups(t, 2)
	})
}

func TestCache_ZeroTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := new(slowUsers)
		c := newUserCache(users, 0, time.Now)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := c.Find(t.Context(), slowAda); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		users.wantLookups(t, 5)
	})
}

func TestCache_Bounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newUserCache(new(slowUsers), 24*time.Hour, time.Now)
		for n := range maxCached + 2000 {
			if _, err := c.Find(t.Context(), identity.Key{Issuer: "i", Subject: fmt.Sprint(n)}); err != nil {
				t.Fatal(err)
			}
		}
		c.found.CleanUp()
		if got := c.found.EstimatedSize(); got > maxCached || got < maxCached/2 {
			t.Errorf("%d users are cached, want at most %d", got, maxCached)
		}
	})
}
