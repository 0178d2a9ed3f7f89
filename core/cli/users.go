package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newUsers(types []config.Type) *cobra.Command {
	i := importer{types: types}
	cmd := newGroup("users", "Import users")
	cmd.PersistentFlags().StringVar(&i.file, "file", defaultFile, "the configuration file; \"-\" is standard input")
	imports := &cobra.Command{
		Use:   "import FILE.jsonl --provider NAME",
		Short: "Create users and identities before their first login",
		Long: `Create users and identities before their first login, which then finds them.

Each line of the file is a JSON object. subject, the sub of the user's tokens, is
required:

  {"subject":"6f0a…","identifier":"ada@example.com","email":"ada@example.com",
   "email_verified":true,"phone":"+12025550100","phone_verified":false,
   "external_id":"7","created_at":"2021-07-31T12:00:00Z"}

(on one line). external_id is the application's own id of the user. email_verified
and phone_verified are your word that the contact is the user's: link_on accepts it
where the provider block has trust in the contact.

A line may also be a user object of Cotter's API, whose ID is the subject. Its
contacts are imported as unverified, and users with deleted_at are skipped. All
users of a project, 50 a page:

  curl -H "API_KEY_ID: …" -H "API_SECRET_KEY: …" \
    "https://www.cotter.app/api/v0/user/list?page=0" | jq -c '.[]'

All lines are checked first. If one is rejected, all that are rejected are listed
with their numbers, nothing is written, and the exit code is 1. Then 500 lines at a
time are written in a transaction. After an interruption repeat the command: users
that exist keep their id, and those that have signed in keep their contacts.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, files []string) error { return i.run(cmd, files[0]) },
	}
	flags := imports.Flags()
	flags.StringVar(&i.options.Provider, "provider", "", "the name of the provider block at which the users sign in (required)")
	flags.StringVar(&i.options.Issuer, "issuer", "", "the iss of the users' tokens, if the block accepts several issuers")
	flags.BoolVar(&i.options.DryRun, "dry-run", false, "check all lines, and write nothing")
	cmd.AddCommand(imports)
	return cmd
}

// oneFile demands one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fmt.Errorf("%s needs one file, but got %d: see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
}

// importer is one run of users import.
type importer struct {
	types   []config.Type
	file    string // the configuration
	options core.Import
}

func (i *importer) run(cmd *cobra.Command, name string) error {
	switch {
	case i.options.Provider == "":
		return errors.New("users import: --provider is required: the name of the provider block at which the users sign in")
	case name == stdin:
		return errors.New("users import: the file is read twice, which standard input is not: name a file")
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd.SetContext(ctx)
	result, err := i.imports(cmd, name)
	if err != nil && result.Rejected == 0 {
		return fail(cmd, err)
	}
	return printImport(cmd, result, i.options.DryRun, err)
}

// imports opens the kit and the file, and imports the users.
func (i *importer) imports(cmd *cobra.Command, name string) (result core.ImportResult, err error) {
	settings, err := load(cmd, i.types, i.file)
	if err != nil {
		return core.ImportResult{}, err
	}
	file, err := os.Open(name)
	if err != nil {
		return core.ImportResult{}, fmt.Errorf("users import: %w", err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	kit, err := core.New(cmd.Context(), settings, warningsOf(cmd))
	if err != nil {
		return core.ImportResult{}, err
	}
	defer func() { err = errors.Join(err, kit.Close()) }()
	if isTerminal(cmd.ErrOrStderr()) {
		i.options.Progress = func(lines, total int) { printProgress(cmd, lines, total) }
		defer fmt.Fprint(cmd.ErrOrStderr(), clearLine)
	}
	return kit.Users().Import(cmd.Context(), file, i.options)
}

// clearLine clears the last line of a terminal.
const clearLine = "\r\x1b[K"

// printProgress replaces the last line of the terminal.
func printProgress(cmd *cobra.Command, lines, total int) {
	if total == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), clearLine+"checked %d lines", lines)
		return
	}
	const percent = 100
	fmt.Fprintf(cmd.ErrOrStderr(), clearLine+"imported %d of %d lines (%d%%)", lines, total, lines*percent/total)
}

// printImport writes the result. rejected is the error if lines were rejected.
func printImport(cmd *cobra.Command, result core.ImportResult, isDryRun bool, rejected error) error {
	if wantsJSON(cmd) {
		if err := printJSON(cmd, result); err != nil {
			return err
		}
	} else {
		printCounts(cmd, result, isDryRun, rejected)
	}
	if rejected != nil {
		return exit(cmd, ExitError)
	}
	return nil
}

func printCounts(cmd *cobra.Command, result core.ImportResult, isDryRun bool, rejected error) {
	for _, r := range result.Rejections {
		fmt.Fprintf(cmd.ErrOrStderr(), "line %d: %s\n", r.Line, r.Problem)
	}
	if more := result.Rejected - len(result.Rejections); more > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "and %d more\n", more)
	}
	verb := "Imported"
	switch {
	case rejected != nil:
		printDiagnostics(cmd, diagnosticsOf(rejected))
		return
	case isDryRun:
		verb = "Would import"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %d lines: %d created, %d updated, %d unchanged, %d skipped.\n",
		verb, result.Lines, result.Created, result.Updated, result.Unchanged, result.Skipped)
}
