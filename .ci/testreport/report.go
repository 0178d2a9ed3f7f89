package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`; `go doc test2json` describes it.
type event struct {
	Action  string `json:"Action"`
	Package string `json:"Package"`
	Test    string `json:"Test"` // empty if the event is the package's
	Output  string `json:"Output"`
}

// report keeps a package's events until the package has ended, because only
// then it is known which of its output matters.
type report struct {
	out     io.Writer
	events  map[string][]event // by package
	passed  int                // packages
	failed  int                // packages
	faults  strings.Builder    // what those that have failed say
	skipped []string           // tests
}

func newReport(out io.Writer) *report {
	return &report{out: out, events: map[string][]event{}}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		r.take(line)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read events: %w", err)
		}
	}
}

func (r *report) take(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		_, _ = r.out.Write(line) // the go command itself says something
		return
	}
	switch {
	case e.Package == "": // the compiler's output
		fmt.Fprint(r.out, e.Output)
	case e.Test == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip"):
		r.end(e)
	default:
		r.events[e.Package] = append(r.events[e.Package], e)
	}
}

// end writes what a package says itself, at the least its last line ("ok …"). If
// it has failed it keeps the output of the tests that have not passed.
func (r *report) end(last event) {
	events := r.events[last.Package]
	delete(r.events, last.Package)

	passed := map[string]bool{}
	var own strings.Builder
	for _, e := range events {
		switch {
		case e.Action == "pass":
			passed[e.Test] = true
		case e.Action == "skip":
			r.skipped = append(r.skipped, last.Package+" "+e.Test)
		case e.Action == "output" && e.Test == "" && e.Output != "PASS\n":
			own.WriteString(e.Output)
		}
	}

	switch last.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		for _, e := range events {
			if e.Test != "" && !passed[e.Test] && !strings.HasPrefix(e.Output, "=== ") {
				r.faults.WriteString(e.Output)
			}
		}
	}
	fmt.Fprint(r.out, own.String())
}
