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

// userCache finds users and remembers those it found for ttl. That somebody is
// not registered is not remembered. Who asks for one user at the same time
// shares one answer. A ttl of zero remembers and shares nothing.
type userCache struct {
	users   account.Finder
	ttl     time.Duration
	now     func() time.Time
	found   *otter.Cache[identity.Key, foundUser]
	flights singleflight.Group // questions under way

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
	if c.ttl == 0 {
		return c.users.Find(ctx, key)
	}
	return c.ask(ctx, key, now)
}

// ask finds a user, once for all who ask since something was last forgotten. Of
// the others only success is taken: their failure may be that their client has
// gone.
func (c *userCache) ask(ctx context.Context, key identity.Key, now time.Time) (identity.User, error) {
	forgotten := c.generation()
	flight := fmt.Sprintf("%d %d %s %s", forgotten, len(key.Issuer), key.Issuer, key.Subject)
	answer, err, shared := c.flights.Do(flight, func() (any, error) {
		user, err := c.users.Find(ctx, key)
		if err == nil {
			c.remember(user, now, forgotten)
		}
		return user, err
	})
	if user, ok := answer.(identity.User); ok && err == nil {
		return user, nil
	}
	if shared {
		return c.users.Find(ctx, key)
	}
	return identity.User{}, err //nolint:wrapcheck // it is that of Find
}

// remember keeps the user, unless something was forgotten since it was asked
// for: then it may be what was to be forgotten.
func (c *userCache) remember(user identity.User, at time.Time, forgotten int) {
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
