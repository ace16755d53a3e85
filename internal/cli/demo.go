package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) demo() *cobra.Command {
	o := app.ServeOptions{Version: g.version}
	c := &cobra.Command{
		Use: "demo", Short: "A company with planted faults and three months of history, to look at in a browser",
		Long: `Makes a company that does not exist, of recorded facts, and serves its pages on this machine: what falls due, what was
decided, how requirements stand, vulnerabilities, agents, the ledger. Whoever opens the page reads everything and changes nothing.

It needs no root and no network, touches nothing of this machine's state, and leaves nothing behind. It ends with Ctrl-C.`,
		Example: "  holdfast demo\n  holdfast demo --listen 127.0.0.1:9000", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Words = func(e app.LedgerEntry) string { return report.Clean(entryWords(e)) }
			o.Log = g.log()
			o.Ready = func(s app.Served) {
				fmt.Fprintf(g.stdout, "The company Northwind is on %s\nIt is read-only, and gone with Ctrl-C.\n", s.Address)
			}
			return app.Demo(cmd.Context(), o)
		},
	}
	c.Flags().StringVar(&o.Listen, "listen", env("HOLDFAST_LISTEN", "127.0.0.1:8470"), "address and port of this machine; port 0 takes a free one")
	return c
}
