package configfile_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is said now into the files of testdata/problems")

// dashes part a file of testdata/problems: the configuration, and what is said
// about it.
const dashes = "----------\n"

// mistakeFiles returns the files of testdata/problems.
func mistakeFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/problems/*")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no files in testdata/problems: %v", err)
	}
	return files
}

func splitGolden(tb testing.TB, path string) (src, said string) {
	tb.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	src, said, ok := strings.Cut(string(content), dashes)
	if !ok {
		tb.Fatalf("%s has no line of dashes", path)
	}
	return src, said
}

// fileName returns what a configuration of testdata is called for its loader.
func fileName(path string) string {
	if strings.HasSuffix(path, ".json") {
		return "auth.hcl.json"
	}
	return "auth.hcl"
}

func TestEveryMistakeIsShownWithItsLineAndAWayOut(t *testing.T) {
	t.Parallel()
	files := mistakeFiles(t)
	if len(files) < 40 {
		t.Errorf("there are %d problems, want 40 at least", len(files))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			src, want := splitGolden(t, path)
			_, err := loader(nil).Parse(fileName(path), []byte(src))
			if err == nil {
				t.Fatal("the mistake is not found")
			}
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(path, []byte(src+dashes+got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("it says\n%s\nwant\n%s", got, want)
			}
			if !strings.Contains(got, "  on "+fileName(path)+" line ") {
				t.Error("it does not say where")
			}
		})
	}
}
