package session

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

const maxCachedUsers = 10_000

// userCache finds users and remembers those it found for ttl. That somebody is
// not registered is not remembered. A ttl of zero remembers nothing.
type userCache struct {
	users account.Finder
	ttl   time.Duration
	now   func() time.Time
	found *otter.Cache[identity.Key, foundUser]

	mu        sync.Mutex // held while found is written to
	forgotten int        // how often forget was called
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
	forgotten := c.generation()
	user, err := c.users.Find(ctx, key)
	if err != nil {
		return identity.User{}, err
	}
	c.remember(user, now, forgotten)
	return user, nil
}

// remember keeps the user, unless something was forgotten since it was asked
// for: then it may be what was to be forgotten.
func (c *userCache) remember(user identity.User, at time.Time, forgotten int) {
	if c.ttl == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten == forgotten {
		c.found.Set(user.Key, foundUser{user: user, at: at})
	}
}

// forget drops the user, whatever identity it was found by.
func (c *userCache) forget(user identity.UserID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten++
	for key, hit := range c.found.All() {
		if hit.user.ID == user {
			c.found.Invalidate(key)
		}
	}
}

func (c *userCache) generation() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgotten
}
