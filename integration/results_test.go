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

// outcomes are how the tests ended that run on several databases, by name.
var outcomes = struct {
	sync.Mutex
	byTest map[string]string
}{byTest: map[string]string{}}

// The outcomes.
const (
	passed  = "passed"
	failed  = "FAILED"
	skipped = "skipped"
)

// record keeps how a test ends. The last part of its name is a database.
func record(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		outcome := passed
		switch {
		case t.Failed():
			outcome = failed
		case t.Skipped():
			outcome = skipped
		}
		outcomes.Lock()
		defer outcomes.Unlock()
		outcomes.byTest[t.Name()] = outcome
	})
}

// writeOutcomes writes a table of what was recorded, a column a database, and
// where the servers came from. It writes nothing if nothing was.
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
	for _, e := range engine.All {
		if server, started := e.Started(); started {
			fmt.Fprintf(w, "%s: from %s, after %v\n", e, server.Way, server.Took.Round(time.Millisecond))
		}
	}
}
