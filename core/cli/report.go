package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
)

// report is the result for files, in the form of `terraform validate -json`.
type report struct {
	FormatVersion string             `json:"format_version"`
	Valid         bool               `json:"valid"`
	ErrorCount    int                `json:"error_count"`
	WarningCount  int                `json:"warning_count"`
	Diagnostics   config.Diagnostics `json:"diagnostics"`
}

func newReport(found config.Diagnostics) report {
	errorCount := found.Count(config.SeverityError)
	return report{
		FormatVersion: "1.0",
		Valid:         errorCount == 0,
		ErrorCount:    errorCount,
		WarningCount:  found.Count(config.SeverityWarning),
		Diagnostics:   append(config.Diagnostics{}, found...),
	}
}

// diagnosticsOf returns the diagnostics of an error; any other error as one.
func diagnosticsOf(err error) config.Diagnostics {
	if found, ok := errors.AsType[config.Diagnostics](err); ok {
		return found
	}
	return config.Diagnostics{{Severity: config.SeverityError, Summary: "Failure", Detail: err.Error()}}
}

// printDiagnostics writes diagnostics to standard error: with colors if that is a
// terminal and NO_COLOR is not set (https://no-color.org).
func printDiagnostics(cmd *cobra.Command, found config.Diagnostics) {
	switch {
	case len(found) == 0:
	case isColorTerminal(cmd.ErrOrStderr()):
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", found.Terminal())
	default:
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", found.Error())
	}
}

func isColorTerminal(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
