package configfile

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/cotterpin/cotterpin/core/config"
)

// source is a file, and what is known about its places. A nil source is that
// of settings made in Go.
type Source struct {
	filename string
	src      []byte
	context  func(offset int) string // header of the block around a place
	masked   []span
	places   map[Path]hcl.Range
	warnings config.Diagnostics
}

func newSource(filename string, src []byte, file *hcl.File, names secretNames) *Source {
	s := &Source{
		filename: filename,
		src:      src,
		context:  func(int) string { return "" },
		masked:   maskedSpans(isJSON(filename), src, names),
		places:   map[Path]hcl.Range{},
	}
	if file != nil {
		if nav, ok := file.Nav.(interface{ ContextString(offset int) string }); ok {
			s.context = nav.ContextString
		}
	}
	return s
}

// diagnostics translates what HCL found. What it found twice is given once: a
// failed call is reported again by the template around it.
func (s *Source) diagnostics(found hcl.Diagnostics) config.Diagnostics {
	ds := config.Diagnostics{}
	seen := map[string]bool{}
	for _, f := range found {
		d := config.Diagnostic{Severity: config.SeverityError, Summary: f.Summary, Detail: f.Detail}
		if f.Severity == hcl.DiagWarning {
			d.Severity = config.SeverityWarning
		}
		if f.Subject != nil {
			lines := *f.Subject
			if f.Context != nil {
				lines = hcl.RangeOver(lines, *f.Context)
			}
			d = s.show(*f.Subject, lines, d)
		}
		if text := d.String(); !seen[text] {
			seen[text] = true
			ds = append(ds, d)
		}
	}
	sortByPlace(ds)
	return ds
}

// syntaxErrors translates what the parser found, without its echoes: a text
// whose quote is missing makes it stumble over all texts that follow, and JSON
// that breaks off has no root either.
func (s *Source) syntaxErrors(found hcl.Diagnostics) config.Diagnostics {
	seen := map[string]bool{}
	return slices.DeleteFunc(s.diagnostics(found), func(d config.Diagnostic) bool {
		isEcho := d.Summary == "Invalid multi-line string" && seen[d.Summary] ||
			d.Summary == "Root value must be object" && len(found) > 1
		seen[d.Summary] = true
		return isEcho
	})
}

// at puts a finding to its place: that of the path, or else of the nearest one
// around it that the file has; at worst, the beginning of the file.
func (s *Source) at(path Path, d config.Diagnostic) config.Diagnostic {
	if s == nil {
		d.Address = path.String()
		return d
	}
	place := s.place(path)
	return s.show(place, place, d)
}

func (s *Source) place(path Path) hcl.Range {
	for ; path != (Path{}); path = path.outer() {
		if place, ok := s.places[path]; ok {
			return place
		}
	}
	return hcl.Range{Filename: s.filename, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// show adds the place and the lines to a finding.
func (s *Source) show(subject, lines hcl.Range, d config.Diagnostic) config.Diagnostic {
	d.Range = &config.Range{Filename: subject.Filename, Start: config.Position(subject.Start), End: config.Position(subject.End)}
	code := s.linesOf(span{lines.Start.Byte, max(lines.End.Byte, subject.End.Byte)})
	highlight := s.highlight(span{subject.Start.Byte, subject.End.Byte}, code)

	before, highlighted := s.text(span{code.start, highlight.start}), s.text(highlight)
	d.Snippet = &config.Snippet{
		Code:                 before + highlighted + s.text(span{highlight.end, code.end}),
		StartLine:            1 + bytes.Count(s.src[:code.start], []byte("\n")),
		HighlightStartOffset: len(before),
		HighlightEndOffset:   len(before) + len(highlighted),
		Values:               []struct{}{},
	}
	if context := s.context(subject.Start.Byte); context != "" && !subject.Empty() {
		d.Snippet.Context = &context
	}
	return d
}

// linesOf returns the whole lines that hold the span, without the last line
// end. HCL's ranges may be inverted, or lie behind the end of the file.
func (s *Source) linesOf(part span) span {
	start := min(part.start, len(s.src))
	start = bytes.LastIndexByte(s.src[:start], '\n') + 1
	end := max(start, min(part.end, len(s.src)))
	if end > start && s.src[end-1] == '\n' {
		return span{start, end - 1}
	}
	if rest := bytes.IndexByte(s.src[end:], '\n'); rest >= 0 {
		return span{start, end + rest}
	}
	return span{start, len(s.src)}
}

// highlight returns the part of the code that the subject covers. A mask is
// covered as a whole or not at all.
func (s *Source) highlight(subject, code span) span {
	start := max(code.start, min(subject.start, code.end))
	end := max(start, min(subject.end, code.end))
	for _, m := range s.masked {
		if m.start < start && start < m.end {
			start = max(code.start, m.start)
		}
		if m.start < end && end < m.end {
			end = min(code.end, m.end)
		}
	}
	return span{start, end}
}

// text returns a part of the file with secrets masked.
func (s *Source) text(part span) string {
	var text bytes.Buffer
	from := part.start
	for _, m := range s.masked {
		if m.end <= from || m.start >= part.end {
			continue
		}
		text.Write(s.src[from:max(from, m.start)])
		text.WriteString(mask)
		from = min(part.end, m.end)
	}
	text.Write(s.src[from:part.end])
	return text.String()
}
