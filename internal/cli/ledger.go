package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/waiver"
)

func (g *global) ledger() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "The record of decisions, which proves that nothing in it was changed",
		Long: `Every decision, log-in, passkey, agent and change of the estate, and a digest of each day's results, enter a log to which can only be
added: a Merkle tree whose head, the checkpoint, is signed. Who
keeps a checkpoint can tell later whether anything before it was changed, taken out or put in another order. It lies in
the folder "ledger" of the state; its key "signing.key" belongs into every backup and nowhere else.`}
	c.AddCommand(g.ledgerList(), g.ledgerVerify(), g.ledgerProve(), g.ledgerExport(), g.ledgerRotate(), g.ledgerWitness())
	return c
}

func (g *global) ledgerList() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "list", Short: "What is on record", Example: "  holdfast ledger list\n  holdfast --server https://hub.example ledger list\n  holdfast ledger list --format json | jq '.[-1]'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			if r, err := g.remote(); err != nil {
				return err
			} else if r != nil {
				return g.recorded(cmd.Context(), r, format)
			}
			list, err := app.LedgerEntries(g.state)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, list)
			}
			if len(list) == 0 {
				fmt.Fprintln(g.stdout, "Nothing is on record yet: decisions enter as they are taken (holdfast waiver --help, holdfast drift --help).")
				return nil
			}
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			for i, e := range list {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", i, e.At.Format("2006-01-02 15:04 MST"), e.ID, report.Clean(entryWords(e)))
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

// recorded lists what a server has on record.
func (g *global) recorded(ctx context.Context, r *app.Remote, format string) error {
	list, all, err := r.Ledger(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(g.stdout, list)
	}
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	for _, e := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", e.Index, e.At.Format("2006-01-02 15:04 MST"), report.Clean(e.ID), report.Clean(e.Words))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if earlier := all - uint64(len(list)); earlier > 0 {
		fmt.Fprintf(g.stderr, "%d earlier ones: on the machine of the control plane, holdfast ledger list\n", earlier)
	}
	return nil
}

// entryWords says what an entry tells.
func entryWords(e app.LedgerEntry) string {
	var a drift.Approval
	if e.Kind == "approval" && json.Unmarshal(e.Body, &a) == nil {
		return fmt.Sprintf("baseline of %s approved: %s (%s), by %s", a.Subject, a.Asked, count(len(a.Covers), "kind"), a.Actor.Person)
	}
	if e.Kind == "event" {
		if what, err := event.Parse(e.Body); err == nil {
			return what.Words()
		}
	}
	if e.Kind == "key" {
		return "the next key of the ledger is named, by the one before"
	}
	var d waiver.Entry
	if e.Kind != "decision" || json.Unmarshal(e.Body, &d) != nil {
		return e.Kind
	}
	text := d.Waiver + " " + string(d.Action)
	if d.Action == waiver.Asked {
		text = d.Waiver + " asked for"
	}
	if d.Body != nil {
		text += fmt.Sprintf(": %s of %s until %s", d.Body.Kind, count(len(d.Body.Covers), "finding"), d.Body.Until.Format(time.DateOnly))
	}
	return text + ", by " + d.Actor.Person
}

