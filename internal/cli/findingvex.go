package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) findingVEX() *cobra.Command {
	var o app.ImportOptions
	var format string
	c := &cobra.Command{
		Use: "vex FILE", Short: "Take a vendor's word that something is not affected, as evidence",
		Long: `Reads OpenVEX or CycloneDX. What it says to be not affected is written into the history of the open findings that
it speaks of: the same vulnerability in the same package and version. It settles nothing; for each finding the command
that asks for a decision is shown. What holds for a part of another product is not taken for the same package here.`,
		Example: "  holdfast finding vex openssl.openvex.json\n  holdfast finding vex vendor.cdx.json --format json",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes one document; - reads it from standard input", c.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			o.State, o.DB, o.File, o.Stdin = g.state, g.db, args[0], g.stdin
			t, err := app.ReadVEX(cmd.Context(), o)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, t)
			}
			for _, a := range t.About {
				known := ""
				if !a.New {
					known = " (told before)"
				}
				fmt.Fprintf(g.stdout, "%s  %s: %s\n  %s%s\n  holdfast waiver add false-positive %s --reason %s\n", a.Finding, report.Clean(a.Subject), report.Clean(a.Detail), report.Clean(a.Reason), known, a.Finding, shellWord(report.Clean(a.Reason)))
			}
			fmt.Fprintf(g.stdout, "%s of %s about open findings; %d about nothing that is open here; %d of another kind. Nothing is settled by them.\n", count(len(t.About), "statement"), report.Clean(t.Author), t.Nowhere, t.Others)
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	f.StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

// shellWord makes one word of a text for the shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
