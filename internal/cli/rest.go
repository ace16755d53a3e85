package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) discover() *cobra.Command {
	return &cobra.Command{
		Use: "discover [TARGET ...]", Short: "Draft an estate from what is seen",
		Example: "  holdfast discover > estate.yaml\n  holdfast discover ssh://admin@web-1 ssh://admin@web-2 > estate.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			draft, err := app.Discover(cmd.Context(), app.Options{Targets: args})
			if err != nil {
				return err
			}
			fmt.Fprint(g.stdout, draft)
			return nil
		},
	}
}

func (g *global) doctor() *cobra.Command {
	var show bool
	var kind string
	c := &cobra.Command{
		Use: "doctor [TARGET ...]", Short: "What can be seen of a target, what not, and what would show it",
		Example: "  holdfast doctor\n  holdfast doctor ssh://admin@web-1\n  holdfast doctor --show-commands\n  holdfast doctor --fact sshd",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if show {
				app.ShowCommands(g.stdout)
				return nil
			}
			if kind != "" {
				return app.ShowFact(cmd.Context(), g.stdout, app.Options{Targets: args, State: g.state}, kind)
			}
			return app.Doctor(cmd.Context(), g.stdout, app.Options{Targets: args})
		},
	}
	c.Flags().BoolVar(&show, "show-commands", false, "print every command and file that collecting uses")
	c.Flags().StringVar(&kind, "fact", "", "print what is seen of one kind as JSON, for own checks")
	return c
}

// report repeats the last run in another form, or prints a schema.
func (g *global) report() *cobra.Command {
	var f assessFlags
	c := &cobra.Command{
		Use: "report", Short: "Report a recorded run, by default the last, or how all stood on a past day, in any form",
		Long: `Reports a recorded run in any form; nothing is looked at again.

With --as-of it reports how everything stood at the end of a past day, or at a time: what had been seen of each system by then, under the
estate that the control plane worked by, with the findings and decisions of then. Facts that were too old by then are unknown. The checks
are today's; vulnerabilities and drift are those that had been found, in their newest words, since what they are compared with has changed. The notes say
whether that agrees with what the control plane recorded at the end of that day.`,
		Example: "  holdfast report --format html -o report.html\n  holdfast report --format sarif -o results.sarif\n  holdfast report --format oscal -f estate.yaml -o results.oscal.json\n  holdfast report --format openvex -f estate.yaml -o shop.openvex.json\n  holdfast report --as-of 2026-03-14 --format html -o march.html\n  holdfast report --as-of 2026-03-14T12:00:00+01:00 -f estate.yaml\n  holdfast report --format cyclonedx-vex -o shop.vex.cdx.json\n  holdfast report schema > assessment.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.failOn = "never"
			if f.asOf != "" && (cmd.Flags().Changed("from") || vexWriter(f.format) != nil) {
				return usage("--as-of is a day, and neither one run (--from) nor statements about all that is recorded (--format %s)", f.format)
			}
			if write := vexWriter(f.format); write != nil {
				if cmd.Flags().Changed("from") {
					return usage("--from and --format %s: statements are about all that is recorded, not about one run", f.format)
				}
				v, err := app.VEX(cmd.Context(), g.state, g.db, f.Estate, g.version, time.Now())
				if err != nil {
					return err
				}
				return g.into(f.output, func(w io.Writer) error { return write(w, v) })
			}
			return g.runAssess(cmd, f)
		},
	}
	c.Flags().StringVar(&f.format, "format", env("HOLDFAST_FORMAT", "text"), "text, json, sarif, html, oscal or csv; openvex or cyclonedx-vex: what became of every vulnerability")
	c.Flags().StringVarP(&f.output, "output", "o", "", "write the report to this file")
	c.Flags().StringVar(&f.From, "from", "last", "the run: its id, or last")
	c.Flags().StringVar(&f.asOf, "as-of", "", "how everything stood at the end of a day, 2026-03-14, or at a time, 2026-03-14T12:00:00Z")
	c.Flags().StringVarP(&f.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder; with --as-of the one of then is taken where it was kept")
	c.AddCommand(g.sla(), &cobra.Command{Use: "schema", Short: "JSON Schema of assess --format json", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := g.stdout.Write(report.Schema())
		return err
	}})
	return c
}

// vexWriter gives the writer of a form of statements about vulnerabilities; nil for any other form.
func vexWriter(format string) func(io.Writer, report.VEX) error {
	switch format {
	case "openvex":
		return report.OpenVEX
	case "cyclonedx-vex":
		return report.CycloneDXVEX
	}
	return nil
}

func (g *global) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Completion for bash, zsh, fish or powershell",
		Example: "  holdfast completion bash > /etc/bash_completion.d/holdfast", ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("completion takes one of %s", strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(g.stdout, true)
			case "zsh":
				return root.GenZshCompletion(g.stdout)
			case "fish":
				return root.GenFishCompletion(g.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(g.stdout)
			}
			return usage("completion %q is not one of %s%s", args[0], strings.Join(shells, ", "), didYouMean(args[0], shells))
		},
	}
}

func (g *global) man() *cobra.Command {
	return &cobra.Command{Use: "man", Short: "The manual page, for man -l -", Example: "  holdfast man > /usr/local/share/man/man1/holdfast.1", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return doc.GenMan(c.Root(), &doc.GenManHeader{Title: "HOLDFAST", Section: "1", Source: "Holdfast " + g.version}, g.stdout)
		}}
}
