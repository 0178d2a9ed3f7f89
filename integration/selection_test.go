package integration_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// selection is a flag that selects a part of the matrix. Its value is a list of
// names; a name without its version selects all versions: "postgres" selects
// "postgres-15".
type selection struct {
	flag   string
	names  []string // all
	chosen []string // empty: all
}

var (
	frameworkFlag = newSelection("framework", frameworks)
	sessionFlag   = newSelection("session", strategyNames())
	databaseFlag  = newSelection("database", databaseNames())
)

func newSelection(name string, names []string) *selection {
	s := &selection{flag: name, names: names}
	flag.Var(s, name, fmt.Sprintf("run only the tests with these `names`: %s (default all)", strings.Join(names, ", ")))
	return s
}

// String implements flag.Value.
func (s *selection) String() string { return strings.Join(s.chosen, ",") }

// Set implements flag.Value.
func (s *selection) Set(value string) error {
	s.chosen = strings.Split(value, ",")
	for _, chosen := range s.chosen {
		if !slices.ContainsFunc(s.names, func(name string) bool { return selectsName(chosen, name) }) {
			return fmt.Errorf("unknown %s: %q", s.flag, chosen)
		}
	}
	return nil
}

func (s *selection) selects(name string) bool {
	return len(s.chosen) == 0 || slices.ContainsFunc(s.chosen, func(chosen string) bool { return selectsName(chosen, name) })
}

func selectsName(chosen, name string) bool {
	return name == chosen || strings.HasPrefix(name, chosen+"-")
}

// onEachFramework runs a subtest for each selected framework.
func onEachFramework(t *testing.T, test func(t *testing.T, framework string)) {
	t.Helper()
	for _, framework := range frameworks {
		if !frameworkFlag.selects(framework) {
			continue
		}
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			test(t, framework)
		})
	}
}

// onMatrix runs a subtest for each selected framework, session strategy and
// database.
func onMatrix(t *testing.T, test func(t *testing.T, framework, session string, b backend)) {
	t.Helper()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		for _, strategy := range strategies {
			if !sessionFlag.selects(strategy.name) {
				continue
			}
			t.Run(strategy.name, func(t *testing.T) {
				t.Parallel()
				onEach(t, servable(), func(t *testing.T, b backend) { test(t, framework, strategy.session, b) })
			})
		}
	})
}

func strategyNames() (names []string) {
	for _, strategy := range strategies {
		names = append(names, strategy.name)
	}
	return names
}

func databaseNames() (names []string) {
	for _, b := range stores() {
		names = append(names, b.name)
	}
	return names
}
