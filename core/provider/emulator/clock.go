package emulator

import (
	"sync/atomic"
	"time"
)

// clock is the emulator's clock, which a fault can skew.
type clock struct {
	base func() time.Time
	skew atomic.Int64 // nanoseconds
}

func (c *clock) now() time.Time { return c.base().Add(time.Duration(c.skew.Load())) }

func (c *clock) setSkew(d time.Duration) { c.skew.Store(int64(d)) }