func (g *global) ledgerVerify() *cobra.Command {
	var key, format string
	var witnesses []string
	c := &cobra.Command{
		Use: "verify [FILE]", Short: "Verify the ledger, an export of it, a bundle of evidence, or a proof",
		Long: `Without a file: verifies the ledger of this state folder, that it goes on from the checkpoint seen last, and that each
decision and event of the database stands in it as it does there. With a file it needs nothing but the file; --key names the
public key that is trusted, else the one in the file is taken, which proves only that its parts fit together.`,
		Example: "  holdfast ledger verify\n  holdfast ledger verify ledger-2026-11.zip --key 'holdfast-ledger-5e0c…+9f3a…+AX…'\n  holdfast ledger verify proof.json", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			var v app.LedgerVerified
			var err error
			if len(args) == 1 {
				v, err = app.VerifyLedgerFile(cmd.Context(), args[0], key, witnesses...)
			} else if key != "" {
				return usage("--key is for a file; the ledger here is verified by its own key")
			} else {
				v, err = app.VerifyLedger(cmd.Context(), g.state, g.db, witnesses...)
			}
			if errors.Is(err, app.ErrLedgerEmpty) {
				fmt.Fprintln(g.stdout, "Nothing is on record yet: decisions enter as they are taken (holdfast waiver --help, holdfast drift --help).")
				return nil
			}
			var broken *app.UsageError
			if errors.As(err, &broken) {
				return err
			} else if err != nil {
				return fmt.Errorf("verify the ledger: NOT WHOLE: %w", err)
			}
			if format == "json" {
				return writeJSON(g.stdout, v)
			}
			what := fmt.Sprintf("The ledger is whole: %d entries", v.Checkpoint.Size)
			if b := v.Bundle; b != nil {
				fmt.Fprintf(g.stdout, "The bundle is whole: %s from %s until %s, made %s by Holdfast %s.\nIts %d entries on decisions and %d events stand in its ledger.\n%s", count(len(b.Files), "file"), b.From.Format("2006-01-02 15:04 MST"), b.Until.Format("2006-01-02 15:04 MST"), b.Made.Format("2006-01-02 15:04 MST"), report.Clean(b.Version), v.Decisions, v.Events, daysHold(v.Days))
			}
			if v.Entry != nil {
				what = fmt.Sprintf("The proof holds: %s of %s (%s) is in the ledger of %d entries", v.Entry.ID, v.Entry.At.Format("2006-01-02 15:04 MST"), report.Clean(entryWords(*v.Entry)), v.Checkpoint.Size)
			}
			fmt.Fprintf(g.stdout, "%s, root %x.\nSigned by %s\n", what, v.Checkpoint.Root, v.Key)
			for _, w := range v.Cosigned {
				fmt.Fprintf(g.stdout, "Witness %s cosigned the first %d entries on %s.\n", report.Clean(w.Witness), w.Size, w.At.Format("2006-01-02 15:04 MST"))
			}
			switch {
			case len(args) == 0:
				fmt.Fprintf(g.stdout, "All %d entries on decisions of the database are in it, as they are there.\n", v.Decisions)
				if v.Approvals > 0 {
					fmt.Fprintf(g.stdout, "So are all %d approvals of baselines.\n", v.Approvals)
				}
				fmt.Fprint(g.stdout, daysHold(v.Days))
			case key == "":
				fmt.Fprintln(g.stdout, "That is the key in the file itself: compare it with the one you were told, or give it by --key.")
			}
			return nil
		},
	}
	c.Flags().StringVar(&key, "key", "", "public key that is trusted, as \"ledger verify\" prints it; an older one of the same ledger does too")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "public key of a witness that must have cosigned; several by giving it again")
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

// daysHold says that days are as they were when they were closed; empty: none was.
func daysHold(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "The runs of the one day that is closed are those of its digest.\n"
	}
	return fmt.Sprintf("The runs of the %d days that are closed are those of their digests.\n", n)
}

func (g *global) ledgerProve() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "prove INDEX|W-…", Short: "Prove that one entry is in the ledger, to somebody who has nothing else of it",
		Example: "  holdfast ledger prove W-ABCDEFGHIJ -o proof.json\n  holdfast ledger prove 12 | holdfast ledger verify /dev/stdin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := app.ProveLedger(cmd.Context(), g.state, args[0])
			if err != nil {
				return err
			}
			if output == "" {
				return writeJSON(g.stdout, p)
			}
			data, err := json.MarshalIndent(p, "", "  ")
			if err != nil {
				return err
			}
			return os.WriteFile(output, append(data, '\n'), 0o644)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write the proof to this file")
	return c
}

func (g *global) ledgerExport() *cobra.Command {
	return &cobra.Command{
		Use: "export FILE.zip", Short: "Copy the ledger into a file that verifies without anything else",
		Long:    "Writes checkpoint, entries, tiles and the public key; the signing key stays. An auditor verifies it by: holdfast ledger verify FILE.zip",
		Example: "  holdfast ledger export ledger-2026-11.zip", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			head, err := app.ExportLedger(g.state, args[0], time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s: %d entries, to be verified by: holdfast ledger verify %s\n", args[0], head.Size, args[0])
			return nil
		},
	}
}

func (g *global) ledgerRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Replace the key that signs the ledger",
		Long: `An entry that the present key signs names the next one; then the present one is destroyed. What it signed goes on to verify, and whoever was told
an older public key verifies what the newer ones sign from it. Take a backup afterwards: of the key before it none is worth anything.`,
		Example: "  holdfast ledger rotate-key && holdfast backup", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := app.RotateLedgerKey(cmd.Context(), g.state, g.db, g.version, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "The ledger is signed from now on by\n%s\nAuditors who have an older key need not be told: it follows from theirs.\n", key)
			return nil
		},
	}
}
