package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

// stdin is the argument that means standard input.
const stdin = "-"

func newFmt(loader configfile.Loader) *cobra.Command {
	f := formatter{loader: loader}
	cmd := &cobra.Command{
		Use:   "fmt [FILE...]",
		Short: "Format configuration files",
		Long: `Format configuration files, by default ` + defaultFile + `.

Files are rewritten in place, and the names of those that changed are printed.
"-" formats standard input to standard output.`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{defaultFile}
			}
			return f.run(cmd, files)
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing, and exit with 3 if a file is not formatted")
	return cmd
}

// formatter is one run of fmt.
type formatter struct {
	loader  configfile.Loader
	check   bool
	changed []string
	found   config.Diagnostics
}

func (f *formatter) run(cmd *cobra.Command, files []string) error {
	f.changed, f.found = []string{}, nil
	for _, file := range files {
		if err := f.format(cmd, file); err != nil {
			f.found = append(f.found, diagnosticsOf(err)...)
		}
	}
	if err := f.print(cmd); err != nil {
		return err
	}
	switch {
	case len(f.found) > 0:
		return exit(cmd, ExitError)
	case f.check && len(f.changed) > 0:
		return exit(cmd, ExitChanges)
	default:
		return nil
	}
}

// format formats one file, and rewrites it unless f.check is set.
func (f *formatter) format(cmd *cobra.Command, file string) error {
	src, err := read(cmd, file)
	if err != nil {
		return err
	}
	formatted, err := f.loader.Format(file, src)
	if err != nil {
		return err
	}
	isChanged := !bytes.Equal(src, formatted)
	if isChanged && (f.check || file != stdin) {
		f.changed = append(f.changed, file)
	}
	switch {
	case f.check:
		return nil
	case file == stdin:
		_, err = cmd.OutOrStdout().Write(formatted)
	case isChanged:
		err = rewrite(file, formatted)
	}
	return err
}

func read(cmd *cobra.Command, file string) ([]byte, error) {
	if file == stdin {
		content, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return content, nil
	}
	return os.ReadFile(file)
}

// rewrite replaces the content of an existing file, whose mode is kept.
func rewrite(file string, content []byte) error {
	const unused = 0o600
	return os.WriteFile(file, content, unused)
}

// print writes the names of the changed files, and the diagnostics.
func (f *formatter) print(cmd *cobra.Command) error {
	if wantsJSON(cmd) {
		return printJSON(cmd, struct {
			report

			Changed []string `json:"changed"`
		}{newReport(f.found), f.changed})
	}
	for _, file := range f.changed {
		fmt.Fprintln(cmd.OutOrStdout(), file)
	}
	printDiagnostics(cmd, f.found)
	return nil
}
