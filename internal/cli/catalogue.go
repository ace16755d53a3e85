package cli

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/subject/all"
)

func (g *global) width() int {
	if w, ok := terminal(g.stdout); ok {
		return w
	}
	return 80
}

func (g *global) requirement() *cobra.Command {
	return &cobra.Command{
		Use: "requirement [ID]", Short: "The requirements of the standard, and what decides each",
		Example: "  holdfast requirement\n  holdfast requirement A.5.2.1",
		Args:    atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			reqs, settings, err := app.Catalogues()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return requirement.WriteList(g.stdout, g.width(), reqs.All())
			}
			r, ok := reqs.Get(args[0])
			if !ok {
				return usage("there is no requirement %q%s All of them: holdfast requirement", args[0], sentence(quoted(reqs.Nearest(args[0]))))
			}
			var lines []requirement.CheckLine
			for _, c := range all.Checks() {
				for _, id := range c.Requirements {
					if id == r.ID {
						lines = append(lines, requirement.CheckLine{ID: c.ID, Title: c.Title, Level: requirement.Level(settings.For(c.ID).LevelFor(id))})
					}
				}
			}
			return r.WritePage(g.stdout, g.width(), lines)
		},
	}
}

func quoted(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", near)
}

func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s takes one id, not %d; see --help", c.CommandPath(), len(args))
	}
	return nil
}

func (g *global) check() *cobra.Command {
	return &cobra.Command{
		Use: "check [ID]", Short: "The checks, and the page of each: why, what to do, examples",
		Example: "  holdfast check\n  holdfast check sshd-root-login",
		Args:    atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			_, settings, err := app.Catalogues()
			if err != nil {
				return err
			}
			checks := all.Checks()
			sort.Slice(checks, func(i, j int) bool { return checks[i].ID < checks[j].ID })
			if len(args) == 0 {
				for _, c := range checks {
					fmt.Fprintf(g.stdout, "%-34s %-8s %s\n", c.ID, settings.For(c.ID).Severity, c.Title)
				}
				fmt.Fprintf(g.stdout, "\n%d checks. One of them: holdfast check %s\n", len(checks), checks[0].ID)
				return nil
			}
			var ids []string
			for _, c := range checks {
				if c.ID == args[0] {
					return g.checkPage(c, settings)
				}
				ids = append(ids, c.ID)
			}
			return usage("there is no check %q%s All of them: holdfast check", args[0], sentence(didYouMean(args[0], ids)))
		},
	}
}

func (g *global) checkPage(c *check.Check, settings check.Catalogue) error {
	set := settings.For(c.ID)
	p := func(format string, args ...any) { fmt.Fprintf(g.stdout, format, args...) }
	p("%s\n%s\n\nWhen it fails: %s", c.ID, c.Title, set.Severity)
	for _, r := range c.Requirements {
		p("\n  %s at level %s", r, set.LevelFor(r))
	}
	p("\n\nWhy\n  %s\n\nWhat to do\n", c.Doc)
	for l := range strings.Lines(c.Remedy) {
		p("  %s\n", strings.TrimRight(l, "\n"))
	}
	if len(c.References) > 0 {
		p("\nReferences\n  %s\n", strings.Join(c.References, "\n  "))
	}
	p("\nJudges\n  facts of kind %s\n", c.Rule.Kind)
	if len(set.Params) > 0 {
		params, err := json.Marshal(set.Params)
		if err != nil {
			return err
		}
		p("  parameters %s\n", params)
	}
	p("\nExamples\n")
	for _, x := range c.Examples {
		p("  %-14s %s", x.Want, x.Name)
		if len(x.Keys) > 0 {
			p(": %s", strings.Join(x.Keys, ", "))
		}
		p("\n")
	}
	return nil
}

func (g *global) versionCmd() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "The version of Holdfast", RunE: func(*cobra.Command, []string) error {
		fmt.Fprintln(g.stdout, "holdfast "+g.version)
		return nil
	}}
}
