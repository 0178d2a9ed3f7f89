package integration_test

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/cotterpin/cotterpin/integration/engine"
)

// outcomes contains the outcomes of the tests that run on several databases, by
// test name.
var outcomes = struct {
	sync.Mutex
	byTest map[string]string
}{byTest: map[string]string{}}

// The outcomes.
const (
	passed  = "passed"
	failed  = "FAILED"
	skipped = "skipped"
	long    = "long" // left out of the quick form
)

// recordResult records the outcome of a test when it ends. The last part of its
// name is a database.
func recordResult(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		switch {
		case t.Failed():
			recordOutcome(t, failed)
		case t.Skipped():
			recordOutcome(t, skipped)
		default:
			recordOutcome(t, passed)
		}
	})
}

func recordOutcome(t *testing.T, outcome string) {
	t.Helper()
	outcomes.Lock()
	defer outcomes.Unlock()
	outcomes.byTest[t.Name()] = outcome
}

// writeOutcomes writes a table of the outcomes, with a column per database, and
// the origin of each server. It writes nothing if there are no outcomes.
func writeOutcomes(w io.Writer) {
	outcomes.Lock()
	defer outcomes.Unlock()
	if len(outcomes.byTest) == 0 {
		return
	}
	tests := map[string]bool{}
	counts := map[string]int{}
	for name, outcome := range outcomes.byTest {
		tests[path.Dir(name)] = true
		counts[outcome]++
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\t"+strings.Join(databaseFlag.names, "\t"))
	for _, test := range slices.Sorted(maps.Keys(tests)) {
		cells := []string{test}
		for _, database := range databaseFlag.names {
			cell := outcomes.byTest[test+"/"+database]
			if cell == "" {
				cell = "-"
			}
			cells = append(cells, cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	table.Flush()
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", counts[passed], counts[failed], counts[skipped])
	if counts[long] > 0 {
		fmt.Fprintf(w, "%d marked %q are left out of the quick form; %s=1 runs them\n", counts[long], long, longVariable)
	}
	for _, e := range engine.All {
		if server, started := e.Started(); started {
			fmt.Fprintf(w, "%s: from %s, after %v\n", e, server.Source, server.Took.Round(time.Millisecond))
		}
	}
}
