package integration_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// attackEntry is a line of testdata/attacks.tsv.
type attackEntry struct{ id, title, proof string }

// proofHere is the proof of an attack that TestAttacks runs. Other proofs are a
// test, "core/internal/jwt TestCorpus", or "none: " and the reason.
const proofHere = "here"

func attackList(t *testing.T) (list []attackEntry) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "attacks.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			parts := strings.Split(line, "\t")
			if len(parts) != 3 || parts[1] == "" {
				t.Fatalf("not an id, an attack and a proof: %q", line)
			}
			list = append(list, attackEntry{parts[0], parts[1], parts[2]})
		}
	}
	return list
}

// TestAttackList_Proofs checks that TestAttacks runs each listed attack, or
// that its tests exist.
func TestAttackList_Proofs(t *testing.T) {
	t.Parallel()
	here := attacks()
	seen := map[string]bool{}
	for _, l := range attackList(t) {
		if seen[l.id] {
			t.Errorf("%s is attackEntry twice", l.id)
		}
		seen[l.id] = true
		_, runs := here[l.id]
		switch {
		case runs != (l.proof == proofHere):
			t.Errorf("%s: the proof is %q, and TestAttacks runs it: %t", l.id, l.proof, runs)
		case l.proof == proofHere, strings.HasPrefix(l.proof, "none: "):
		default:
			checkTestExists(t, l)
		}
	}
	for id := range here {
		if !seen[id] {
			t.Errorf("%s is not attackEntry", id)
		}
	}
}

// checkTestExists checks that the tests of a proof exist.
func checkTestExists(t *testing.T, l attackEntry) {
	t.Helper()
	directory, tests, ok := strings.Cut(l.proof, " ")
	if !ok {
		t.Errorf("%s: the proof is not a directory and tests: %q", l.id, l.proof)
		return
	}
	files, err := filepath.Glob(filepath.Join("..", directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for test := range strings.FieldsSeq(tests) {
		function := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(test) + `\(`)
		if !anyMatches(t, files, function) {
			t.Errorf("%s: %s does not exist in %s", l.id, test, directory)
		}
	}
}

func anyMatches(t *testing.T, files []string, pattern *regexp.Regexp) bool {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if pattern.Match(text) {
			return true
		}
	}
	return false
}

// TestAttackList_Promises checks that the attacks which support the promises of
// SECURITY.md are listed and have a proof.
func TestAttackList_Promises(t *testing.T) {
	t.Parallel()
	proven := map[string]bool{}
	for _, l := range attackList(t) {
		proven[l.id] = !strings.HasPrefix(l.proof, "none: ")
	}
	text, err := os.ReadFile(filepath.Join("..", ".github", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	promises := regexp.MustCompile(`(?m)^\| (PR\d+) \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1)
	if len(promises) == 0 {
		t.Fatal("no promises found")
	}
	for _, promise := range promises {
		for id := range strings.FieldsSeq(promise[2]) {
			if !proven[id] {
				t.Errorf("%s depends on %s, which has no proof", promise[1], id)
			}
		}
	}
}
