package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newValidate(types []config.Type) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a configuration file without network and database",
		Long: `Check a configuration file, by default ` + defaultFile + `.

All problems are shown at once. Neither the network nor the database is used;
what env() and file() name is read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := defaultFile
			if len(args) > 0 {
				file = args[0]
			}
			return validate(cmd, types, file)
		},
	}
}

func validate(cmd *cobra.Command, types []config.Type, file string) error {
	var found config.Diagnostics
	if s, err := core.Load(cmd.Context(), file, core.WithTypes(types...)); err != nil {
		found = diagnosticsOf(err)
	} else {
		found = s.Warnings()
	}
	result := newReport(found)
	if wantsJSON(cmd) {
		if err := printJSON(cmd, result); err != nil {
			return err
		}
	} else {
		printDiagnostics(cmd, found)
		if result.Valid {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid.\n", file)
		}
	}
	if !result.Valid {
		return exit(cmd, ExitError)
	}
	return nil
}
