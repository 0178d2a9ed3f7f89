package core

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestNextSecond_Times(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 11, 28, 10, 0, 10, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Second, 700 * time.Millisecond: time.Second, time.Second - 1: time.Second, time.Second: time.Second,
	} {
		if got := nextSecond(second.Add(after)); !got.Equal(second.Add(want)) {
			t.Errorf("%v after a second: got %v, want %v after it", after, got, want)
		}
	}
}

// S04.
func TestAwaitNextSecond_Waits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kit := &Kit{now: time.Now}
		for _, want := range []time.Duration{0, 300 * time.Millisecond} {
			time.Sleep(time.Second - want)
			began := time.Now()
			kit.awaitNextSecond(t.Context())
			if got := time.Since(began); got != want {
				t.Errorf("it waits %v, want %v", got, want)
			}
		}
		time.Sleep(time.Millisecond)
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if kit.awaitNextSecond(canceled); time.Since(began) != 0 {
			t.Error("it waits although the request has ended")
		}
	})
}
