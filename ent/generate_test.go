package ent_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestGenerate_Version compares the generator version in each generate directive
// with the version of the library in go.mod.
func TestGenerate_Version(t *testing.T) {
	t.Parallel()
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "entgo.io/ent").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	want := "//go:generate go run entgo.io/ent/cmd/ent@" + strings.TrimSpace(string(version)) + " generate "
	for _, file := range []string{"generate.go", "../examples/entuser/internal/graph/generate.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), want) {
			t.Errorf("%s does not contain %q", file, want)
		}
	}
}
