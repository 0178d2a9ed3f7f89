package jwt

import (
	"context"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/digest"
	"github.com/cotterpin/cotterpin/core/token"
)

// cachedSize is the memory of a token in a [Cache], in bytes. A token that needs
// more, with hundreds of claims, counts as several.
const cachedSize = 4 << 10

// Cache verifies tokens that are presented repeatedly. It stores the value
// derived from a valid token's claims, keyed by the token's digest, so that
// the signature is verified at the first use only, and once more after the key
// has been replaced.
//
// A stored value is used while the key set returns the same key that the
// signature was verified with, and while the token has not expired. Otherwise it
// is dropped and the token is verified as if it were new: caching never changes
// the result. Errors are not stored.
//
// A cache belongs to one [Verifier] and shares nothing with those of others. It
// is safe for concurrent use; concurrent uses of one token verify its signature
// once.
type Cache[T any] struct {
	verifier *Verifier
	derive   func(token.Claims) (T, error)
	entries  *otter.Cache[digest.Digest, *entry[T]] // nil: nothing is stored
	running  singleflight.Group                     // of authenticateWith
}

// entry is a token that is valid under a key, except for its lifetime.
type entry[T any] struct {
	header   header
	key      token.Key
	lifetime lifetime
	value    T
	weight   uint32
}

// NewCache returns a cache of the given number of tokens, at most 4 KiB of
// memory each; zero disables it. derive returns the value to store. It is called
// with the claims of a token that is valid, or valid but expired, and must depend
// on nothing else. Its error is returned unchanged, and takes precedence over
// TokenExpired.
func NewCache[T any](v *Verifier, tokens int, derive func(token.Claims) (T, error)) *Cache[T] {
	c := &Cache[T]{verifier: v, derive: derive}
	if tokens > 0 {
		c.entries = otter.Must(&otter.Options[digest.Digest, *entry[T]]{
			MaximumWeight: uint64(tokens),
			Weigher:       func(_ digest.Digest, e *entry[T]) uint32 { return e.weight },
		})
	}
	return c
}

// Verify returns the value derived from the claims of a valid token. The value is
// shared by all callers that present the token, and must not be changed. Errors
// are those of [Verifier.Verify] and of derive; no value is returned with them.
func (c *Cache[T]) Verify(ctx context.Context, raw string) (T, error) {
	if c.entries == nil || len(raw) > maxSize {
		return c.valueOf(c.verifier.Verify(ctx, raw))
	}
	id := digest.Of(raw)
	if e, ok := c.entries.GetIfPresent(id); ok {
		return c.lookup(ctx, id, raw, e)
	}
	return c.verify(ctx, id, raw)
}

func (c *Cache[T]) policy() *Policy { return &c.verifier.policy }

// lookup returns the value of an entry that is still valid. Otherwise it drops
// the entry and verifies the token.
func (c *Cache[T]) lookup(ctx context.Context, id digest.Digest, raw string, e *entry[T]) (T, error) {
	key, err := e.header.keys.Key(ctx, query(e.header, e.lifetime))
	if err == nil && key == e.key && c.policy().checkLifetime(e.lifetime) == nil {
		return e.value, nil
	}
	c.entries.Invalidate(id)
	if err != nil {
		var none T
		return none, err
	}
	return c.verify(ctx, id, raw)
}

// verify verifies a token, and stores it if it is valid.
func (c *Cache[T]) verify(ctx context.Context, id digest.Digest, raw string) (T, error) {
	var none T
	t, err := c.policy().parse(raw)
	if err != nil {
		return none, err
	}
	key, err := c.policy().authenticate(ctx, t, func(t unverified, key token.Key) error { return c.authenticateWith(id, t, key) })
	if err != nil {
		return none, err
	}
	value, err := c.valueOf(t.claims, c.policy().checkLifetime(t.lifetime))
	if err != nil {
		return none, err
	}
	c.entries.Set(id, &entry[T]{t.header, key, t.lifetime, value, t.weight()})
	return value, nil
}

// valueOf derives the value from verified claims. It returns err, unless derive
// reports another fault of an expired token.
func (c *Cache[T]) valueOf(claims token.Claims, err error) (T, error) {
	var none T
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return none, err
	}
	value, fault := c.derive(claims)
	if fault != nil {
		return none, fault
	}
	if err != nil {
		return none, err
	}
	return value, nil
}

// authenticateWith implements Policy.authenticateWith, once for all concurrent
// callers with the same token and key.
func (c *Cache[T]) authenticateWith(id digest.Digest, t unverified, key token.Key) error {
	type result struct {
		key token.Key
		err error
	}
	shared, _, _ := c.running.Do(string(id[:]), func() (any, error) {
		return result{key, c.policy().authenticateWith(t, key)}, nil
	})
	if r, ok := shared.(result); ok && r.key == key {
		return r.err
	}
	return c.policy().authenticateWith(t, key) // the result is that of another key
}

// weight returns the number of tokens as which an entry counts. It contains the
// token's string, and name and value of each claim, which refer to it.
func (t unverified) weight() uint32 {
	const fixed, claim = 1 << 10, 32
	size := fixed + len(t.signed) + claim*t.members
	return uint32((size + cachedSize - 1) / cachedSize) //nolint:gosec // a token has at most maxSize bytes
}
