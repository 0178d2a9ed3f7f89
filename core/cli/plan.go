package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newPlan(types []config.Type) *cobra.Command {
	var detailed bool
	cmd := &cobra.Command{
		Use:   "plan [FILE]",
		Short: "Show pending migrations, and which users could no longer sign in",
		Long: `Show what "apply" would change in the database of a configuration file, by
default ` + defaultFile + `: the pending migrations with their SQL. "-" is standard input.

It also counts the stored identities by provider and, for those that belong to no
active provider block: how many users have another identity that can sign in
(elsewhere), how many the first login at an active block would find by link_on, if
it signs the same contact (linkable), and how many could not sign in if the block
were removed (stranded).

It reads all identities once, changes nothing and creates no file.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return runPlan(cmd, types, fileOf(files), detailed) },
	}
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 if something is pending")
	return cmd
}

// fileOf returns the only argument, by default the file in the working directory.
func fileOf(args []string) string {
	if len(args) == 0 {
		return defaultFile
	}
	return args[0]
}

func runPlan(cmd *cobra.Command, types []config.Type, file string, detailed bool) error {
	settings, err := load(cmd, types, file)
	if err != nil {
		return fail(cmd, err)
	}
	plan, err := settings.Plan(cmd.Context(), warningsOf(cmd))
	if err != nil {
		return fail(cmd, err)
	}
	if wantsJSON(cmd) {
		err = printJSON(cmd, plan)
	} else {
		err = printPlan(cmd.OutOrStdout(), plan)
	}
	if err == nil && detailed && plan.Any() {
		return exit(cmd, ExitPending)
	}
	return err
}

// printPlan writes a plan as text.
func printPlan(w io.Writer, plan core.Plan) error {
	s := styleOf(w)
	var text strings.Builder
	switch {
	case plan.Database == "":
		text.WriteString("The configuration stores nothing.\n")
	case plan.Migrate == "off":
		text.WriteString("The application migrates the tables (migrate = \"off\"), and they have what this program needs.\n")
	case !plan.Any():
		fmt.Fprintf(&text, "%sNothing is pending:%s the tables are at version %d, and this program needs version %d.\n", s.success, s.reset, plan.Version, plan.Required)
	}
	if plan.Creates != "" {
		fmt.Fprintf(&text, "%sThe file %s is created.%s\n", s.bold, plan.Creates, s.reset)
	}
	if len(plan.Migrations) > 0 {
		fmt.Fprintf(&text, "%sThe tables are migrated from version %d to version %d.%s\n", s.bold, plan.Version, plan.Required, s.reset)
	}
	if len(plan.Migrations) > 0 && plan.Version == 0 {
		text.WriteString("The table auth_migrations is created first, which records the versions.\n")
	}
	for _, m := range plan.Migrations {
		fmt.Fprintf(&text, "\n%s-- %s%s\n%s", s.bold, m.Name, s.reset, m.SQL)
	}
	if len(plan.Identities) > 0 {
		text.WriteString("\n" + identityTable(plan.Identities, s))
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// identityTable returns the counts as a table, and what to do about stranded users.
func identityTable(counts []core.IdentityCount, s style) string {
	const gap = 2
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, gap, ' ', 0)
	fmt.Fprintln(table, "PROVIDER\tISSUER\tBLOCK\tIDENTITIES\tELSEWHERE\tLINKABLE\tSTRANDED")
	stranded := 0
	for _, c := range counts {
		block := "none"
		if c.Block != "" {
			block = c.Block + " (" + c.State + ")"
		}
		cells := []string{c.Provider, c.Issuer, block, strconv.Itoa(c.Identities), "-", "-", "-"}
		if c.State != config.StateActive {
			cells = append(cells[:4], strconv.Itoa(c.Elsewhere), strconv.Itoa(c.Linkable), strconv.Itoa(c.Stranded))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
		stranded += c.Stranded
	}
	_ = table.Flush() // a strings.Builder accepts everything
	if stranded > 0 {
		fmt.Fprintf(&text, "\n%s%d stranded:%s they sign in only while a block of their provider is there, active or draining.\n"+
			"To link more of them, see users.link_on, and trust of the provider blocks.\n", s.warning, stranded, s.reset)
	}
	return text.String()
}

// style is the escape sequences of text on a terminal; "" for plain text.
type style struct{ bold, success, warning, reset string }

// styleOf returns colors if w is a terminal and NO_COLOR is not set.
func styleOf(w io.Writer) style {
	if !isColorTerminal(w) {
		return style{}
	}
	return style{bold: "\x1b[1m", success: "\x1b[32m", warning: "\x1b[1;33m", reset: "\x1b[0m"}
}
