package integration_test

import (
	"sync"
	"sync/atomic"
)

// inBulk makes calls, of which at most 16 run at once, and waits for all of them.
func inBulk(calls int, call func(i int)) {
	const workers = 16
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < calls; i = int(next.Add(1)) - 1 {
				call(i)
			}
		})
	}
	group.Wait()
}
