package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/waiver"
)

func (g *global) waiver() *cobra.Command {
	c := &cobra.Command{Use: "waiver", Short: "Decisions about findings: mitigation, extension, risk acceptance, false positive, deviation",
		Long: `A decision settles a finding or moves its deadline, for a time, in somebody's name. One person asks for it and
another decides:

  mitigation      what was done against it; the team asks, security confirms
  extension       a later deadline; security decides
  acceptance      the risk is taken; the management of the application decides, for 6 months at most
  false-positive  it is no fault; security decides, looked at again after 12 months
  deviation       from a SHOULD; security decides, for 12 months at most

Who you are comes from your account on this machine, as the estate maps it to a person.`}
	c.AddCommand(g.waiverAdd(), g.waiverDecide("approve", waiver.Approve), g.waiverDecide("refuse", waiver.Refuse), g.waiverDecide("revoke", waiver.Revoke), g.waiverList(), g.waiverShow())
	return c
}

func (g *global) waiverAdd() *cobra.Command {
	var o app.WaiverOptions
	var yes bool
	c := &cobra.Command{
		Use: "add KIND [F-… ...]", Short: "Ask for a decision about findings",
		Example: `  holdfast waiver add mitigation F-ABCDEFGHIJ -f estate.yaml --done 'WAF rule 1042' --effect 'requests are dropped' --reference CHG-481 --until 2026-12-31
  holdfast waiver add extension F-ABCDEFGHIJ -f estate.yaml --reason 'vendor ships the fix on 2026-12-10' --until 2026-12-15
  holdfast waiver add acceptance --only sshd-max-auth-tries --app wiki -f estate.yaml --reason 'no fix and no shield' --until 2027-03-31`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("which kind of decision? One of mitigation, extension, acceptance, false-positive, deviation; see %s --help", c.CommandPath())
			}
			return nil
		},
		ValidArgs: []string{"mitigation", "extension", "acceptance", "false-positive", "deviation"},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.State, o.DB = g.state, g.db
			o.Waiver.Kind, o.Selection.Findings = waiver.Kind(args[0]), args[1:]
			if r, err := g.remote(); err != nil {
				return err
			} else if r != nil {
				if err := r.Ask(cmd.Context(), o); err != nil {
					return err
				}
				fmt.Fprintf(g.stdout, "asked for; it has no effect until somebody else decides, in the browser: %s/decisions\n", strings.TrimSuffix(g.server, "/"))
				return nil
			}
			o.Confirm = g.confirm(yes, "Ask for this %s until %s?")
			w, err := app.AddWaiver(cmd.Context(), o)
			if err != nil {
				return notTaken(err)
			}
			fmt.Fprintf(g.stdout, "%s  %s of %s until %s, asked for by %s\n", w.ID, w.Kind, count(len(w.Covers), "finding"), w.Until.Format(time.DateOnly), w.RequestedBy.Person)
			if w.DecidedAt != nil {
				fmt.Fprintf(g.stdout, "in force; decided on the own request, since policy.four_eyes is off\n")
				return nil
			}
			fmt.Fprintf(g.stdout, "It has no effect until somebody else decides: holdfast waiver approve %s\n", w.ID)
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	f.StringSliceVar(&o.Selection.Only, "only", nil, "all open findings of these checks or requirements")
	f.StringSliceVar(&o.Selection.Subjects, "subject", nil, "all open findings of these subjects")
	f.StringSliceVar(&o.Selection.Apps, "app", nil, "all open findings of these applications")
	f.StringVar(&o.Waiver.Reason, "reason", "", "justification; of a false positive the evidence")
	f.StringVar(&o.Waiver.Done, "done", "", "what was done, or is done instead")
	f.StringVar(&o.Waiver.Effect, "effect", "", "the effect that a mitigation is expected to have")
	f.StringVar(&o.Waiver.Reference, "reference", "", "change, ticket or document")
	f.StringVar(&o.Until, "until", "", "its last day (2026-12-31), or RFC 3339; of an extension the new deadline")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// confirm shows what a decision is about and asks, unless it is about one finding alone. Without a terminal nobody can
// answer, so --yes is needed.
func (g *global) confirm(yes bool, question string) func(waiver.Kind, time.Time, []finding.Finding) bool {
	if yes {
		return nil
	}
	return func(kind waiver.Kind, until time.Time, list []finding.Finding) bool {
		if len(list) == 1 {
			return true
		}
		for _, f := range list {
			fmt.Fprintf(g.stderr, "  %s  %-8s  %s: %s\n", f.ID, f.Severity, report.Clean(f.Subject), report.Clean(f.Detail))
		}
		fmt.Fprintf(g.stderr, question+" It is about %s. [y/N] ", kind, until.Format(time.DateOnly), count(len(list), "finding"))
		in, ok := g.stdin.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			fmt.Fprintln(g.stderr, "\nholdfast: there is no terminal to answer; --yes takes it")
			return false
		}
		answer, _ := bufio.NewReader(in).ReadString('\n')
		return strings.EqualFold(strings.TrimSpace(answer), "y")
	}
}

func notTaken(err error) error {
	if errors.Is(err, app.ErrNotTaken) {
		return &app.UsageError{Text: err.Error()}
	}
	return err
}

