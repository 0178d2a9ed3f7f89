package config

import (
	"fmt"
	"strings"
)

// Severity says whether a diagnostic stands in the way.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is one finding about a configuration. Its JSON form is the one of
// `terraform validate -json`.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // what is wrong
	Detail   string   `json:"detail"`  // why, and what to do about it

	// Address is the block, where Range is nil: the settings were made in Go,
	// and have no lines.
	Address string `json:"address,omitempty"`

	Range   *Range   `json:"range,omitempty"`
	Snippet *Snippet `json:"snippet,omitempty"`

	// Cause is the error that the diagnostic explains; nil if there is none.
	Cause error `json:"-"`
}

// Range is a part of the file. End is exclusive.
type Range struct {
	Filename string   `json:"filename"`
	Start    Position `json:"start"`
	End      Position `json:"end"`
}

// Position is a place in the file. Line and Column count from 1, Byte from 0;
// Column counts grapheme clusters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is the source lines around the finding, with secrets masked. The
// highlighted part is given in bytes of Code.
type Snippet struct {
	Context              *string    `json:"context"` // header of the enclosing block; nil outside of blocks
	Code                 string     `json:"code"`
	StartLine            int        `json:"start_line"`
	HighlightStartOffset int        `json:"highlight_start_offset"`
	HighlightEndOffset   int        `json:"highlight_end_offset"`
	Values               []struct{} `json:"values"` // always empty: the language has no variables
}

// detailWidth is where the text of a detail is wrapped, as terraform does.
const detailWidth = 78

// String returns the finding as text of several lines, without a final line
// end:
//
//	Error: Unsupported argument
//
//	  on auth.hcl line 3, column 3, in provider "cotter":
//	   3:   audiance = "x"
//
//	An argument named "audiance" is not expected here. Did you mean "audience"?
func (d Diagnostic) String() string {
	var text strings.Builder
	title := "Error"
	if d.Severity == SeverityWarning {
		title = "Warning"
	}
	fmt.Fprintf(&text, "%s: %s\n\n", title, d.Summary)
	switch {
	case d.Range != nil:
		text.WriteString(d.place() + "\n")
	case d.Address != "":
		fmt.Fprintf(&text, "  in %s\n\n", d.Address)
	}
	text.WriteString(wrap(d.Detail, detailWidth))
	return text.String()
}

// place returns the lines that show where in the file the finding is.
func (d Diagnostic) place() string {
	var text strings.Builder
	fmt.Fprintf(&text, "  on %s line %d, column %d", d.Range.Filename, d.Range.Start.Line, d.Range.Start.Column)
	if d.Snippet.Context != nil {
		text.WriteString(", in " + *d.Snippet.Context)
	}
	text.WriteString(":\n")
	for i, line := range strings.Split(d.Snippet.Code, "\n") {
		text.WriteString(strings.TrimRight(fmt.Sprintf("%4d: %s", d.Snippet.StartLine+i, line), " \t\r") + "\n")
	}
	return text.String()
}

// Diagnostics is all findings about a configuration, in the order of the file.
// As an error it holds at least one of [SeverityError], and its text is the
// text of them all.
type Diagnostics []Diagnostic //nolint:errname // as HCL and Terraform call them

// Error returns all findings as text, parted by empty lines.
func (ds Diagnostics) Error() string {
	texts := make([]string, len(ds))
	for i, d := range ds {
		texts[i] = d.String()
	}
	return strings.Join(texts, "\n\n")
}

// Unwrap returns the errors that findings were made from.
func (ds Diagnostics) Unwrap() []error {
	var causes []error
	for _, d := range ds {
		if d.Cause != nil {
			causes = append(causes, d.Cause)
		}
	}
	return causes
}

// Count returns how many findings have the severity.
func (ds Diagnostics) Count(severity Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == severity {
			n++
		}
	}
	return n
}

// wrap breaks the lines of text at blanks so that they are at most width bytes
// long; a longer word keeps a line of its own.
func wrap(text string, width int) string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			switch {
			case line == "":
				line = word
			case len(line)+1+len(word) <= width:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
