package cli

import (
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

func newKeys(types []config.Type) *cobra.Command {
	k := keys{types: types}
	cmd := newGroup("keys", "List and rotate the server keys of sessions in format \"jwt\"")
	cmd.PersistentFlags().StringVar(&k.file, "file", defaultFile, "the configuration file; \"-\" is standard input")
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Add the next server keys, and list all",
		Long: `Add the next server keys, and list all.

Processes that run use the new keys an hour later, when all have read them. With
--revoke they sign with the new key at once, and the tokens of older keys become
invalid within 30 seconds: clients refresh them. Sessions continue, unless
key_secret cannot decrypt the key of their refresh tokens.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return k.rotate(cmd) },
	}
	rotate.Flags().BoolVar(&k.revoke, "revoke", false, "revoke the older keys")
	cmd.AddCommand(rotate, &cobra.Command{
		Use:   "list",
		Short: "List the server keys",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return k.list(cmd) },
	})
	return cmd
}

// keys is one run of a command below keys.
type keys struct {
	types  []config.Type
	file   string
	revoke bool
}

func (k *keys) rotate(cmd *cobra.Command) error {
	settings, err := load(cmd, k.types, k.file)
	if err == nil {
		err = settings.RotateServerKeys(cmd.Context(), k.revoke, warningsOf(cmd))
	}
	if err != nil {
		return fail(cmd, err)
	}
	return k.print(cmd, settings)
}

func (k *keys) list(cmd *cobra.Command) error {
	settings, err := load(cmd, k.types, k.file)
	if err != nil {
		return fail(cmd, err)
	}
	return k.print(cmd, settings)
}

// warningsOf writes warnings, such as those of the database, to standard error.
func warningsOf(cmd *cobra.Command) core.Option {
	return core.WithLogger(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})))
}

// print writes the stored keys.
func (k *keys) print(cmd *cobra.Command, settings core.Settings) error {
	stored, err := settings.ServerKeys(cmd.Context(), warningsOf(cmd))
	if err != nil {
		return fail(cmd, err)
	}
	if wantsJSON(cmd) {
		return printJSON(cmd, map[string][]core.ServerKey{"keys": append([]core.ServerKey{}, stored...)})
	}
	const gap = 2
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, gap, ' ', 0)
	fmt.Fprintln(table, "ID\tPURPOSE\tSTATE\tCREATED\tACTIVE FROM")
	for _, key := range stored {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.ID, key.Purpose, key.State, seconds(key.CreatedAt), seconds(key.ActiveAt))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the keys: %w", err)
	}
	return nil
}

func seconds(t time.Time) string { return t.UTC().Format(time.RFC3339) }
