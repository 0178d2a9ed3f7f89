package session

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// newFullCache returns a cache of as many sessions as fit, two for each user.
func newFullCache(b *testing.B) (c *cache[Lookup, Session], users []identity.UserID) {
	b.Helper()
	for range maxCached / 2 {
		users = append(users, uuid.New())
	}
	find := func(_ context.Context, l Lookup) (Session, error) {
		return Session{UserID: users[int(binary.BigEndian.Uint64(l[:8]))%len(users)]}, nil
	}
	c = newCache(find, func(s Session) identity.UserID { return s.UserID }, time.Hour, time.Now)
	for n := range maxCached {
		findNth(b, c, n)
	}
	return c, users
}

func findNth(b *testing.B, c *cache[Lookup, Session], n int) {
	b.Helper()
	var l Lookup
	binary.BigEndian.PutUint64(l[:8], uint64(n))
	if _, err := c.Find(b.Context(), l); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCache_Evict evicts a user's sessions, as each login and change does, and
// finds them again.
func BenchmarkCache_Evict(b *testing.B) {
	c, users := newFullCache(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		user := n % len(users)
		c.evict(users[user])
		findNth(b, c, user)
		findNth(b, c, user+len(users))
	}
}

// BenchmarkCache_Fill reports the memory of a full cache.
func BenchmarkCache_Fill(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		c, users := newFullCache(b)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(c)
		runtime.KeepAlive(users)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/maxCached, "heap-B/session")
}
