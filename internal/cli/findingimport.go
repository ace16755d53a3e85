package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/scanresult"
)

func (g *global) findingImport() *cobra.Command {
	var o app.ImportOptions
	var format string
	c := &cobra.Command{
		Use: "import FILE", Short: "Take what another scanner reports of one subject",
		Long: `Takes the vulnerabilities that another scanner reports of one subject: each becomes a finding with a deadline, or
joins the finding that Holdfast or another scanner has of the same vulnerability in the same package. The same report
again changes nothing. What a later report of the same scanner lacks is closed, unless somebody else still sees it.

Forms that are known: ` + strings.Join(scanresult.Formats, ", ") + ".",
		Example: `  trivy rootfs --format json -o web-1.json / ; holdfast finding import web-1.json --subject prod/web-1 -f estate.yaml
  grype dir:/srv/shop -o json | holdfast finding import - --subject prod/web-1
  holdfast finding import quarterly.json --subject prod/web-1 --scanner nessus`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes one report; - reads it from standard input", c.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			o.State, o.DB, o.File, o.Stdin = g.state, g.db, args[0], g.stdin
			r, err := app.ImportFindings(cmd.Context(), o)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, r)
			}
			g.importedText(r)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Subject, "subject", "", "the subject that was scanned, as Holdfast names it: prod/web-1")
	f.StringVar(&o.Scanner, "scanner", "", "name of the scanner (default: as the report says)")
	f.StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	f.StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func (g *global) importedText(r *app.Imported) {
	made := ""
	if r.Made != nil {
		made = ", made " + r.Made.UTC().Format("2006-01-02 15:04 MST")
	}
	fmt.Fprintf(g.stdout, "%s: %s of packages reported by %s (%s%s)\n", report.Clean(r.Subject), vulnerabilities(r.Results), r.Scanner, r.Format, made)
	parts := []string{}
	for _, p := range []struct {
		n    int
		text string
	}{{len(r.Opened), "new"}, {len(r.Joined), "known and now reported by " + r.Scanner + " too"}, {len(r.Closed), "no longer reported and closed"}, {len(r.Left), "no longer reported and still seen by others"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing changed"}
	}
	fmt.Fprintf(g.stdout, "  %s\n", strings.Join(parts, ", "))
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(g.stdout, "  left out: %s\n", report.Clean(strings.Join(r.LeftOut, ", ")))
	}
	if r.Unnamed > 0 {
		fmt.Fprintf(g.stdout, "  of %s nothing tells the ecosystem, so that they are compared with no other source\n", count(r.Unnamed, "package"))
	}
}

func vulnerabilities(n int) string {
	if n == 1 {
		return "1 vulnerability"
	}
	return fmt.Sprintf("%d vulnerabilities", n)
}
