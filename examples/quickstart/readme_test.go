package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheREADMEShowsThisProgram(t *testing.T) {
	t.Parallel()
	_, program, found := strings.Cut(read(t, "main.go"), "\nfunc main()")
	if !found {
		t.Fatal("main.go has no main")
	}
	if !strings.Contains(read(t, "../../README.md"), "```go\nfunc main()"+program+"```\n") {
		t.Error("the README shows another program than main.go")
	}
}

func TestTheREADMEsFilesAreValid(t *testing.T) {
	t.Setenv("COTTER_API_KEY_ID", "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d")
	types := core.WithTypes(cotter.Type, oidc.Type, sqlite.Type)
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(read(t, "../../README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no file")
	}
	for i, block := range blocks {
		settings, err := core.Parse(fmt.Sprintf("README-%d.hcl", i), []byte(block[1]), types)
		if err != nil || len(settings.Warnings()) > 0 {
			t.Errorf("file %d: %v %v", i, err, settings.Warnings())
		}
	}
}
