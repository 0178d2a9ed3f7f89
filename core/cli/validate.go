package cli

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newValidate(types []config.Type) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE...]",
		Short: "Check configuration files without network and database",
		Long: `Check configuration files, by default ` + defaultFile + `.

All problems are reported at once. Neither the network nor the database is used;
what env() and file() name is read. "-" is standard input.`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{defaultFile}
			}
			return validate(cmd, types, files)
		},
	}
}

func validate(cmd *cobra.Command, types []config.Type, files []string) error {
	var all config.Diagnostics
	var valid []string
	for _, file := range files {
		found := check(cmd, types, file)
		if found.Count(config.SeverityError) == 0 {
			valid = append(valid, file)
		}
		all = append(all, found...)
	}
	if wantsJSON(cmd) {
		if err := printJSON(cmd, newReport(all)); err != nil {
			return err
		}
	} else {
		printDiagnostics(cmd, all)
		for _, file := range valid {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid.\n", file)
		}
	}
	if len(valid) < len(files) {
		return exit(cmd, ExitError)
	}
	return nil
}

// check returns the errors or, if there are none, the warnings of a file.
func check(cmd *cobra.Command, types []config.Type, file string) config.Diagnostics {
	settings, err := load(cmd, types, file)
	if err != nil {
		return diagnosticsOf(err)
	}
	return settings.Warnings()
}

func load(cmd *cobra.Command, types []config.Type, file string) (core.Settings, error) {
	if file != stdin {
		return core.Load(cmd.Context(), file, core.WithTypes(types...))
	}
	src, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return core.Settings{}, fmt.Errorf("reading standard input: %w", err)
	}
	return core.Parse(cmd.Context(), stdinName(src), src, core.WithTypes(types...))
}

// stdinName returns the name of standard input in diagnostics. It selects the
// JSON form if that is what src is: HCL's own syntax has no leading brace.
func stdinName(src []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(src), []byte("{")) {
		return "stdin.json"
	}
	return "stdin"
}
