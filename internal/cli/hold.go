package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) hold() *cobra.Command {
	c := &cobra.Command{Use: "hold", Short: "Keep history from being removed: for a court, an auditor, an inquiry",
		Long: `"holdfast serve" removes runs and what they saw when they are older than --keep. What a hold covers stays, however old, until the hold is
released. Holds and releases stand in the ledger, with reason and account.`}
	c.AddCommand(g.holdAdd(), g.holdList(), g.holdRelease())
	return c
}

func (g *global) holdAdd() *cobra.Command {
	var reason, subject, from, until string
	c := &cobra.Command{
		Use: "add --reason TEXT", Short: "Place a hold",
		Example: "  holdfast hold add --reason \"case 12/2026\"\n  holdfast hold add --reason \"audit of the shop\" --subject web-1 --from 2026-01-01 --until 2026-04-01", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h := app.Hold{Reason: reason, Subject: subject, Made: time.Now()}
			for _, x := range []struct {
				flag, text string
				to         *time.Time
			}{{"--from", from, &h.From}, {"--until", until, &h.Until}} {
				if x.text == "" {
					continue
				}
				t, err := time.Parse(time.DateOnly, x.text)
				if err != nil {
					return usage("%s %q: want a day, 2026-01-31 for example", x.flag, x.text)
				}
				*x.to = t
			}
			h, err := app.PlaceHold(cmd.Context(), g.state, g.db, g.version, h)
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s keeps %s until it is released: holdfast hold release %s\n", h.ID, report.Clean(app.HeldBy(h)), h.ID)
			return nil
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the ledger")
	c.Flags().StringVar(&subject, "subject", "", "whose history, as \"holdfast finding list\" names it (default: everybody's)")
	c.Flags().StringVar(&from, "from", "", "first day of runs that are held, in UTC (default: the first there is)")
	c.Flags().StringVar(&until, "until", "", "day before which they ended (default: without an end)")
	return c
}

func (g *global) holdList() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "list", Short: "All holds, also those that were released", Example: "  holdfast hold list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			list, err := app.Holds(cmd.Context(), g.state, g.db)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, append([]app.Hold{}, list...))
			}
			if len(list) == 0 {
				fmt.Fprintln(g.stdout, "Nothing is held: history is removed when it is older than serve --keep. To place a hold: holdfast hold add --reason TEXT")
				return nil
			}
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			for _, h := range list {
				state := "stands"
				if !h.Released.IsZero() {
					state = "released " + h.Released.Format(time.DateOnly)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s, by %s: %s\n", h.ID, h.Made.Format(time.DateOnly), state, report.Clean(app.HeldBy(h)), report.Clean(h.By), report.Clean(h.Reason))
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func (g *global) holdRelease() *cobra.Command {
	return &cobra.Command{
		Use: "release ID", Short: "End a hold: what it kept is removed when its time has come", Example: "  holdfast hold release H-5E0C12AB", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.ReleaseHold(cmd.Context(), g.state, g.db, g.version, args[0], time.Now()); err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s is released.\n", args[0])
			return nil
		},
	}
}
