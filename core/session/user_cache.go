package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

const maxCachedUsers = 10_000

// userCache finds users and caches those it found for ttl. An unknown identity is
// not cached. Concurrent look-ups of one user share a result. A ttl of zero
// caches and shares nothing.
type userCache struct {
	users   account.Finder
	ttl     time.Duration
	now     func() time.Time
	found   *otter.Cache[identity.Key, foundUser]
	flights singleflight.Group // current look-ups

	mu         sync.Mutex // guards writes to found
	generation int        // number of calls of evict
}

type foundUser struct {
	user identity.User
	at   time.Time
}

func newUserCache(users account.Finder, ttl time.Duration, now func() time.Time) *userCache {
	return &userCache{
		users: users,
		ttl:   ttl,
		now:   now,
		found: otter.Must(&otter.Options[identity.Key, foundUser]{MaximumSize: maxCachedUsers}),
	}
}

// Find implements [account.Finder].
func (c *userCache) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	now := c.now()
	if hit, ok := c.found.GetIfPresent(key); ok && now.Sub(hit.at) < c.ttl {
		return hit.user, nil
	}
	if c.ttl == 0 {
		return c.users.Find(ctx, key)
	}
	return c.lookup(ctx, key, now)
}

// lookup finds a user, once for all concurrent calls since the last evict. Of a
// shared look-up only success is used: its failure may be that another client has
// disconnected.
func (c *userCache) lookup(ctx context.Context, key identity.Key, now time.Time) (identity.User, error) {
	generation := c.currentGeneration()
	flight := fmt.Sprintf("%d %d %s %s", generation, len(key.Issuer), key.Issuer, key.Subject)
	found, err, shared := c.flights.Do(flight, func() (any, error) {
		user, err := c.users.Find(ctx, key)
		if err == nil {
			c.store(user, now, generation)
		}
		return user, err
	})
	if user, ok := found.(identity.User); ok && err == nil {
		return user, nil
	}
	if shared {
		return c.users.Find(ctx, key)
	}
	return identity.User{}, err //nolint:wrapcheck // it is that of Find
}

// store caches the user, unless evict was called since the look-up began: the
// user may have changed.
func (c *userCache) store(user identity.User, at time.Time, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		c.found.Set(user.Key, foundUser{user: user, at: at})
	}
}

// evict removes the user from the cache, under every identity.
func (c *userCache) evict(user identity.UserID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for key, hit := range c.found.All() {
		if hit.user.ID == user {
			c.found.Invalidate(key)
		}
	}
}

func (c *userCache) currentGeneration() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}
