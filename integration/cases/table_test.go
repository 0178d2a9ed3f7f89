package cases_test

import (
	"bufio"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write ../CASES.md")

// entry is a line of testdata/cases.tsv.
type entry struct {
	id, title string
	pending   bool // no test has the id yet
}

func readEntries(t *testing.T) (entries []entry) {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "testdata", "cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			parts := strings.Split(line, "\t")
			pending := len(parts) == 3 && parts[2] == "pending"
			if len(parts) != 2 && !pending {
				t.Fatalf("not an id, a case and perhaps pending: %q", line)
			}
			entries = append(entries, entry{parts[0], parts[1], pending})
		}
	}
	return entries
}

// readProofs returns the proofs of the repository.
func readProofs(t *testing.T) []proof {
	t.Helper()
	proofs, err := findProofs(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	return proofs
}

// TestTable_Current checks that CASES.md is what go generate writes.
func TestTable_Current(t *testing.T) {
	t.Parallel()
	const name = "../CASES.md"
	want := writeTable(readEntries(t), readProofs(t))
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("CASES.md is out of date: run go generate ./integration/cases")
	}
}

// TestTable_Complete checks that each listed case has a test or is pending, and
// that each test proves listed cases.
func TestTable_Complete(t *testing.T) {
	t.Parallel()
	entries, proofs := readEntries(t), readProofs(t)
	for _, p := range missing(entries, proofs) {
		t.Error(p)
	}
}

// missing returns the differences between the listed cases and the proofs.
func missing(entries []entry, proofs []proof) (problems []string) {
	listed := map[string]bool{}
	for _, e := range entries {
		proven := len(proofsOf(e.id, proofs)) > 0
		switch {
		case listed[e.id]:
			problems = append(problems, e.id+" is listed twice")
		case e.pending && proven:
			problems = append(problems, e.id+" has a test: remove pending")
		case !e.pending && !proven:
			problems = append(problems, e.id+" has no test")
		}
		listed[e.id] = true
	}
	for _, p := range proofs {
		for _, id := range p.cases {
			if !listed[id] {
				problems = append(problems, p.file+": "+p.test+" proves "+id+", which is not listed")
			}
		}
	}
	return problems
}

func TestTable_Missing(t *testing.T) {
	t.Parallel()
	const a, b, c = "A01", "B01", "C01"
	proofs := []proof{{cases: []string{a, b}, file: "x_test.go", test: "TestX"}}
	valid := []entry{{id: a}, {id: b}, {id: c, pending: true}}
	if got := missing(valid, proofs); len(got) > 0 {
		t.Fatalf("a complete list: %q", got)
	}
	for want, entries := range map[string][]entry{
		"C01 has no test":                                  {{id: a}, {id: b}, {id: c}},
		"B01 has a test: remove pending":                   {{id: a}, {id: b, pending: true}},
		"A01 is listed twice":                              {{id: a}, {id: b}, {id: a}},
		"x_test.go: TestX proves B01, which is not listed": {{id: a}},
	} {
		if got := missing(entries, proofs); !slices.Equal(got, []string{want}) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFindProofs(t *testing.T) {
	t.Parallel()
	const file = "core/x_test.go"
	read := func(text string) ([]proof, error) {
		return findProofs(fstest.MapFS{file: {Data: []byte("package x\n\n" + text)}, "testdata/y_test.go": {Data: []byte("none")}})
	}
	proofs, err := read("// TestX tests x.\n//\n// Cases: T01, T02. Frameworks: gin. Databases: sqlite, mariadb.\nfunc TestX() {}\n")
	if err != nil {
		t.Fatal(err)
	}
	table := writeTable([]entry{{id: "T01", title: "one"}, {id: "T02", title: "two"}, {id: "T03", title: "three"}}, proofs)
	const want = "| T01 | one | [core TestX](../core/x_test.go) | gin | sqlite, mariadb |\n" +
		"| T02 | two | [core TestX](../core/x_test.go) | gin | sqlite, mariadb |\n"
	if got := strings.TrimPrefix(table, heading); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for name, text := range map[string]string{
		"no full stop":      "// Cases: T01\nfunc TestX() {}\n",
		"unknown framework": "// Cases: T01. Frameworks: echo.\nfunc TestX() {}\n",
		"unknown database":  "// Cases: T01. Databases: oracle.\nfunc TestX() {}\n",
		"not a test":        "// Cases: T01.\nfunc testX() {}\n",
		"inside a function": "func TestX() {\n\t// Cases: T01.\n}\n",
		"a method":          "// Cases: T01.\nfunc (x) TestX() {}\n",
	} {
		if proofs, err := read(text); err == nil {
			t.Errorf("%s: accepted as %v", name, proofs)
		}
	}
}
