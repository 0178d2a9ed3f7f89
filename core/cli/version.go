package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const module = "github.com/cotterpin/cotterpin"

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of cotterpin",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wantsJSON(cmd) {
				return printJSON(cmd, map[string]string{"version": version(), "go": runtime.Version()})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "cotterpin %s\n", version())
			return nil
		},
	}
}

// version returns the version of the module in this program, whose main module
// may be an application; "unknown" if the program was built without modules.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "unknown"
}
