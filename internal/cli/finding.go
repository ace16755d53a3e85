package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) finding() *cobra.Command {
	c := &cobra.Command{Use: "finding", Short: "Findings: what was seen failing, since when, and what became of it"}
	c.AddCommand(g.findingList(), g.findingShow(), g.findingRetest())
	return c
}

// findings is the JSON of "finding list": holdfast.findings/v1.
type findings struct {
	Schema   string            `json:"schema"`
	AsOf     time.Time         `json:"as_of"`
	Findings []finding.Finding `json:"findings"`
}

func (g *global) findingList() *cobra.Command {
	var q app.FindingQuery
	var format, now string
	c := &cobra.Command{
		Use: "list", Short: "Open findings, the worst first",
		Example: "  holdfast finding list\n  holdfast finding list --only sshd-root-login\n  holdfast finding list --all --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			q.State, q.DB, q.Now = g.state, g.db, time.Now()
			if now != "" {
				t, err := time.Parse(time.RFC3339, now)
				if err != nil {
					return usage("--now %q is no time; write it as 2026-11-23T12:00:00Z", now)
				}
				q.Now, q.AsOf = t, true
			}
			list, err := app.Findings(cmd.Context(), q)
			if err != nil {
				return err
			}
			if format == "json" {
				enc := json.NewEncoder(g.stdout)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(findings{"holdfast.findings/v1", q.Now.UTC().Truncate(time.Second), list})
			}
			g.listText(list, q)
			return nil
		},
	}
	f := c.Flags()
	f.StringSliceVar(&q.Only, "only", nil, "only these checks or requirements")
	f.StringSliceVar(&q.Subjects, "subject", nil, "only these subjects")
	f.BoolVar(&q.All, "all", false, "closed ones too")
	f.StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	f.StringVar(&now, "now", "", "what was known at this time (RFC 3339)")
	return c
}

func (g *global) listText(list []finding.Finding, q app.FindingQuery) {
	for _, f := range list {
		state := ""
		if f.State == finding.Closed {
			state = "closed "
		}
		fmt.Fprintf(g.stdout, "%s  %-8s  %s%s  %s: %s  since %s\n", f.ID, f.Severity, state, report.Clean(f.Subject), f.Check, report.Clean(f.Detail), f.Identified.Format("2006-01-02"))
	}
	switch {
	case len(list) == 0:
		fmt.Fprintln(g.stdout, "No findings. What was never assessed has none: holdfast assess")
	default:
		fmt.Fprintf(g.stdout, "\n%s. One of them: holdfast finding show %s\n", count(len(list), "finding"), list[0].ID)
	}
}

func oneFinding(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes the id of one finding, F-…; all of them: holdfast finding list", c.CommandPath())
	}
	return nil
}

func (g *global) findingShow() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "show F-…", Short: "One finding: why it matters, what was seen, what to do, its history",
		Example: "  holdfast finding show F-ABCDEFGHIJ", Args: oneFinding,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := app.Finding(cmd.Context(), g.state, g.db, args[0])
			if err != nil {
				return err
			}
			if format == "json" {
				enc := json.NewEncoder(g.stdout)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(d)
			}
			showFinding(g.stdout, d)
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func showFinding(w io.Writer, d app.FindingDetail) {
	f := d.Finding
	p := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	p("%s  %s  %s\n", f.ID, strings.ToUpper(string(f.Severity)), f.State)
	p("Violated: %s\n\n", f.Title)
	p("where     %s (%s)\n", report.Clean(f.Subject), f.Kind)
	p("at fault  %s\n", report.Clean(f.Key))
	p("seen      %s\n", report.Clean(f.Detail))
	if f.Source != "" {
		p("from      %s\n", report.Clean(f.Source))
	}
	if f.Why != "" {
		p("severity  %s\n", f.Why)
	}
	p("since     %s", f.Identified.UTC().Format("2006-01-02 15:04 MST"))
	if f.Occurrence > 1 {
		p(" (occurrence %d; first seen %s)", f.Occurrence, f.FirstSeen.UTC().Format("2006-01-02"))
	}
	p("\nlast seen %s\n", f.LastSeen.UTC().Format("2006-01-02 15:04 MST"))
	if f.ClosedAt != nil {
		p("closed    %s by run %s\n", f.ClosedAt.UTC().Format("2006-01-02 15:04 MST"), f.ClosedBy)
	}
	if d.Doc != "" {
		p("\nWhy it matters\n  %s\n\nWhat to do\n", d.Doc)
		for l := range strings.Lines(d.Remedy) {
			p("  %s\n", strings.TrimRight(l, "\n"))
		}
		p("\nRequirements  %s\n", strings.Join(d.Requirements, ", "))
		if len(d.References) > 0 {
			p("References    %s\n", strings.Join(d.References, "; "))
		}
	}
	p("\nHistory\n")
	for _, e := range d.History {
		p("  %s  %-8s  %s\n", e.At.UTC().Format("2006-01-02 15:04"), e.Happened, report.Clean(e.Reason))
	}
	p("\nMended? holdfast finding retest %s\n", f.ID)
}

func (g *global) findingRetest() *cobra.Command {
	return &cobra.Command{
		Use: "retest F-…", Short: "Look again at just what one finding is about",
		Example: "  sudo holdfast finding retest F-ABCDEFGHIJ", Args: oneFinding,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := app.Retest(cmd.Context(), app.Options{State: g.state, DB: g.db, Version: g.version}, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s  %s\n", args[0], r.Text)
			if r.Still {
				return errFail
			}
			return nil
		},
	}
}
