package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

var update = flag.Bool("update", false, "write core/config/REFERENCE.md")

const referenceFile = "../../config/REFERENCE.md"

// TestReference compares core/config/REFERENCE.md with the structs.
func TestReference(t *testing.T) {
	t.Parallel()
	want, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("core/config/REFERENCE.md is stale: run go generate ./core/cmd/cotterpin")
	}
}

const referenceHead = `# The configuration file

<!-- Generated from the structs by "go generate ./core/cmd/cotterpin"; do not edit. -->

The file is written in HCL 2 (` + "`auth.hcl`" + `) or in HCL's JSON form (` + "`auth.hcl.json`" + `).
Blocks: one ` + "`auth`" + `, at least one ` + "`provider`" + `, at most one ` + "`users`" + `, one ` + "`session`" + `, and one ` + "`database`" + ` unless nothing is stored.
A provider has the label of its type and, if there are several of one type, a second label with its name.

- **duration**: a number and a unit in quotes, such as "90s", "15m", "12h" or "30d"; "0s" is explicitly none.
- **secret**: a string that is never shown; read it with ` + "`env(\"NAME\")`" + ` or ` + "`trimspace(file(\"PATH\"))`" + `.
- Functions: ` + "`env(name[, default])`, `file(path)`, `split(separator, string)`, `trimspace(string)`, `jsondecode(string)`" + `.

In Go a field that is zero has the default of its argument.
`

// reference returns the content of REFERENCE.md.
func reference() (string, error) {
	arguments, err := configfile.Arguments(types)
	if err != nil {
		return "", err
	}
	var md strings.Builder
	md.WriteString(referenceHead)
	block := ""
	for _, a := range arguments {
		if a.Block != block {
			block = a.Block
			fmt.Fprintf(&md, "\n## `%s`\n%s\n| argument | type | default | |\n| --- | --- | --- | --- |\n", block, introduction(block))
		}
		fmt.Fprintf(&md, "| `%s` | %s | %s | %s |\n", a.Name, a.Type, defaultCell(a), strings.ReplaceAll(a.Doc, "|", `\|`))
	}
	return md.String(), nil
}

// introduction returns the lines between the heading of a block and its table.
func introduction(block string) string {
	for _, t := range types {
		if block == fmt.Sprintf("%s %q", t.Kind(), t.Name()) {
			return "\n" + strings.ToUpper(t.Summary()[:1]) + t.Summary()[1:] + ".\n"
		}
	}
	if block == configfile.BlockProvider {
		return "\nArguments of all providers.\n"
	}
	return ""
}

func defaultCell(a configfile.Argument) string {
	switch {
	case a.Required:
		return "required"
	case a.Default == "":
		return ""
	default:
		return "`" + a.Default + "`"
	}
}
