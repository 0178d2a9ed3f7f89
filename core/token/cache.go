package token

import (
	"cmp"
	"context"
	"strings"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// CachedSize is the memory that a [Cache] takes for one token at most, in
// bytes. A token that needs more, with hundreds of claims, takes the place of
// several.
const CachedSize = 4 << 10

// Cache verifies tokens that come again and again. It makes something of the
// claims of a token that is right, and remembers that by the token's [Digest],
// so that the signature is checked at the first use only, and once more after
// each fetch of the keys.
//
// What is remembered counts as long as the key set still answers with the very
// key that the signature was checked with, and the token is within its lifetime.
// Otherwise it is dropped, and the token is verified as one that was never
// seen: what is said of a token is the same with and without a cache. That a
// token is wrong is not remembered.
//
// A cache is of one [Verifier], and shares nothing with those of others. It is
// used by many goroutines at once. Uses of one token at the same time check its
// signature once.
type Cache[T any] struct {
	verifier *Verifier
	read     func(Claims) (T, error)
	known    *otter.Cache[Digest, *verdict[T]] // nil: nothing is remembered
	flights  singleflight.Group                // checks of signatures under way
}

// NewCache returns a cache that remembers that many tokens of a verifier, each
// in [CachedSize] bytes; zero: none. read makes what is remembered. It is
// called with the claims of a token that is valid, or valid but expired, and
// depends on nothing else. Its error is returned as it is, and never cached; an
// expired token is reported as such only if read has no error.
func NewCache[T any](v *Verifier, tokens int, read func(Claims) (T, error)) *Cache[T] {
	c := &Cache[T]{verifier: v, read: read}
	if tokens > 0 {
		c.known = otter.Must(&otter.Options[Digest, *verdict[T]]{
			MaximumWeight: uint64(tokens),
			Weigher:       func(_ Digest, v *verdict[T]) uint32 { return v.places },
		})
	}
	return c
}

// Verify returns what was made of the claims of a token that is right in every
// way. It is shared by all who present the token, and must not be changed.
// Errors are those of [Verifier.Verify]; nothing is returned beside them.
func (c *Cache[T]) Verify(ctx context.Context, raw string) (T, error) {
	var none T
	if c.known == nil || len(raw) > MaxSize {
		return c.valueOf(c.verifier.Verify(ctx, raw))
	}
	of := DigestOf(raw)
	if v, ok := c.known.GetIfPresent(of); ok {
		return c.recall(ctx, of, raw, v)
	}
	s, err := c.policy().read(raw)
	if err != nil {
		return none, err
	}
	key, err := c.policy().key(ctx, s.header)
	if err != nil {
		return none, err
	}
	return c.learn(of, s, key)
}

func (c *Cache[T]) policy() *Policy { return &c.verifier.policy }

// verdict is that a token is right under a key, but for its lifetime.
type verdict[T any] struct {
	header header
	key    Key
	life   lifetime
	value  T
	places uint32 // of CachedSize bytes
}

// recall returns what is remembered of a token if it still counts. Else it is
// forgotten, and the token is judged anew.
func (c *Cache[T]) recall(ctx context.Context, of Digest, raw string, v *verdict[T]) (T, error) {
	key, err := c.policy().key(ctx, v.header)
	if err == nil && key == v.key && c.policy().inTime(v.life) == nil {
		return v.value, nil
	}
	c.known.Invalidate(of)
	var none T
	if err != nil {
		return none, err
	}
	s, err := c.policy().read(raw)
	if err != nil {
		return none, err
	}
	return c.learn(of, s, key)
}

// learn judges a token under the key that it must be signed with, and remembers
// that it is right.
func (c *Cache[T]) learn(of Digest, s statement, key Key) (T, error) {
	var none T
	if err := c.believe(of, s, key); err != nil {
		return none, err
	}
	value, err := c.valueOf(s.claims, c.policy().inTime(s.life))
	if err != nil {
		return none, err
	}
	c.known.Set(of, &verdict[T]{header: s.header, key: key, life: s.life, value: value, places: s.places()})
	return value, nil
}

// valueOf returns what read makes of the claims, or why the token is not
// accepted: err is what was found wrong before.
func (c *Cache[T]) valueOf(claims Claims, err error) (T, error) {
	var none T
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return none, err
	}
	value, unreadable := c.read(claims)
	if err := cmp.Or(unreadable, err); err != nil {
		return none, err
	}
	return value, nil
}

// believe is Policy.believe, once for all who ask at the same time. They share
// nothing but whether that token is right under that key.
func (c *Cache[T]) believe(of Digest, s statement, key Key) error {
	type finding struct {
		key Key
		err error
	}
	shared, _, _ := c.flights.Do(string(of[:]), func() (any, error) {
		return finding{key, c.policy().believe(s, key)}, nil
	})
	if found, ok := shared.(finding); ok && found.key == key {
		return found.err
	}
	return c.policy().believe(s, key) // they had another key
}

// places returns how many places of CachedSize bytes the verdict of a token
// takes. Its text is kept, and each claim, and each member or element in one,
// is given the room of an entry of a map.
func (s statement) places() uint32 {
	const fixed, entry = 1 << 10, 96
	size := fixed + len(s.signed)
	for _, value := range s.claims.object.All() {
		size += entry * (1 + strings.Count(string(value), ","))
	}
	return uint32((size + CachedSize - 1) / CachedSize) //nolint:gosec // the text is MaxSize bytes at most
}
