package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) estateHistory() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "history [NUMBER]", Short: "What the control plane worked by, and what changed when",
		Long: `While "holdfast serve" runs, each change of the estate is kept and enters the ledger. Without a number: all of them, the newest last, with
what changed. With one: that estate, as "estate show" writes it.`,
		Example: "  holdfast estate history\n  holdfast estate history 3 > estate-before.yaml", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			list, err := app.EstateHistory(cmd.Context(), g.state, g.db)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				n, err := strconv.Atoi(args[0])
				if err != nil || n < 1 || n > len(list) {
					return usage("there is no estate %q: %s kept; all of them: holdfast estate history", args[0], count(len(list), "estate"))
				}
				_, err = fmt.Fprint(g.stdout, list[n-1].Text)
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, list)
			}
			if len(list) == 0 {
				fmt.Fprintln(g.stdout, "No estate is kept yet: holdfast serve -f ESTATE keeps each change of it.")
				return nil
			}
			for _, e := range list {
				fmt.Fprintf(g.stdout, "%d  %s  %s\n", e.Number, e.At.Format("2006-01-02 15:04 MST"), e.Digest[:min(16, len(e.Digest))])
				for _, line := range e.Changes {
					fmt.Fprintf(g.stdout, "   %s\n", report.Clean(line))
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}
