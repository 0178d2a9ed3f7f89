package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
)

// report is what there is to say about files, in the form of
// `terraform validate -json`.
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

// diagnosticsOf returns what an error of package config found.
func diagnosticsOf(err error) config.Diagnostics {
	if found, ok := errors.AsType[config.Diagnostics](err); ok {
		return found
	}
	return config.Diagnostics{{Severity: config.SeverityError, Summary: "Failure", Detail: err.Error()}}
}

// printDiagnostics writes what was found for people to read.
func printDiagnostics(cmd *cobra.Command, found config.Diagnostics) {
	if len(found) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", found.Error())
	}
}
