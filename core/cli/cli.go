// Package cli is the command cotterpin, alone or as a subcommand of an
// application:
//
//	root.AddCommand(cli.New(cotter.Type, sqlite.Type))
//
// Data is written to standard output, diagnostics to standard error. With --json
// diagnostics are data: in the form of `terraform validate -json`, on standard
// output. [ExitCode] returns the exit code of a run.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

// Exit codes of a process that runs the command.
const (
	ExitOK      = 0
	ExitError   = 1 // diagnostics with errors, wrong usage, or a failure
	ExitPending = 2 // plan --detailed-exitcode found pending changes
	ExitChanges = 3 // fmt --check found files that are not formatted
)

// defaultFile is the configuration file if none is named.
const defaultFile = "auth.hcl"

// New returns the command for files with the given types of provider and
// database.
func New(types ...config.Type) *cobra.Command {
	root := newGroup("cotterpin", "Check the configuration, migrate the database, import users, and manage server keys")
	root.Version = version()
	root.CompletionOptions = cobra.CompletionOptions{HiddenDefaultCmd: true}
	root.SilenceUsage = true
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().Bool("json", false, "write the result as JSON to standard output")
	root.AddCommand(newValidate(types), newFmt(configfile.Loader{Types: types}), newEmulator(), newKeys(types),
		newPlan(types), newApply(types), newUsers(types), newVersion())
	return root
}

// newGroup returns a command that has nothing but commands.
func newGroup(name, short string) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE:  runGroup,

		SuggestionsMinimumDistance: 2,
	}
}

// runGroup prints the help, or rejects a command that does not exist.
func runGroup(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help() //nolint:wrapcheck // it has no other error than that of the output
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	slices.Sort(names)
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		return fmt.Errorf("there is no command %q: did you mean %q?", args[0], meant[0])
	}
	return fmt.Errorf("there is no command %q: the commands are %s", args[0], strings.Join(names, ", "))
}

// flagError adds what to do to the error of a wrong flag.
func flagError(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w: see %s --help", err, cmd.CommandPath())
}

// noArguments rejects arguments of a command that accepts none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s accepts no argument, but got %q", cmd.CommandPath(), args[0])
}

// ExitCode returns the exit code after the command returned err.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	return ExitError
}

// fail ends the command with the diagnostics of err.
func fail(cmd *cobra.Command, err error) error {
	found := diagnosticsOf(err)
	if wantsJSON(cmd) {
		if err := printJSON(cmd, newReport(found)); err != nil {
			return err
		}
	} else {
		printDiagnostics(cmd, found)
	}
	return exit(cmd, ExitError)
}

// exitError ends a command that has reported its problems already.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exit ends the command with a code and without a further message.
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