func (g *global) waiverDecide(word string, action waiver.Action) *cobra.Command {
	var o app.WaiverOptions
	var why string
	var yes bool
	short := map[waiver.Action]string{waiver.Approve: "Put a decision in force that somebody else asked for", waiver.Refuse: "Refuse what somebody asked for", waiver.Revoke: "End a decision that is in force"}[action]
	example := "  holdfast waiver " + word + " W-ABCDEFGHIJ -f estate.yaml"
	if action != waiver.Approve {
		example += " --reason 'fixed otherwise'"
	}
	c := &cobra.Command{
		Use: word + " W-…", Short: short, Example: example,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes the id of one decision, W-…; all of them: holdfast waiver list", c.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.State, o.DB = g.state, g.db
			o.Confirm = g.confirm(yes, "Approve this %s until %s?")
			w, err := app.DecideWaiver(cmd.Context(), o, args[0], action, why)
			if err != nil {
				return notTaken(err)
			}
			fmt.Fprintf(g.stdout, "%s  %s of %s: %s\n", w.ID, w.Kind, count(len(w.Covers), "finding"), w.At(time.Now()))
			return nil
		},
	}
	c.Flags().StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	if action == waiver.Approve {
		c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	} else {
		c.Flags().StringVar(&why, "reason", "", "why")
	}
	return c
}

// waivers is the JSON of "waiver list": holdfast.waivers/v1.
type waivers struct {
	Schema  string             `json:"schema"`
	AsOf    time.Time          `json:"as_of"`
	Waivers []app.ListedWaiver `json:"waivers"`
}

func (g *global) waiverList() *cobra.Command {
	var o app.WaiverOptions
	var all bool
	var format, now string
	c := &cobra.Command{
		Use: "list", Short: "Decisions that wait or are in force, with what each hides today",
		Example: "  holdfast waiver list\n  holdfast waiver list --all\n  holdfast waiver list --now 2027-01-15T00:00:00Z",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at := time.Now()
			if now != "" {
				t, err := time.Parse(time.RFC3339, now)
				if err != nil {
					return usage("--now %q is no time; write it as 2026-11-23T12:00:00Z", now)
				}
				at = t
			}
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			o.State, o.DB = g.state, g.db
			list, err := from(g, func(r *app.Remote) ([]app.ListedWaiver, error) {
				if now != "" {
					return nil, usage("with --server there is no --now")
				}
				return r.Waivers(cmd.Context(), all)
			}, func() ([]app.ListedWaiver, error) { return app.Waivers(cmd.Context(), o, all, at) })
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, waivers{"holdfast.waivers/v1", at.UTC().Truncate(time.Second), list})
			}
			for _, w := range list {
				g.waiverText(w)
			}
			if len(list) == 0 {
				fmt.Fprintln(g.stdout, "No decision waits or is in force. Older ones: holdfast waiver list --all")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "expired, refused and revoked ones too")
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	c.Flags().StringVar(&now, "now", "", "as of this time (RFC 3339)")
	return c
}

// waiverText writes a decision in two or three lines.
func (g *global) waiverText(w app.ListedWaiver) {
	p := func(format string, args ...any) { fmt.Fprintf(g.stdout, format, args...) }
	p("%s  %-9s  %s until %s, of %s", w.ID, w.State, w.Kind, w.Until.Format(time.DateOnly), count(len(w.Covers), "finding"))
	if w.State == waiver.InForce {
		p("; hides %d today", len(w.Hides))
	}
	p("\n              asked for by %s on %s", w.RequestedBy.Person, w.RequestedAt.Format(time.DateOnly))
	if w.DecidedBy != nil {
		word := "refused"
		if w.Approved {
			word = "approved"
		}
		p(", %s by %s on %s", word, w.DecidedBy.Person, w.DecidedAt.Format(time.DateOnly))
		if w.DecidedBy.Alone {
			p(" alone (policy.four_eyes is off)")
		}
	}
	if w.RevokedBy != nil {
		p(", revoked by %s on %s", w.RevokedBy.Person, w.RevokedAt.Format(time.DateOnly))
	}
	p("\n")
	for _, line := range []string{w.Reason, w.Done, w.Why, w.Note} {
		if line != "" {
			p("              %s\n", report.Clean(line))
		}
	}
}

func (g *global) waiverShow() *cobra.Command {
	var o app.WaiverOptions
	return &cobra.Command{
		Use: "show W-…", Short: "One decision: what it is about, who asked and who decided", Example: "  holdfast waiver show W-ABCDEFGHIJ",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.State, o.DB = g.state, g.db
			list, err := from(g, func(r *app.Remote) ([]app.ListedWaiver, error) { return r.Waivers(cmd.Context(), true) },
				func() ([]app.ListedWaiver, error) { return app.Waivers(cmd.Context(), o, true, time.Now()) })
			if err != nil {
				return err
			}
			for _, w := range list {
				if !strings.EqualFold(strings.TrimPrefix(w.ID, "W-"), strings.TrimPrefix(strings.ToUpper(args[0]), "W-")) {
					continue
				}
				g.waiverText(w)
				for _, l := range []struct{ name, text string }{{"effect", w.Effect}, {"reference", w.Reference}, {"chosen by", w.Selection}} {
					if l.text != "" {
						fmt.Fprintf(g.stdout, "              %s: %s\n", l.name, report.Clean(l.text))
					}
				}
				for _, c := range w.Covers {
					fmt.Fprintf(g.stdout, "  %s  holdfast finding show %s\n", c.Finding, c.Finding)
				}
				return nil
			}
			return usage("there is no decision %s; all of them: holdfast waiver list --all", args[0])
		},
	}
}
