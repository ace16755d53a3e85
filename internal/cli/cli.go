// Package cli is what people type: commands, flags, help texts, exit codes. It calls app and
// report, and decides nothing about systems.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/estate"
)

// The exit codes. Source: interface contract.
const (
	exitOK       = 0
	exitFail     = 1
	exitUsage    = 2
	exitNoTarget = 3
	exitInternal = 4
)

// errFail means that a requirement fails: everything is said already.
var errFail = errors.New("a requirement fails")

// errStrict means that something is unknown under --strict.
var errStrict = errors.New("something is unknown")

// global are the flags that all commands share.
type global struct {
	version string
	state   string
	db      string
	server  string // a control plane that is asked in place of this machine; empty: none
	noColor bool
	verbose bool
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

// Run runs the command line and gives the exit code.
func Run(ctx context.Context, version string, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	g := &global{version: version, stdin: stdin, stdout: stdout, stderr: stderr}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "holdfast: internal error: %v\nPlease report it, with the command line and the version (%s).\n", p, version)
			code = exitInternal
		}
	}()
	root := g.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	return g.exit(err)
}

func (g *global) exit(err error) int {
	var usage *app.UsageError
	var broken *app.EstateError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFail):
		return exitFail
	case errors.Is(err, errStrict):
		return exitNoTarget
	case errors.Is(err, app.ErrNoTarget):
		fmt.Fprintln(g.stderr, "holdfast: no target answered; nothing was judged. See: holdfast doctor")
		return exitNoTarget
	case errors.As(err, &broken):
		fmt.Fprintln(g.stderr, broken.Error())
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(g.stderr, "holdfast: "+usage.Error())
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(g.stderr, "holdfast: interrupted; nothing was recorded")
		return exitInternal
	}
	fmt.Fprintln(g.stderr, "holdfast: "+err.Error())
	return exitInternal
}

func (g *global) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "holdfast",
		Short: "Secure operation of systems in production: declare, see, judge, keep, report",
		Long: `Holdfast tells what on your systems violates the standard for secure operation,
where, why it matters and what to do about it.

Start here:
  sudo holdfast assess                      judge this machine, no configuration needed
  holdfast discover > estate.yaml           draft a declaration of what was seen
  holdfast assess -f estate.yaml            judge what is declared
  holdfast assess ssh://admin@web-1         look at another host; nothing is written there`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	f := c.PersistentFlags()
	f.StringVar(&g.state, "state", "", "folder for database and keys (HOLDFAST_STATE; default ~/.local/state/holdfast)")
	f.StringVar(&g.db, "db", os.Getenv("HOLDFAST_DB"), "database, sqlite:FILE or postgres://USER@HOST/NAME (HOLDFAST_DB; default a file in the state folder)")
	f.StringVar(&g.server, "server", os.Getenv("HOLDFAST_SERVER"), "control plane to ask, https://hub.example, with a token in HOLDFAST_TOKEN; or HOLDFAST_SERVER")
	f.BoolVar(&g.noColor, "no-color", os.Getenv("NO_COLOR") != "" || os.Getenv("HOLDFAST_NO_COLOR") != "", "no colours, also on a terminal")
	f.BoolVarP(&g.verbose, "verbose", "v", false, "show everything")
	c.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return g.reached(cmd)
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return g.flagError(c, err) })
	c.AddCommand(g.assess(), g.discover(), g.estate(), g.requirement(), g.check(), g.finding(), g.waiver(), g.drift(), g.ledger(), g.witness(), g.hold(), g.serve(), g.demo(), g.join(), g.agent(), g.backup(), g.restore(), g.database(), g.evidence(), g.advisory(), g.sbom(), g.certificate(), g.report(), g.doctor(), g.versionCmd(), g.completion(), g.man())
	unknownCommands(c)
	return c
}

// unknownCommands makes a word that is no command an error of usage, with the nearest one.
func unknownCommands(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.HasSubCommands() {
			unknownCommands(sub)
		}
	}
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		return usage("%s has no command %q%s See: %s --help", c.CommandPath(), args[0], sentence(didYouMean(args[0], names)), c.CommandPath())
	}
	if c.RunE == nil {
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

func (g *global) flagError(c *cobra.Command, err error) error {
	text := err.Error()
	if word, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var names []string
		for _, cmd := range append(c.Commands(), c) {
			cmd.Flags().VisitAll(func(f *flagOf) { names = append(names, f.Name) })
			cmd.PersistentFlags().VisitAll(func(f *flagOf) { names = append(names, f.Name) })
		}
		return usage("there is no flag --%s here%s See --help", word, sentence(didYouMean(word, names)))
	}
	return usage("%s; see --help", text)
}

func usage(format string, args ...any) error {
	return &app.UsageError{Text: fmt.Sprintf(format, args...)}
}

func didYouMean(word string, names []string) string {
	if n := estate.Nearest(word, names); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// sentence ends a text that may already end with a question mark.
func sentence(s string) string {
	if s == "" {
		return "."
	}
	return s
}

// terminal tells whether w is one, and how wide.
func terminal(w io.Writer) (width int, is bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}

// count words a number of things: 1 finding, 2 findings.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
