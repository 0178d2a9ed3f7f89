package integration_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// listed is a line of testdata/attacks.tsv.
type listed struct{ id, title, proof string }

// proofHere is the proof of an attack that TestAttacks runs. Else the proof is
// a test, "core/token TestCorpus", or "none: " and the reason.
const proofHere = "here"

func attackList(t *testing.T) (list []listed) {
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
				t.Fatalf("not an id, a title and a proof: %q", line)
			}
			list = append(list, listed{parts[0], parts[1], parts[2]})
		}
	}
	return list
}

// TestAttackList_Proofs sees that no attack of the list is missing, here or
// where the list says it is proven.
func TestAttackList_Proofs(t *testing.T) {
	t.Parallel()
	here := attacks()
	seen := map[string]bool{}
	for _, l := range attackList(t) {
		if seen[l.id] {
			t.Errorf("%s is listed twice", l.id)
		}
		seen[l.id] = true
		_, runs := here[l.id]
		switch {
		case runs != (l.proof == proofHere):
			t.Errorf("%s: the list says %q, and TestAttacks runs it: %t", l.id, l.proof, runs)
		case l.proof == proofHere, strings.HasPrefix(l.proof, "none: "):
		default:
			checkTestExists(t, l)
		}
	}
	for id := range here {
		if !seen[id] {
			t.Errorf("%s is not listed", id)
		}
	}
}

// checkTestExists sees that the tests which the list names as proof are there.
func checkTestExists(t *testing.T, l listed) {
	t.Helper()
	folder, tests, ok := strings.Cut(l.proof, " ")
	if !ok {
		t.Errorf("%s: the proof is no folder and test: %q", l.id, l.proof)
		return
	}
	files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for test := range strings.FieldsSeq(tests) {
		function := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(test) + `\(`)
		if !anyMatches(t, files, function) {
			t.Errorf("%s: there is no %s in %s", l.id, test, folder)
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

// TestAttackList_Promises sees that the attacks which the promises rest on are
// listed, and tried.
func TestAttackList_Promises(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, l := range attackList(t) {
		tried[l.id] = !strings.HasPrefix(l.proof, "none: ")
	}
	text, err := os.ReadFile(filepath.Join("..", ".github", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	promises := regexp.MustCompile(`(?m)^\| (PR\d+) \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1)
	if len(promises) == 0 {
		t.Fatal("no promises are found")
	}
	for _, promise := range promises {
		for id := range strings.FieldsSeq(promise[2]) {
			if !tried[id] {
				t.Errorf("%s rests on %s, which is not tried", promise[1], id)
			}
		}
	}
}
