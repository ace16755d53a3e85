package cli

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) sla() *cobra.Command {
	var q app.SLAQuery
	var format, now string
	c := &cobra.Command{
		Use: "sla", Short: "How well deadlines were kept: met, met after an extension, missed, running",
		Long: `Counts findings by what became of their deadline, in all and by team, application and month of identification;
how old what is open is; and what came and went month by month. A deadline is met when the finding was seen to be gone
or was mitigated in time. What came back counts each time. Percentages are of the deadlines that are over; what has no
deadline, is accepted or is a false positive is counted apart.`,
		Example: "  holdfast report sla -f estate.yaml\n  holdfast report sla --from 2026-07-01 --to 2026-09-30\n  holdfast report sla --only vulnerabilities-known --format csv > sla.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" && format != "csv" {
				return usage("--format %q is not one of text, json, csv%s", format, didYouMean(format, []string{"text", "json", "csv"}))
			}
			q.State, q.DB, q.Now = g.state, g.db, time.Now()
			if now != "" {
				t, err := time.Parse(time.RFC3339, now)
				if err != nil {
					return usage("--now %q is no time; write it as 2026-11-23T12:00:00Z", now)
				}
				q.Past, q.Now = t.Before(q.Now), t
			}
			r, err := app.SLA(cmd.Context(), q)
			if err != nil {
				return err
			}
			switch format {
			case "json":
				return writeJSON(g.stdout, r)
			case "csv":
				return g.slaCSV(r)
			}
			return g.slaText(r)
		},
	}
	f := c.Flags()
	f.StringVarP(&q.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	f.StringVar(&q.From, "from", "", "identified on this day or later (2026-11-01)")
	f.StringVar(&q.To, "to", "", "identified on this day or before")
	f.StringSliceVar(&q.Only, "only", nil, "only these checks or requirements")
	f.StringVar(&format, "format", "text", "text, json or csv")
	f.StringVar(&now, "now", "", "as of this time, past or coming (RFC 3339)")
	return c
}

// share words a count with its percentage of the deadlines that are over.
func share(f finding.Figures, n int) string {
	p, ok := f.Percent(n)
	if !ok {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d (%.0f %%)", n, p)
}

func (g *global) slaText(r *app.SLAReport) error {
	span := "of all findings"
	switch {
	case r.From != "" && r.To != "":
		span = "of what was identified from " + r.From + " to " + r.To
	case r.From != "":
		span = "of what was identified since " + r.From
	case r.To != "":
		span = "of what was identified until " + r.To
	}
	fmt.Fprintf(g.stdout, "Deadlines %s, as of %s (%s)\n", span, r.AsOf.Format("2006-01-02 15:04 MST"), r.Zone)
	for _, n := range r.Notes {
		fmt.Fprintf(g.stdout, "Note: %s\n", n)
	}
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	table := func(title string, rows []finding.Figure) {
		fmt.Fprintf(w, "\n%s\tmet\tafter extension\tmissed\trunning\taccepted\tfalse positive\tno deadline\n", title)
		for _, x := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\n", report.Clean(x.Name), share(x.Figures, x.Met), share(x.Figures, x.Extended), share(x.Figures, x.Missed), x.Running, x.Accepted, x.FalsePositive, x.NoDeadline)
		}
	}
	table("", []finding.Figure{{Name: "all", Figures: r.Total}})
	table("team", r.Teams)
	table("application", r.Applications)
	table("identified in", r.Months)
	fmt.Fprintf(w, "\nopen for days\topen\toverdue\n")
	for _, a := range r.Ageing {
		fmt.Fprintf(w, "%s\t%d\t%d\n", a.Days, a.Open, a.Overdue)
	}
	fmt.Fprintf(w, "\nmonth\tidentified\tclosed\topen at its end\n")
	for _, t := range r.Trend {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", t.Month, t.Identified, t.Closed, t.Open)
	}
	return w.Flush()
}

// slaCSV writes one row for each figure: a spreadsheet can take them apart again.
func (g *global) slaCSV(r *app.SLAReport) error {
	w := csv.NewWriter(g.stdout)
	w.UseCRLF = true
	rows := [][]string{{"by", "name", "met", "met_after_extension", "missed", "running", "accepted", "false_positive", "no_deadline", "met_percent", "met_after_extension_percent", "missed_percent", "identified", "closed", "open", "overdue", "note"}}
	n := strconv.Itoa
	figures := func(by string, list []finding.Figure) {
		for _, x := range list {
			percent := func(v int) string {
				if p, ok := x.Percent(v); ok {
					return strconv.FormatFloat(p, 'f', 1, 64)
				}
				return ""
			}
			rows = append(rows, []string{by, x.Name, n(x.Met), n(x.Extended), n(x.Missed), n(x.Running), n(x.Accepted), n(x.FalsePositive), n(x.NoDeadline), percent(x.Met), percent(x.Extended), percent(x.Missed), "", "", "", "", ""})
		}
	}
	figures("all", []finding.Figure{{Name: "all", Figures: r.Total}})
	figures("team", r.Teams)
	figures("application", r.Applications)
	figures("month of identification", r.Months)
	bare := func(by, name string, last ...string) {
		rows = append(rows, append(append([]string{by, name}, make([]string, 10)...), last...))
	}
	for _, a := range r.Ageing {
		bare("days open", a.Days, "", "", n(a.Open), n(a.Overdue), "")
	}
	for _, t := range r.Trend {
		bare("month", t.Month, n(t.Identified), n(t.Closed), n(t.Open), "", "")
	}
	for _, note := range r.Notes {
		bare("note", "", "", "", "", "", note)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = report.PlainCell(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
