package bench_test

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/cotterpin/cotterpin/core"
)

var manyTokens = flag.Int("tokens", 1_000_000, "how many distinct `tokens` BenchmarkMemory presents")

// BenchmarkMemory measures the heap of the token cache after many tokens, each
// presented once. It takes minutes: each is signed and verified.
func BenchmarkMemory(b *testing.B) {
	s := newSigned(b)
	for _, cache := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("cache %d", cache), func(b *testing.B) {
			kit := newKit(b, configuration(s.issuer, cache, tokenAlone, ""))
			present := func() {
				if err := authenticate(kit, core.RequestFromHTTP(bearerRequest(s.issuer.AccessToken(ada)))); err != nil {
					b.Fatal(err)
				}
			}
			before, presented := heap(), 0
			for b.Loop() {
				present()
				presented++
			}
			for ; presented < *manyTokens; presented++ {
				present()
			}
			grown := float64(heap()-before) / (1 << 20)
			b.ReportMetric(grown, "MiB")
			memories = append(memories, memory{cache, grown})
			runtime.KeepAlive(kit)
		})
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one found to be closed
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// memory is how many MiB a cache of that many tokens takes.
type memory struct {
	cache int
	grown float64
}

var memories []memory

// writeMemories writes the table as Markdown.
func writeMemories(w io.Writer) {
	if len(memories) == 0 {
		return
	}
	fmt.Fprintf(w, "\n| `cache`, after %d distinct tokens | heap |\n|---:|---:|\n", *manyTokens)
	for _, m := range memories {
		fmt.Fprintf(w, "| %d | %.1f MiB |\n", m.cache, m.grown)
	}
}
