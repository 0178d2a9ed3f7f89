package configfile_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "update the diagnostics in the files of testdata/problems")

// dashes separate a configuration of testdata/problems from its diagnostics.
const dashes = "----------\n"

// problemFiles returns the files of testdata/problems.
func problemFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/problems/*")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no files in testdata/problems: %v", err)
	}
	return files
}

func splitGolden(tb testing.TB, path string) (src, diagnostics string) {
	tb.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	src, diagnostics, ok := strings.Cut(string(content), dashes)
	if !ok {
		tb.Fatalf("%s has no line of dashes", path)
	}
	return src, diagnostics
}

// fileName returns the name of a configuration of testdata for its loader.
func fileName(path string) string {
	if strings.HasSuffix(path, ".json") {
		return "auth.hcl.json"
	}
	return "auth.hcl"
}

func TestLoader_Problems(t *testing.T) {
	t.Parallel()
	files := problemFiles(t)
	if len(files) < 40 {
		t.Errorf("there are %d problems, want 40 at least", len(files))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			src, want := splitGolden(t, path)
			_, err := loader(nil).Parse(fileName(path), []byte(src))
			if err == nil {
				t.Fatal("no diagnostics")
			}
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(path, []byte(src+dashes+got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if !strings.Contains(got, "  on "+fileName(path)+" line ") {
				t.Error("the line is not reported")
			}
		})
	}
}
