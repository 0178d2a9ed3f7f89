// Package cli is the command cotterpin, to be run alone or mounted in the
// command of an application:
//
//	root.AddCommand(cli.New(cotter.Type, sqlite.Type))
//
// Data goes to standard output, diagnostics to standard error. With --json,
// diagnostics are data: the form of `terraform validate -json`, on standard
// output. [ExitCode] tells what became of a run.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

// Exit codes of a process that runs the command.
const (
	ExitOK      = 0
	ExitError   = 1 // diagnostics with errors, wrong usage, or a failure
	ExitChanges = 3 // fmt --check found files that are not formatted
)

// defaultFile is the configuration file where none is named.
const defaultFile = "auth.hcl"

// New returns the command for files with the given types of provider and
// database.
func New(types ...config.Type) *cobra.Command {
	root := &cobra.Command{
		Use:          "cotterpin",
		Short:        "Check and format the configuration, and run the Cotter emulator",
		SilenceUsage: true,
	}
	root.PersistentFlags().Bool("json", false, "write the result as JSON to standard output")
	root.AddCommand(newValidate(types), newFmt(configfile.Loader{Types: types}), newEmulator())
	return root
}

// ExitCode returns the code to exit with after the command returned err.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	return ExitError
}

// exitError ends a command that has said itself what there is to say.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exit ends the command with a code and nothing more to say.
func exit(cmd *cobra.Command, code int) error {
	if code == ExitOK {
		return nil
	}
	cmd.SilenceErrors = true
	return exitError{code: code}
}

func wantsJSON(cmd *cobra.Command) bool {
	wants, err := cmd.Flags().GetBool("json")
	return err == nil && wants
}

func printJSON(cmd *cobra.Command, value any) error {
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
