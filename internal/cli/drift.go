package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) drift() *cobra.Command {
	c := &cobra.Command{Use: "drift", Short: "What differs from the approved baseline of a system, and its approval",
		Long: `A baseline is what a person approved of a system, from what was seen of it. Every later look is compared with it; what
differs is shown with when it was first seen, and is a finding until somebody approves it or it is undone. Fields that
change by themselves are not compared, nor is the order of lists. Upgrades of packages from configured repositories, and
what is first seen in a maintenance window of the estate, are listed apart: they wait to be approved in one step.

  holdfast assess -f estate.yaml                                        look
  holdfast drift approve prod/web-1 -f estate.yaml --reason 'go-live'   the first baseline
  holdfast assess -f estate.yaml                                        look again: what differs is a finding`}
	c.AddCommand(g.driftList(), g.driftShow(), g.driftApprove(), g.driftBaseline())
	return c
}

// differences is the JSON of "drift list" and "drift show": holdfast.drift/v1.
type differences struct {
	Schema string           `json:"schema"`
	Groups []app.DriftGroup `json:"groups"` // the most important first
}

func (g *global) driftList() *cobra.Command {
	var q app.DriftQuery
	var format string
	c := &cobra.Command{
		Use: "list", Short: "What differed from the baselines at the last look, the most important first",
		Example: "  holdfast drift list\n  holdfast drift list --subject prod/web-1\n  holdfast drift list --format json | jq '.groups[].key'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			groups, known, err := g.differences(cmd.Context(), q.Subjects)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, differences{"holdfast.drift/v1", groups})
			}
			g.driftGroups(groups, known)
			return nil
		},
	}
	c.Flags().StringSliceVar(&q.Subjects, "subject", nil, "of these subjects alone")
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

// differences gives what differs, of these subjects or of all; from the server if there is one.
func (g *global) differences(ctx context.Context, subjects []string) ([]app.DriftGroup, bool, error) {
	q := app.DriftQuery{State: g.state, DB: g.db, Subjects: subjects}
	r, err := g.remote()
	if err != nil {
		return nil, false, err
	}
	if r != nil {
		return r.Drift(ctx, q)
	}
	return app.Drift(ctx, q)
}

// driftGroups writes one line for each group, what is expected apart from what is not.
func (g *global) driftGroups(groups []app.DriftGroup, known bool) {
	switch {
	case !known:
		fmt.Fprintln(g.stdout, "Nobody has approved a baseline yet: holdfast drift approve SUBJECT --reason TEXT")
		return
	case len(groups) == 0:
		fmt.Fprintln(g.stdout, "Nothing differs from what is approved.")
		return
	}
	told := false
	for i, x := range groups {
		if x.Proposed != "" && !told {
			if told = true; i > 0 {
				fmt.Fprintln(g.stdout)
			}
			fmt.Fprintln(g.stdout, "Expected, and not approved yet. All at once: holdfast drift approve --proposed --reason TEXT")
		}
		fmt.Fprintf(g.stdout, "%s  %s  %s: %s\n", x.FirstSeen.UTC().Format("2006-01-02 15:04"), report.Clean(x.Subject), report.Clean(x.Key), sum(x))
	}
	fmt.Fprintln(g.stdout, "\nWhat it was and is: holdfast drift show SUBJECT")
}

// sum words a group in a few words.
func sum(x app.DriftGroup) string {
	c := x.Changes[0]
	if len(x.Changes) > 1 {
		return count(len(x.Changes), "difference") + because(x.Proposed)
	}
	switch c.Sort {
	case drift.Changed:
		return report.Clean(c.Before) + " → " + report.Clean(c.After) + because(x.Proposed)
	case drift.Moved:
		return "in another order" + because(x.Proposed)
	}
	return string(c.Sort) + because(x.Proposed)
}

func because(proposed string) string {
	if proposed == "" {
		return ""
	}
	return " (" + report.Clean(proposed) + ")"
}

