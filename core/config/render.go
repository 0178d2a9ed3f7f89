package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error returns all diagnostics as plain text, separated by empty lines.
func (ds Diagnostics) Error() string { return ds.render(Diagnostic.String) }

// Terminal returns all diagnostics as text for a terminal: with colors (ANSI
// escape sequences) and a marker below the highlighted part, as terraform does.
func (ds Diagnostics) Terminal() string { return ds.render(Diagnostic.terminal) }

func (ds Diagnostics) render(one func(Diagnostic) string) string {
	rendered := make([]string, len(ds))
	for i, d := range ds {
		rendered[i] = one(d)
	}
	return strings.Join(rendered, "\n\n")
}

// String returns the diagnostic as plain text of several lines, without a final
// line end:
//
//	Error: Unsupported argument
//
//	  on auth.hcl line 3, column 3, in provider "cotter":
//	   3:   audiance = "x"
//
//	An argument named "audiance" is not expected here. Did you mean "audience"?
func (d Diagnostic) String() string { return d.format(style{}) }

// style is the escape sequences of a diagnostic on a terminal; "" for plain text.
type style struct{ title, summary, marker, reset string }

func (d Diagnostic) terminal() string {
	const red, yellow, bold, reset = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[0m"
	color := red
	if d.Severity == SeverityWarning {
		color = yellow
	}
	bar := color + "│" + reset
	lines := strings.Split(d.format(style{title: color, summary: bold, marker: color, reset: reset}), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(bar+" "+line, " ")
	}
	return color + "╷" + reset + "\n" + strings.Join(lines, "\n") + "\n" + color + "╵" + reset
}

func (d Diagnostic) format(s style) string {
	title := "Error"
	if d.Severity == SeverityWarning {
		title = "Warning"
	}
	location := ""
	switch {
	case d.Range != nil:
		location = d.location() + d.code(s) + "\n"
	case d.Address != "":
		location = fmt.Sprintf("  in %s\n\n", d.Address)
	}
	return s.title + title + ": " + s.reset + s.summary + d.Summary + s.reset + "\n\n" + location + wrap(d.Detail, detailWidth)
}

// location returns the line that names the range.
func (d Diagnostic) location() string {
	in := ""
	if d.Snippet.Context != nil {
		in = ", in " + *d.Snippet.Context
	}
	return fmt.Sprintf("  on %s line %d, column %d%s:\n", d.Range.Filename, d.Range.Start.Line, d.Range.Start.Column, in)
}

// code returns the lines of the snippet, with a line that marks the highlighted
// part if s has a style for it.
func (d Diagnostic) code(s style) string {
	var text strings.Builder
	start := 0 // offset of the line
	for i, line := range strings.Split(d.Snippet.Code, "\n") {
		prefix := fmt.Sprintf("%4d: ", d.Snippet.StartLine+i)
		text.WriteString(strings.TrimRight(prefix+line, " \t\r") + "\n")
		if marker := d.Snippet.marker(start, line); s.marker != "" && marker != "" {
			text.WriteString(strings.Repeat(" ", len(prefix)) + s.marker + marker + s.reset + "\n")
		}
		start += len(line) + 1
	}
	return text.String()
}

// marker returns carets below the highlighted part of a line that begins at
// offset start of the code; "" if that part is in other lines. It has the tabs of
// the line, so that both have the same width.
func (s Snippet) marker(start int, line string) string {
	from := max(0, s.HighlightStartOffset-start)
	to := min(len(line), s.HighlightEndOffset-start)
	if from >= to {
		return ""
	}
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:from])
	return indent + strings.Repeat("^", utf8.RuneCountInString(line[from:to]))
}

// detailWidth is the width to which the detail is wrapped, as terraform does.
const detailWidth = 78

// wrap breaks the lines of text at spaces so that they have at most width bytes; a
// longer word gets a line.
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
