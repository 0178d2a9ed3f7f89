package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		wantOwners(t, c)
	})
}

// wantOwners checks that the owners' keys are those that are cached.
func wantOwners[K comparable, V any](t *testing.T, c *cache[K, V]) {
	t.Helper()
	total := 0
	for user, keys := range c.owners.keys {
		total += len(keys)
		if len(keys) == 0 {
			t.Errorf("%v has an empty list of keys", user)
		}
		for _, key := range keys {
			if hit, ok := c.found.GetIfPresent(key); !ok || c.owner(hit.value) != user {
				t.Fatalf("%v is no cached key of %v", key, user)
			}
		}
	}
	if cached := len(slices.Collect(c.found.Keys())); total != cached {
		t.Errorf("the users have %d keys, but %d are cached", total, cached)
	}
}

func TestCache_Owners(t *testing.T) {
	t.Parallel()
	ada, bob := uuid.New(), uuid.New()
	owners := map[int]identity.UserID{1: ada, 2: ada, 3: bob, 4: ada}
	c := newCache(func(_ context.Context, key int) (identity.UserID, error) { return owners[key], nil },
		func(user identity.UserID) identity.UserID { return user }, time.Minute, time.Now)
	wantCached := func(after string, want ...int) {
		t.Helper()
		if got := slices.Sorted(c.found.Keys()); !slices.Equal(got, want) {
			t.Errorf("after %s %v are cached, want %v", after, got, want)
		}
		wantOwners(t, c)
	}
	findAll := func() {
		for key := range owners {
			if _, err := c.Find(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	findAll()
	wantCached("look-ups", 1, 2, 3, 4)
	c.remove(2)
	wantCached("removing 2", 1, 3, 4)
	c.store(1, cached[identity.UserID]{bob, time.Now()}, c.generation) // was deleted, and registered again
	wantCached("another user has 1", 1, 3, 4)
	c.evict(ada)
	wantCached("evicting Ada", 1, 3)
	c.evict(ada)
	c.evict(bob)
	wantCached("evicting Bob")
	findAll()
	c.trust(time.Time{})
	wantCached("a lost channel")
}

// Sessions are cached and evicted, and others overflow, all at once.
func TestCache_OwnersConcurrent(t *testing.T) {
	t.Parallel()
	users := []identity.UserID{uuid.New(), uuid.New(), uuid.New()}
	c := newCache(func(_ context.Context, key int) (identity.UserID, error) { return users[key%len(users)], nil },
		func(user identity.UserID) identity.UserID { return user }, time.Nanosecond, time.Now) // each look-up replaces
	c.found.SetMaximum(2) // many are evicted as soon as they are stored
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for key := range 2000 {
				if _, err := c.Find(t.Context(), key%50); err != nil {
					t.Error(err)
				}
				switch {
				case key%211 == 0:
					c.trust(time.Time{})
					c.trust(time.Now().Add(time.Hour))
				case key%17 == 0:
					c.evict(users[key%len(users)])
				case key%7 == 0:
					c.remove(key % 50)
				}
			}
		})
	}
	all.Wait()
	c.found.CleanUp()
	wantOwners(t, c)
}
