package session

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/cotterpin/cotterpin/core/identity"
)

const maxCached = 10_000

// cache finds values of users and caches those it found for ttl. A value that is
// not found is not cached. Concurrent look-ups of one key share a result. A ttl of
// zero caches and shares nothing.
type cache[K comparable, V any] struct {
	find    func(context.Context, K) (V, error)
	owner   func(V) identity.UserID // nil: values belong to no user
	ttl     time.Duration
	now     func() time.Time
	found   *otter.Cache[K, cached[V]]
	owners  *owners[K]         // of the keys in found
	flights singleflight.Group // current look-ups

	started time.Time
	until   atomic.Int64 // nanoseconds after started: until then the cache is used

	mu         sync.Mutex // guards writes to found
	generation int        // number of changes that make current look-ups outdated
}

type cached[V any] struct {
	value V
	at    time.Time // when its look-up began
}

func newCache[K comparable, V any](
	find func(context.Context, K) (V, error), owner func(V) identity.UserID, ttl time.Duration, now func() time.Time,
) *cache[K, V] {
	c := &cache[K, V]{
		find:    find,
		owner:   owner,
		ttl:     ttl,
		now:     now,
		owners:  newOwners[K](),
		started: time.Now(),
	}
	options := otter.Options[K, cached[V]]{MaximumSize: maxCached}
	if owner != nil {
		options.OnAtomicDeletion = func(e otter.DeletionEvent[K, cached[V]]) {
			c.owners.remove(owner(e.Value.value), e.Key)
		}
	}
	c.found = otter.Must(&options)
	c.until.Store(math.MaxInt64)
	return c
}

// Find returns a value from the cache, or finds and caches it.
func (c *cache[K, V]) Find(ctx context.Context, key K) (V, error) {
	if value, ok := c.get(key); ok {
		return value, nil
	}
	return c.lookup(ctx, key)
}

// get returns a cached value.
func (c *cache[K, V]) get(key K) (V, bool) {
	hit, ok := c.found.GetIfPresent(key)
	return hit.value, ok && c.now().Sub(hit.at) < c.ttl && c.isOn()
}

// lookup finds a value, once for all concurrent calls since the last change. Of a
// shared look-up only success is used: its failure may be that another client has
// disconnected.
func (c *cache[K, V]) lookup(ctx context.Context, key K) (V, error) {
	if c.ttl == 0 || !c.isOn() {
		return c.find(ctx, key)
	}
	now, generation := c.now(), c.currentGeneration()
	flight := fmt.Sprintf("%d %q", generation, any(key)) // %q keeps different keys different
	found, err, shared := c.flights.Do(flight, func() (any, error) {
		value, err := c.find(ctx, key)
		if err == nil {
			c.store(key, cached[V]{value, now}, generation)
		}
		return value, err
	})
	if value, ok := found.(V); ok && err == nil {
		return value, nil
	}
	if shared {
		return c.find(ctx, key)
	}
	var none V
	return none, err //nolint:wrapcheck // it is that of find
}

// store caches a value, unless something has changed since its look-up began.
func (c *cache[K, V]) store(key K, entry cached[V], generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != generation {
		return
	}
	c.found.Compute(key, func(cached[V], bool) (cached[V], otter.ComputeOp) {
		if c.owner != nil {
			c.owners.add(c.owner(entry.value), key) // before anything can remove the entry
		}
		return entry, otter.WriteOp
	})
}

// evict removes the values of a user, under every key.
func (c *cache[K, V]) evict(user identity.UserID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for _, key := range c.owners.take(user) {
		c.found.Invalidate(key)
	}
}

// remove removes the value of a key.
func (c *cache[K, V]) remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.found.Invalidate(key)
}

// trust lets the cache be used until a time. Zero, the time of a lost channel,
// also removes all values.
func (c *cache[K, V]) trust(until time.Time) {
	if !until.IsZero() {
		c.until.Store(int64(until.Sub(c.started)))
		return
	}
	c.until.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.found.InvalidateAll()
}

// isOn reads the monotonic clock: a process that was stopped finds its cache off.
func (c *cache[K, V]) isOn() bool {
	until := c.until.Load()
	return until == math.MaxInt64 || int64(time.Since(c.started)) < until
}

func (c *cache[K, V]) currentGeneration() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}
