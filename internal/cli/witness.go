package cli

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) ledgerWitness() *cobra.Command {
	c := &cobra.Command{Use: "witness", Short: "Who else remembers the ledger, so that not even its owner can write it anew",
		Long: `A witness keeps the last head of the ledger and cosigns a later one only when nothing before it was changed (C2SP tlog-witness). While "holdfast
serve" runs, each is asked within seconds of every change; nobody waits for one that is away. Another Holdfast can be one
(holdfast witness serve), best of somebody else, and so can any public witness.`}
	add := &cobra.Command{
		Use: "add KEY URL", Short: "Have a witness cosign the ledger", Args: cobra.ExactArgs(2),
		Example: "  holdfast ledger witness add 'holdfast-witness-5e0c12ab34cd+9f3a1b2c+BAX…' https://witness.example.org",
		RunE: func(_ *cobra.Command, args []string) error {
			w := app.LedgerWitness{Key: args[0], URL: args[1]}
			if err := app.AddLedgerWitness(g.state, w); err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s is asked from now on, while holdfast serve runs. It has to be told the public key of this ledger: holdfast ledger verify prints it.\n", w.Name())
			return nil
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "The witnesses, and what each cosigned last", Args: cobra.NoArgs, Example: "  holdfast ledger witness list",
		RunE: func(*cobra.Command, []string) error {
			all, done, err := app.LedgerWitnesses(g.state)
			if err != nil {
				return err
			}
			if len(all) == 0 && len(done) == 0 {
				fmt.Fprintln(g.stdout, "No witness is asked. To have one: holdfast ledger witness add KEY URL")
				return nil
			}
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			last := map[string]string{}
			for _, d := range done {
				last[d.Witness] = fmt.Sprintf("%d entries on %s", d.Size, d.At.Format("2006-01-02 15:04 MST"))
			}
			for _, x := range all {
				text := last[x.Name()]
				if text == "" {
					text = "nothing yet"
				}
				delete(last, x.Name())
				fmt.Fprintf(w, "%s\t%s\t%s\n", report.Clean(x.Name()), report.Clean(x.URL), text)
			}
			for _, d := range done {
				if text := last[d.Witness]; text != "" {
					fmt.Fprintf(w, "%s\t%s\t%s\n", report.Clean(d.Witness), "(no longer asked)", text)
				}
			}
			return w.Flush()
		},
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Ask a witness no longer; what it cosigned stays", Args: cobra.ExactArgs(1), Example: "  holdfast ledger witness remove holdfast-witness-5e0c12ab34cd",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := app.RemoveLedgerWitness(g.state, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s is asked no longer.\n", args[0])
			return nil
		},
	}
	ask := &cobra.Command{
		Use: "ask", Short: "Ask the witnesses now, without holdfast serve", Args: cobra.NoArgs, Example: "  holdfast ledger witness ask && holdfast ledger verify",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := app.AskLedgerWitnesses(cmd.Context(), g.state); err != nil {
				return err
			}
			return list.RunE(cmd, nil)
		},
	}
	c.AddCommand(add, list, remove, ask)
	return c
}

func (g *global) witness() *cobra.Command {
	c := &cobra.Command{Use: "witness", Short: "Vouch for the ledgers of others",
		Long: `A witness remembers the last head of each ledger that it was told of, and cosigns the next one only when nothing before it was changed. It holds
no entries, and needs next to nothing: one for each other is enough between two teams, two companies, a company and its auditor.`}
	var address, dir string
	var logs []string
	serve := &cobra.Command{
		Use: "serve --log KEY", Short: "Answer logs that ask for a cosignature (C2SP tlog-witness)",
		Long: `Prints its public key, which those logs and their auditors are told, and answers POST /add-checkpoint. What it signs proves itself, so plain
HTTP does; behind a proxy it is reached by HTTPS. Its folder holds the key and the heads: back it up, and never run two with one key.`,
		Example: "  holdfast witness serve --listen :8473 --log 'holdfast-ledger-5e0c…+9f3a…+AX…'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(logs) == 0 {
				return usage("--log is missing: the public key of a ledger to vouch for, as its \"holdfast ledger verify\" prints it")
			}
			if dir == "" {
				state, err := app.StateDir(g.state)
				if err != nil {
					return err
				}
				dir = filepath.Join(state, "witness")
			}
			return app.ServeWitness(cmd.Context(), dir, address, logs, func(at, key string) {
				fmt.Fprintf(g.stdout, "Vouching for %s on %s as\n%s\n", count(len(logs), "log"), at, key)
			})
		},
	}
	serve.Flags().StringVar(&address, "listen", env("HOLDFAST_WITNESS_LISTEN", "127.0.0.1:8473"), "address and port; port 0 takes a free one")
	serve.Flags().StringVar(&dir, "dir", "", "folder of the key and the heads (default: witness in the state folder)")
	serve.Flags().StringArrayVar(&logs, "log", nil, "public key of a log, as its \"ledger verify\" prints it; several by giving it again")
	c.AddCommand(serve)
	return c
}
