package config

// Severity is the severity of a diagnostic.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is one error or warning about a configuration. Its JSON form is that
// of `terraform validate -json`.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // what is wrong
	Detail   string   `json:"detail"`  // why, and what to do about it

	// Address is the block if Range is nil, because settings written in Go have no
	// lines.
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

// Position is a position in the file. Line and Column count from 1, Byte from 0;
// Column counts grapheme clusters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is the lines of Range, with secrets masked. The offsets of the
// highlighted part count bytes of Code.
type Snippet struct {
	Context              *string    `json:"context"` // header of the enclosing block; nil outside blocks
	Code                 string     `json:"code"`
	StartLine            int        `json:"start_line"`
	HighlightStartOffset int        `json:"highlight_start_offset"`
	HighlightEndOffset   int        `json:"highlight_end_offset"`
	Values               []struct{} `json:"values"` // always empty: the language has no variables
}

// Diagnostics are all errors and warnings about a configuration, in the order of
// the file. As an error it has at least one of [SeverityError].
type Diagnostics []Diagnostic //nolint:errname // as HCL and Terraform call them

// Unwrap returns the causes of the diagnostics.
func (ds Diagnostics) Unwrap() []error {
	var causes []error
	for _, d := range ds {
		if d.Cause != nil {
			causes = append(causes, d.Cause)
		}
	}
	return causes
}

// Count returns the number of diagnostics with the severity.
func (ds Diagnostics) Count(severity Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == severity {
			n++
		}
	}
	return n
}
