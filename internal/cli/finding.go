package cli

import (
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
	c.AddCommand(g.findingList(), g.findingShow(), g.findingClaim(), g.findingRetest(), g.findingImport(), g.findingVEX())
	return c
}

// findings is the JSON of "finding list": holdfast.findings/v1.
type findings struct {
	Schema   string          `json:"schema"`
	AsOf     time.Time       `json:"as_of"`
	Open     int             `json:"open"`    // to be mended, in all
	Settled  int             `json:"settled"` // open, and taken off the list by a decision
	Findings []listedFinding `json:"findings"`
}

type listedFinding struct {
	finding.Finding
	Overdue bool   `json:"overdue"`
	WhyNext string `json:"why_next"` // what puts it where it stands
}

func (g *global) findingList() *cobra.Command {
	var q app.FindingQuery
	var format, now string
	c := &cobra.Command{
		Use: "list", Short: "Open findings, what to do next first",
		Long: `Lists the open findings: what is overdue, then what is due next, then what is known to be exploited or
likely to be, reached from the Internet, running, severe and old. What a decision settles is left out;
--all shows it, and closed ones. With an estate deadlines are worked out anew when it changed.`,
		Example: "  holdfast finding list\n  holdfast finding list -f estate.yaml --team checkout\n  holdfast finding list --only vulnerabilities-known\n  holdfast finding list --now 2027-01-15T00:00:00Z     what will be overdue by then\n  holdfast finding list --all --format json",
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
			if format == "text" && !cmd.Flags().Changed("limit") {
				q.Limit = 50
			}
			page, err := g.findings(cmd, q)
			if err != nil {
				return err
			}
			if format == "json" {
				out := findings{"holdfast.findings/v1", q.Now.UTC().Truncate(time.Second), page.Open, page.Settled, []listedFinding{}}
				for _, f := range page.Findings {
					out.Findings = append(out.Findings, listedFinding{f, f.Overdue(q.Now), f.WhyNext(q.Now)})
				}
				return writeJSON(g.stdout, out)
			}
			g.listText(page, q)
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&q.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder; works out deadlines anew when it changed")
	f.StringSliceVar(&q.Only, "only", nil, "only these checks or requirements")
	f.StringSliceVar(&q.Subjects, "subject", nil, "only these subjects")
	f.StringSliceVar(&q.Apps, "app", nil, "only of these applications")
	f.StringSliceVar(&q.Teams, "team", nil, "only of these teams")
	f.BoolVar(&q.All, "all", false, "closed and settled ones too")
	f.IntVar(&q.Limit, "limit", 0, "at most so many; 0: all (text: 50 unless given)")
	f.StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	f.StringVar(&now, "now", "", "as of this time, past or coming (RFC 3339)")
	return c
}

// findings lists them, of this machine's state or of the server's.
func (g *global) findings(cmd *cobra.Command, q app.FindingQuery) (app.FindingPage, error) {
	r, err := g.remote()
	switch {
	case err != nil:
		return app.FindingPage{}, err
	case r != nil:
		return r.Findings(cmd.Context(), q)
	}
	return app.Findings(cmd.Context(), q)
}

func (g *global) listText(page app.FindingPage, q app.FindingQuery) {
	for _, f := range page.Findings {
		state := f.WhyNext(q.Now)
		if f.State == finding.Closed {
			state = "closed"
		}
		fmt.Fprintf(g.stdout, "%s  %-8s  %s  %s: %s  since %s; %s\n", f.ID, f.Severity, report.Clean(f.Subject), f.Check, report.Clean(f.Detail), f.Identified.Format(time.DateOnly), state)
	}
	list := page.Findings
	settled := ""
	if page.Settled > 0 {
		settled = fmt.Sprintf(" %s settled by decisions: holdfast waiver list.", count(page.Settled, "more"))
	}
	switch {
	case len(list) == 0 && page.Settled > 0:
		fmt.Fprintf(g.stdout, "No findings.%s\n", settled)
	case len(list) == 0:
		fmt.Fprintln(g.stdout, "No findings. What was never assessed has none: holdfast assess")
	case len(list) < page.Open && len(list) == q.Limit:
		fmt.Fprintf(g.stdout, "\nThe first %d of %s (--limit 0 shows all).%s One of them: holdfast finding show %s\n", len(list), count(page.Open, "finding"), settled, list[0].ID)
	default:
		fmt.Fprintf(g.stdout, "\n%s.%s One of them: holdfast finding show %s\n", count(len(list), "finding"), settled, list[0].ID)
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
		Example: "  holdfast finding show F-ABCDEFGHIJ\n  holdfast --server https://hub.example finding show F-ABCDEFGHIJ", Args: oneFinding,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := from(g, func(r *app.Remote) (app.FindingDetail, error) { return r.Finding(cmd.Context(), args[0]) },
				func() (app.FindingDetail, error) { return app.Finding(cmd.Context(), g.state, g.db, args[0]) })
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, d)
			}
			showFinding(g.stdout, d, time.Now())
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func showFinding(w io.Writer, d app.FindingDetail, now time.Time) {
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
	if len(f.Sources) > 0 {
		p("seen by   %s\n", report.Clean(strings.Join(f.Sources, ", ")))
	}
	if f.Why != "" {
		p("severity  %s\n", f.Why)
	}
	p("since     %s", f.Identified.UTC().Format("2006-01-02 15:04 MST"))
	if f.Occurrence > 1 {
		p(" (occurrence %d; first seen %s)", f.Occurrence, f.FirstSeen.UTC().Format("2006-01-02"))
	}
	if f.Rule != "" {
		p("\nclock     %s", f.Rule)
	}
	if f.FirstDue != nil {
		p("\ndue       %s", f.Due.Local().Format("2006-01-02 15:04 MST"))
		if f.Extended != "" {
			p(" (extended by %s; first %s)", f.Extended, f.FirstDue.Local().Format("2006-01-02 15:04 MST"))
		}
		p(", %s", f.WhyNext(now))
	} else if f.SettledBy != "" {
		p("\nsettled   %s", f.WhyNext(now))
	}
	if len(f.Teams) > 0 {
		p("\nowner     team %s, application %s", strings.Join(f.Teams, ", "), strings.Join(f.Applications, ", "))
	}
	p("\nlast seen %s\n", f.LastSeen.UTC().Format("2006-01-02 15:04 MST"))
	if f.ClosedAt != nil {
		by := f.ClosedBy
		if !strings.HasPrefix(by, "import ") {
			by = "run " + by
		}
		p("closed    %s by %s\n", f.ClosedAt.UTC().Format("2006-01-02 15:04 MST"), by)
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

func (g *global) findingClaim() *cobra.Command {
	var estate, note string
	c := &cobra.Command{
		Use: "claim F-…", Short: "Say that a finding is mended; a later look proves it",
		Long: `Writes into the history that somebody says the finding is mended. The clock goes on: only a later look that no
longer shows it closes it (holdfast finding retest, or the next assess).`,
		Example: "  holdfast finding claim F-ABCDEFGHIJ -f estate.yaml --note 'rolled out openssl 3.0.17 in CHG-481'", Args: oneFinding,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.Claim(cmd.Context(), app.WaiverOptions{State: g.state, DB: g.db, Estate: estate}, args[0], note); err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s  the claim stands in its history; prove it: holdfast finding retest %s\n", app.FindingID(args[0]), app.FindingID(args[0]))
			return nil
		},
	}
	c.Flags().StringVarP(&estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	c.Flags().StringVar(&note, "note", "", "what was done")
	return c
}

func (g *global) findingRetest() *cobra.Command {
	var estate string
	c := &cobra.Command{
		Use: "retest F-…", Short: "Look again at just what one finding is about",
		Example: "  sudo holdfast finding retest F-ABCDEFGHIJ\n  sudo holdfast finding retest F-ABCDEFGHIJ -f estate.yaml", Args: oneFinding,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := app.Retest(cmd.Context(), app.Options{State: g.state, DB: g.db, Version: g.version, Estate: estate}, args[0])
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
	c.Flags().StringVarP(&estate, "file", "f", env("HOLDFAST_FILE", ""), "estate that declares the subject: a file or a folder")
	return c
}
