package config_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

func unsupported() config.Diagnostic {
	return config.Diagnostic{
		Severity: config.SeverityError,
		Summary:  "Unsupported argument",
		Detail:   "An argument named \"audiance\" is not expected here.",
		Range:    &config.Range{Filename: "auth.hcl", Start: config.Position{Line: 3, Column: 2, Byte: 30}},
		Snippet: &config.Snippet{
			Context:              new("provider \"cotter\""),
			Code:                 "provider \"cotter\" {\n\taudiance = \"•••\"\n}",
			StartLine:            2,
			HighlightStartOffset: 21,
			HighlightEndOffset:   43,
		},
	}
}

func TestDiagnostics_Error(t *testing.T) {
	t.Parallel()
	const want = `Error: Unsupported argument

  on auth.hcl line 3, column 2, in provider "cotter":
   2: provider "cotter" {
   3: ` + "\t" + `audiance = "•••"
   4: }

An argument named "audiance" is not expected here.

Warning: No lines

  in database "sqlite"

Written in Go.`
	inGo := config.Diagnostic{Severity: config.SeverityWarning, Summary: "No lines", Address: "database \"sqlite\"", Detail: "Written in Go."}
	if got := (config.Diagnostics{unsupported(), inGo}).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// G05: on a terminal a diagnostic has colors and a marker.
func TestDiagnostics_Terminal(t *testing.T) {
	t.Parallel()
	const want = "\x1b[1;31m╷\x1b[0m\n" +
		"\x1b[1;31m│\x1b[0m \x1b[1;31mError: \x1b[0m\x1b[1mUnsupported argument\x1b[0m\n" +
		"\x1b[1;31m│\x1b[0m\n" +
		"\x1b[1;31m│\x1b[0m   on auth.hcl line 3, column 2, in provider \"cotter\":\n" +
		"\x1b[1;31m│\x1b[0m    2: provider \"cotter\" {\n" +
		"\x1b[1;31m│\x1b[0m    3: \taudiance = \"•••\"\n" +
		"\x1b[1;31m│\x1b[0m       \x1b[1;31m\t^^^^^^^^^^^^^^^^\x1b[0m\n" +
		"\x1b[1;31m│\x1b[0m    4: }\n" +
		"\x1b[1;31m│\x1b[0m\n" +
		"\x1b[1;31m│\x1b[0m An argument named \"audiance\" is not expected here.\n" +
		"\x1b[1;31m╵\x1b[0m"
	if got := (config.Diagnostics{unsupported()}).Terminal(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
