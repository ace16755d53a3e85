package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/estate"
)

func (g *global) estate() *cobra.Command {
	c := &cobra.Command{Use: "estate", Short: "The declaration: check it, show it resolved, its schema for editors"}
	c.AddCommand(g.estateHistory(),
		&cobra.Command{
			Use: "validate PATH", Short: "Check an estate and run the examples of its own checks",
			Example: "  holdfast estate validate estate/", Args: onePath,
			RunE: func(_ *cobra.Command, args []string) error { return g.validate(args[0]) },
		},
		&cobra.Command{
			Use: "show PATH", Short: "The estate as it is understood, with all defaults", Args: onePath,
			RunE: func(_ *cobra.Command, args []string) error {
				e, problems, err := app.LoadEstate(args[0])
				if err != nil {
					return err
				}
				if e == nil {
					return &app.EstateError{Problems: problems}
				}
				out, err := e.Show()
				if err != nil {
					return err
				}
				_, err = g.stdout.Write(out)
				return err
			},
		},
		&cobra.Command{
			Use: "schema", Short: "JSON Schema of an estate file, for editors",
			Example: "  holdfast estate schema > holdfast.schema.json\n  # first line of estate.yaml: # yaml-language-server: $schema=holdfast.schema.json",
			Args:    cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				out, err := estate.Schema()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(g.stdout, "%s\n", out)
				return err
			},
		})
	return c
}

func onePath(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes one file or folder; see --help", c.CommandPath())
	}
	return nil
}

func (g *global) validate(path string) error {
	v, err := app.Validate(path)
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		fmt.Fprintln(g.stderr, w)
	}
	for _, u := range v.Unused {
		fmt.Fprintln(g.stdout, u)
	}
	fmt.Fprintf(g.stdout, "%s is valid: %s\n", path, v.Counts)
	return nil
}
