// Command testreport reads what `go test -json` prints and writes what
// `go test` prints, but what failed tests say at the end, and then every test
// that was skipped. It exits with 1 if anything failed, anything was skipped or
// nothing was tested.
//
//	go test -json work | go run ./.ci/testreport
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	r := newReport(out)
	if err := r.read(in); err != nil {
		return err
	}
	fmt.Fprint(out, r.faults.String()) // where they are seen, after long tables
	for _, test := range r.skipped {
		fmt.Fprintln(out, "skipped:", test)
	}
	switch {
	case r.failed > 0:
		return fmt.Errorf("%d of %d packages failed", r.failed, r.failed+r.passed)
	case len(r.skipped) > 0:
		return fmt.Errorf("%d tests were skipped", len(r.skipped))
	case r.passed == 0:
		return errors.New("nothing was tested")
	}
	return nil
}