func (g *global) driftShow() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "show SUBJECT", Short: "What differs from the baseline of a subject: before, after, and since when",
		Example: "  holdfast drift show prod/web-1\n  holdfast --server https://hub.example drift show prod/web-1",
		Args:    oneSubject,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			groups, known, err := g.differences(cmd.Context(), args)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, differences{"holdfast.drift/v1", groups})
			}
			if !known {
				fmt.Fprintf(g.stdout, "Nobody has approved a baseline of %s yet: holdfast drift approve %s --reason TEXT\n", args[0], args[0])
				return nil
			}
			if len(groups) == 0 {
				fmt.Fprintf(g.stdout, "Nothing of %s differs from what is approved.\n", args[0])
			}
			for i, x := range groups {
				if i > 0 {
					fmt.Fprintln(g.stdout)
				}
				g.driftDiff(x)
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

// driftDiff writes one group as a diff.
func (g *global) driftDiff(x app.DriftGroup) {
	fmt.Fprintf(g.stdout, "%s, first seen %s", report.Clean(x.Key), x.FirstSeen.UTC().Format("2006-01-02 15:04 MST"))
	if x.Proposed != "" {
		fmt.Fprintf(g.stdout, "; expected: %s", report.Clean(x.Proposed))
	}
	fmt.Fprintln(g.stdout)
	for _, c := range x.Changes {
		fmt.Fprintf(g.stdout, "  %s", report.Clean(c.Path))
		if !c.FirstSeen.Equal(x.FirstSeen) {
			fmt.Fprintf(g.stdout, " (since %s)", c.FirstSeen.UTC().Format("2006-01-02 15:04"))
		}
		fmt.Fprintln(g.stdout)
		if c.Sort != drift.Added {
			fmt.Fprintf(g.stdout, "    - %s\n", report.Clean(c.Before))
		}
		if c.Sort != drift.Removed {
			fmt.Fprintf(g.stdout, "    + %s\n", report.Clean(c.After))
		}
	}
}

func oneSubject(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes one subject, as prod/web-1; those with a baseline: holdfast drift baseline list", c.CommandPath())
	}
	return nil
}

func (g *global) driftApprove() *cobra.Command {
	var a app.DriftApproval
	c := &cobra.Command{
		Use: "approve [SUBJECT]", Short: "Make what was seen last the baseline of a subject, as a whole or in part",
		Long: `Takes what was seen at the last look as approved: without more all of it, with --kind all of these kinds of fact, with
--key single differences or groups as "drift list" and "drift show" name them, with --proposed those that are expected, of
all subjects when none is named. It is a decision of a person, by the estate, and stands in the ledger. The findings of what
is approved are closed by the next look.`,
		Example: `  holdfast drift approve prod/web-1 -f estate.yaml --reason 'go-live, CHG-481'
  holdfast drift approve prod/web-1 -f estate.yaml --key 'accounts:users[deploy]' --reason 'new deployment, CHG-502'
  holdfast drift approve prod/web-1 -f estate.yaml --kind firewall --reason 'CHG-503'
  holdfast drift approve --proposed -f estate.yaml --reason 'patch night'`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && a.Proposed {
				return nil
			}
			return oneSubject(c, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.State, a.DB = g.state, g.db
			if len(args) == 1 {
				a.Subject = args[0]
			}
			done, err := app.ApproveDrift(cmd.Context(), a)
			for _, x := range done {
				changes := 0
				for _, c := range x.Covers {
					changes += c.Changes
				}
				fmt.Fprintf(g.stdout, "%s: approved %s (%s, %s), by %s\n", report.Clean(x.Subject), report.Clean(x.Asked), count(len(x.Covers), "kind"), count(changes, "difference"), x.Actor.Person)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVarP(&a.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	f.StringSliceVar(&a.Kinds, "kind", nil, "only these kinds of fact, as sshd")
	f.StringArrayVar(&a.Keys, "key", nil, "only this group or path; may be given several times")
	f.BoolVar(&a.Proposed, "proposed", false, "only what is expected: upgrades, and changes in maintenance windows")
	f.StringVar(&a.Reason, "reason", "", "why it is right")
	return c
}

// baselines is the JSON of "drift baseline list": holdfast.baselines/v1.
type baselines struct {
	Schema    string           `json:"schema"`
	Baselines []drift.Baseline `json:"baselines"`
}

func (g *global) driftBaseline() *cobra.Command {
	var q app.DriftQuery
	var format string
	list := &cobra.Command{
		Use: "list", Short: "What is approved of which subject, by whom and when", Example: "  holdfast drift baseline list\n  holdfast drift baseline list --subject prod/web-1 --format json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			q.State, q.DB = g.state, g.db
			all, err := app.Baselines(cmd.Context(), q)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, baselines{"holdfast.baselines/v1", all})
			}
			if len(all) == 0 {
				fmt.Fprintln(g.stdout, "Nobody has approved a baseline yet: holdfast drift approve SUBJECT --reason TEXT")
			}
			for _, b := range all {
				name := drift.KindName(b.Kind)
				if b.Place != "" {
					name += " " + b.Place
				}
				fmt.Fprintf(g.stdout, "%s  %-12s  approved by %s on %s: %s\n", report.Clean(b.Subject), report.Clean(name), b.By, b.At.Format(time.DateOnly), report.Clean(b.Reason))
			}
			return nil
		},
	}
	list.Flags().StringSliceVar(&q.Subjects, "subject", nil, "of these subjects alone")
	list.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	c := &cobra.Command{Use: "baseline", Short: "What is approved"}
	c.AddCommand(list)
	return c
}
