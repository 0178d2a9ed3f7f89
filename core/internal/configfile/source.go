package configfile

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/cotterpin/cotterpin/core/config"
)

// Source is a configuration file and the ranges of its blocks and arguments. It is
// nil for settings written in Go.
type Source struct {
	filename string
	src      []byte
	context  func(offset int) string // header of the block around an offset
	masked   []span
	ranges   map[Path]hcl.Range
	warnings config.Diagnostics
}

func newSource(filename string, src []byte, file *hcl.File, names secretNames) *Source {
	s := &Source{
		filename: filename,
		src:      src,
		context:  func(int) string { return "" },
		masked:   maskedSpans(isJSON(filename), src, names),
		ranges:   map[Path]hcl.Range{},
	}
	if file != nil {
		if nav, ok := file.Nav.(interface{ ContextString(offset int) string }); ok {
			s.context = nav.ContextString
		}
	}
	return s
}

// diagnostics converts diagnostics of HCL, without duplicates: the template around
// a failed call reports that again.
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
	sortByRange(ds)
	return ds
}

// syntaxErrors converts diagnostics of the parser, without their consequences:
// after an unclosed string every further string is an error, and incomplete JSON
// has no root either.
func (s *Source) syntaxErrors(found hcl.Diagnostics) config.Diagnostics {
	seen := map[string]bool{}
	return slices.DeleteFunc(s.diagnostics(found), func(d config.Diagnostic) bool {
		isConsequence := d.Summary == "Invalid multi-line string" && seen[d.Summary] ||
			d.Summary == "Root value must be object" && len(found) > 1
		seen[d.Summary] = true
		return isConsequence
	})
}

// at returns d with the range of the path, or else of the nearest path around it
// that the file has; without any, the beginning of the file.
func (s *Source) at(path Path, d config.Diagnostic) config.Diagnostic {
	if s == nil {
		d.Address = path.String()
		return d
	}
	at := s.rangeOf(path)
	return s.show(at, at, d)
}

func (s *Source) rangeOf(path Path) hcl.Range {
	for ; path != (Path{}); path = path.outer() {
		if found, ok := s.ranges[path]; ok {
			return found
		}
	}
	return hcl.Range{Filename: s.filename, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// show returns d with the range and its lines.
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

// linesOf returns the whole lines of the span, without the last line end. HCL's
// ranges may be inverted, or beyond the end of the file.
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
// covered entirely or not at all.
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
