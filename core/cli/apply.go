package cli

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newApply(types []config.Type) *cobra.Command {
	a := applier{types: types}
	cmd := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Migrate the database after showing the plan",
		Long: `Migrate the database of a configuration file, by default ` + defaultFile + `, and create
a missing SQLite file. "-" is standard input.

It shows the plan and prompts for approval; only "yes" applies it. Without a terminal it fails
unless --auto-approve is set. With --json it prints the applied plan. Back up the
database before: there are no down migrations.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return a.run(cmd, fileOf(files)) },
	}
	cmd.Flags().BoolVar(&a.approved, "auto-approve", false, "apply without a prompt")
	return cmd
}

// applier is one run of apply.
type applier struct {
	types    []config.Type
	approved bool
}

// errNotApproved is why nothing is applied.
var (
	errNotApproved = errors.New("not applied: only \"yes\" applies the plan")
	errNoTerminal  = errors.New("there is no terminal for a prompt: apply the plan with --auto-approve")
)

func (a applier) run(cmd *cobra.Command, file string) error {
	settings, err := load(cmd, a.types, file)
	if err != nil {
		return fail(cmd, err)
	}
	plan, err := settings.Plan(cmd.Context(), warningsOf(cmd))
	if err != nil {
		return fail(cmd, err)
	}
	if err := a.apply(cmd, settings, plan); err != nil {
		return fail(cmd, err)
	}
	switch {
	case wantsJSON(cmd):
		return printJSON(cmd, plan)
	case plan.Any():
		s := styleOf(cmd.OutOrStdout())
		fmt.Fprintf(cmd.OutOrStdout(), "\n%sApplied:%s the tables are at version %d.\n", s.success, s.reset, plan.Required)
	}
	return nil
}

// apply shows the plan, prompts for approval, and applies it.
func (a applier) apply(cmd *cobra.Command, settings core.Settings, plan core.Plan) error {
	if !wantsJSON(cmd) {
		if err := printPlan(cmd.OutOrStdout(), plan); err != nil {
			return err
		}
	}
	switch {
	case plan.Migrate == "off":
		return settings.Apply(cmd.Context(), warningsOf(cmd)) // why it is an error
	case !plan.Any():
		return nil
	}
	if err := a.approve(cmd); err != nil {
		return err
	}
	return settings.Apply(cmd.Context(), warningsOf(cmd))
}

// approve prompts on the terminal, unless the plan is approved.
func (a applier) approve(cmd *cobra.Command) error {
	if a.approved {
		return nil
	}
	if !isTerminal(cmd.InOrStdin()) {
		return errNoTerminal
	}
	fmt.Fprint(cmd.ErrOrStderr(), "\nApply this plan? Only \"yes\" is accepted: ")
	reply, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && reply == "" {
		return fmt.Errorf("reading the reply: %w", err)
	}
	if strings.TrimSpace(reply) != "yes" {
		return errNotApproved
	}
	return nil
}
