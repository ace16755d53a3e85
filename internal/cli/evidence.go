package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

func (g *global) evidence() *cobra.Command {
	o := app.EvidenceOptions{Version: g.version}
	var from, until string
	c := &cobra.Command{
		Use: "evidence --from DAY --until DAY -o FILE", Short: "A signed bundle of a period, for an auditor",
		Long: `Writes one file with all that is known of a period: how the requirements stood at the end of each day, all findings as of its end
with their history, decisions, runs with the digests of what they saw, events, and the ledger that proves them. Its list is signed
by the key of the ledger. Who is given it needs nothing else: holdfast ledger verify FILE --key KEY.

Days are of the estate's time zone; --until is the first day that is not in it any more.`,
		Example: "  holdfast evidence -f estate.yaml --from 2026-01-01 --until 2026-04-01 -o 2026-Q1.zip\n  holdfast ledger verify 2026-Q1.zip --key 'holdfast-ledger-5e0c…+9f3a…+AX…'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.File == "" || from == "" {
				return usage("--from and -o are missing; see --help")
			}
			zone, err := app.Zone(o.Estate)
			if err != nil {
				return err
			}
			for _, x := range []struct {
				flag, text string
				to         *time.Time
			}{{"from", from, &o.From}, {"until", until, &o.Until}} {
				if x.text == "" {
					*x.to = time.Now()
					continue
				}
				if *x.to, err = time.ParseInLocation(time.DateOnly, x.text, zone); err != nil {
					return usage("--%s %q is no day; write it as 2026-01-01", x.flag, x.text)
				}
			}
			o.State, o.DB = g.state, g.db
			n, err := app.Evidence(cmd.Context(), o, time.Now())
			if err == nil {
				fmt.Fprintf(g.stdout, "%s: %s, to be verified by: holdfast ledger verify %s\n", o.File, count(n, "file"), o.File)
			}
			return err
		},
	}
	c.Flags().StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	c.Flags().StringVar(&from, "from", "", "first day of the period")
	c.Flags().StringVar(&until, "until", "", "first day after it (default: now)")
	c.Flags().StringVarP(&o.File, "output", "o", "", "file to write; it must not be there yet")
	return c
}
