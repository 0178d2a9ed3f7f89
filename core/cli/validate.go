package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
)

func newValidate(loader config.Loader) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a configuration file without opening anything",
		Long: `Check a configuration file, by default ` + defaultFile + `.

All mistakes are shown at once. Nothing is opened and no network is used; what
env() and file() name is read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := defaultFile
			if len(args) > 0 {
				file = args[0]
			}
			return validate(cmd, loader, file)
		},
	}
}

func validate(cmd *cobra.Command, loader config.Loader, file string) error {
	var found config.Diagnostics
	if s, err := loader.Load(file); err != nil {
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
