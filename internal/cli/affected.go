package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

// affected is the JSON of "advisory affected": holdfast.affected/v1.
type affected struct {
	Schema string    `json:"schema"`
	AsOf   time.Time `json:"as_of"`
	*app.AffectedList
}

func (g *global) advisoryAffected() *cobra.Command {
	var q app.AffectedQuery
	var format string
	c := &cobra.Command{
		Use: "affected CVE-…", Short: "Which systems carry what an advisory speaks of, by what is recorded",
		Long: `Names every subject that carries a package which the advisory speaks of, in a version that has the flaw: by its CVE,
GHSA or any other name. It reads what is recorded and touches no system; what was never assessed is not in it.
The finding is the one that the next assessment opens, where it is not open already.`,
		Example: "  holdfast advisory affected CVE-2024-0567\n  holdfast advisory affected GHSA-jfh8-c2jp-5v3q --format json",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes one name of a flaw: CVE-2024-0567, GHSA-…", c.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			q.State, q.DB, q.ID, q.Now = g.state, g.db, args[0], time.Now()
			list, err := app.Affected(cmd.Context(), q)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, affected{"holdfast.affected/v1", q.Now.UTC().Truncate(time.Second), list})
			}
			g.affectedText(list)
			return nil
		},
	}
	c.Flags().StringVarP(&q.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate that says whose a subject is: a file or a folder; without it as it was said when it was assessed")
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func (g *global) affectedText(list *app.AffectedList) {
	last, subjects := "", 0
	for _, a := range list.Affected {
		if a.Subject != last {
			last, subjects = a.Subject, subjects+1
		}
		line := fmt.Sprintf("%s  %-8s  %s  %s %s: %s", a.Finding, a.Severity, report.Clean(a.Subject), report.Clean(a.Package), report.Clean(a.Version), report.Clean(a.Vulnerability))
		if len(a.FixedIn) > 0 {
			line += ", fixed in " + report.Clean(strings.Join(a.FixedIn, ", "))
		} else {
			line += ", no fix is known"
		}
		if a.KEV {
			line += "; known to be exploited"
		}
		if len(a.Teams) > 0 {
			line += "; team " + report.Clean(strings.Join(a.Teams, ", "))
		}
		fmt.Fprintln(g.stdout, line)
	}
	for _, n := range list.Notes {
		fmt.Fprintln(g.stderr, report.Clean(n))
	}
	of := fmt.Sprintf("%s of which it is recorded what they carry", count(list.Looked, "subject"))
	if subjects == 0 {
		fmt.Fprintf(g.stdout, "None of %s has %s. What was never assessed is not among them: holdfast assess\n", of, list.ID)
		return
	}
	fmt.Fprintf(g.stdout, "\n%d of %s. The next holdfast assess opens the findings that are not open yet.\n", subjects, of)
}
