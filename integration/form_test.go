package integration_test

import (
	"flag"
	"hash/fnv"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

// longVariable selects the long form of the suite, which runs every
// combination of the matrix. The quick form runs a third of those that have a
// framework in them.
//
// It is an environment variable because `go test work` passes a flag to the
// tests of every package, most of which do not have it.
const longVariable = "COTTERPIN_TEST_LONG"

// leftOut is the reason of a test that the quick form skips.
const leftOut = "left out of the quick form; " + longVariable + "=1 runs it"

// isLongForm reports whether every combination runs: longVariable is set, or a
// flag has already selected some of the tests.
var isLongForm = sync.OnceValue(func() bool {
	long := os.Getenv(longVariable) != ""
	flag.Visit(func(f *flag.Flag) {
		long = long || slices.Contains([]string{"test.run", "framework", "session", "database"}, f.Name)
	})
	return long
})

// skipIfLeftOut skips a combination that is not part of the quick form.
func skipIfLeftOut(t *testing.T) {
	t.Helper()
	if !isLongForm() && !inQuickForm(t.Name()) {
		recordOutcome(t, long)
		t.Skip(leftOut)
	}
}

// inQuickForm reports whether the quick form runs a combination, by the name
// of its test. Names without a framework always run. Otherwise each pair of
// framework and session strategy, framework and database, and session strategy
// and database runs once per test; each test starts with another framework.
func inQuickForm(name string) bool {
	var sum int
	var rest []string
	hasFramework := false
	for part := range strings.SplitSeq(name, "/") {
		if i := slices.Index(frameworks, part); i >= 0 {
			hasFramework = true
			sum += i
		} else if i := slices.Index(sessionFlag.names, part); i >= 0 {
			sum += i
		} else if i := slices.Index(databaseFlag.names, part); i >= 0 {
			sum += i
		} else {
			rest = append(rest, part)
		}
	}
	hash := fnv.New32a()
	hash.Write([]byte(path.Join(rest...)))
	return !hasFramework || (sum+int(hash.Sum32()%3))%3 == 0
}

func TestInQuickForm(t *testing.T) {
	t.Parallel()
	databases := databaseFlag.names[1:] // without memory, which no process uses
	pairs, attacked := map[string]int{}, map[string]int{}
	for _, framework := range frameworks {
		for _, database := range databases {
			for _, strategy := range sessionFlag.names {
				if inQuickForm(path.Join("TestLogin", framework, strategy, database)) {
					pairs[framework+" "+strategy]++
					pairs[framework+" "+database]++
					pairs[strategy+" "+database]++
				}
			}
			for id := range attacks() {
				if inQuickForm(path.Join("TestAttacks", framework, id, database)) {
					attacked[id+" "+database]++
					attacked[framework]++
				}
			}
		}
	}
	if want := len(frameworks)*len(sessionFlag.names) + (len(frameworks)+len(sessionFlag.names))*len(databases); len(pairs) != want {
		t.Errorf("%d pairs of a framework, a session strategy and a database run, want %d: %v", len(pairs), want, pairs)
	}
	if want := len(attacks())*len(databases) + len(frameworks); len(attacked) != want {
		t.Errorf("%d attacks on a database run, want %d", len(attacked), want)
	}
	for what, times := range attacked {
		if times != 1 && !slices.Contains(frameworks, what) {
			t.Errorf("%s runs %d times, want once", what, times)
		}
	}
	if !inQuickForm("TestEngines/postgres-15") {
		t.Error("a test without a framework is left out")
	}
}
