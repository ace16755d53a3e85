package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

type flagOf = pflag.Flag

type assessFlags struct {
	app.Options
	format, output string
	now            string
	asOf           string // of a report; empty: of now
	failOn         string
	strict         bool
}

func (g *global) assess() *cobra.Command {
	var f assessFlags
	c := &cobra.Command{
		Use:   "assess [TARGET ...]",
		Short: "Look at systems, judge them and report, the worst first",
		Long: `Looks at the targets, judges what it sees by the standard, records it and reports.
Without a target it looks at this machine; with -f at every system of the estate.
Targets: host:local, ssh://user@host[:port], rootfs:DIR, sbom:FILE (CycloneDX, SPDX), https://host[:port][/path], tls://host[:port],
starttls+PROTOCOL://host[:port] with smtp, imap, pop3, ldap, ftp, xmpp, postgres, mysql, sieve or nntp.
Nothing is written to or installed on a target.`,
		Example: `  sudo holdfast assess
  holdfast assess --format json | jq .summary
  holdfast assess ssh://admin@web-1 ssh://admin@web-2
  holdfast assess -f estate/ --env prod
  holdfast assess rootfs:/srv/images/web
  holdfast assess sbom:shop.cdx.json --subject shop
  holdfast assess https://shop.example
  holdfast assess starttls+smtp://mail.shop.example starttls+postgres://db.shop.example
  holdfast assess --probe intrusive tls://test.shop.example:993
  holdfast assess --from last          # today's checks on recorded facts
  holdfast assess --only A.5.2.1,sshd-root-login`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Targets = args
			return g.runAssess(cmd, f)
		},
	}
	fl := c.Flags()
	fl.StringVarP(&f.Estate, "file", "f", os.Getenv("HOLDFAST_FILE"), "estate: a file or a folder")
	fl.StringVar(&f.format, "format", env("HOLDFAST_FORMAT", "text"), "text, json, sarif, html, oscal or csv")
	fl.StringVarP(&f.output, "output", "o", "", "write the report to this file")
	fl.StringSliceVar(&f.Only, "only", nil, "only these requirements or checks")
	fl.StringSliceVar(&f.Apps, "app", nil, "only systems of these applications")
	fl.StringSliceVar(&f.Envs, "env", nil, "only systems of these environments")
	fl.StringVar(&f.From, "from", "", "judge a recorded run again: its id, or last")
	fl.StringVar(&f.Subject, "subject", "", "name of a file target, in place of its path")
	fl.StringVar(&f.RiskClass, "risk-class", env("HOLDFAST_RISK_CLASS", ""), "class to take without an estate: standard, high, very_high (default high)")
	fl.StringVar(&f.now, "now", "", "judge as of this time (RFC 3339)")
	fl.DurationVar(&f.Timeout, "timeout", time.Minute, "time for one host")
	fl.IntVar(&f.Concurrency, "concurrency", 8, "hosts at once")
	fl.StringVar(&f.failOn, "fail-on", "must", "exit 1 when a must or a should is violated, or never")
	fl.BoolVar(&f.strict, "strict", false, "exit 3 when anything is unknown")
	fl.BoolVar(&f.Deep, "deep", false, "look at every local file for special permissions; takes seconds to minutes")
	fl.StringVar(&f.Contact, "contact", "", "whom websites may ask about the requests, told in User-Agent (default: who has the role security in the estate)")
	fl.StringVar(&f.Probe, "probe", "", "intrusive: also send endpoints what a fragile server may stumble over (CCS injection, ROBOT, padding oracles)")
	fl.BoolVar(&f.NoRecord, "no-record", false, "judge and report, but record nothing")
	return c
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// envList is one with commas in it; nil: it is not set.
func envList(name string) []string {
	if v := os.Getenv(name); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func (g *global) runAssess(cmd *cobra.Command, f assessFlags) error {
	write, err := writer(f.format)
	if err != nil {
		return err
	}
	if f.failOn != "must" && f.failOn != "should" && f.failOn != "never" {
		return usage("--fail-on %q is not one of must, should, never%s", f.failOn, didYouMean(f.failOn, []string{"must", "should", "never"}))
	}
	if f.now != "" {
		if f.Now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return usage("--now %q is no time; write it as 2026-11-23T12:00:00Z", f.now)
		}
	}
	f.State, f.DB, f.Version = g.state, g.db, g.version
	progress := g.progress()
	f.Progress = progress.step
	var a *report.Assessment
	if f.asOf != "" {
		a, err = app.AsOf(cmd.Context(), f.Options, f.asOf)
	} else {
		a, err = app.Assess(cmd.Context(), f.Options)
	}
	progress.clear()
	if a == nil {
		return err
	}
	if werr := g.write(f.output, a, write); werr != nil {
		return werr
	}
	switch {
	case err != nil:
		return err
	case f.failOn != "never" && a.Summary.Fail > 0, f.failOn == "should" && a.Summary.Warn > 0:
		return errFail
	case f.strict && a.Summary.Unknown > 0:
		return errStrict
	}
	return nil
}

// formats are the forms of a report.
var formats = []string{"text", "json", "sarif", "html", "oscal", "csv"}

type reportWriter func(g *global, w io.Writer, a *report.Assessment) error

func writer(format string) (reportWriter, error) {
	switch format {
	case "text":
		return func(g *global, w io.Writer, a *report.Assessment) error {
			width, is := terminal(w)
			return report.Text(w, a, report.TextOptions{Width: width, Color: is && !g.noColor, Verbose: g.verbose})
		}, nil
	case "json":
		return func(_ *global, w io.Writer, a *report.Assessment) error { return report.JSON(w, a) }, nil
	case "sarif":
		return func(_ *global, w io.Writer, a *report.Assessment) error { return report.SARIF(w, a) }, nil
	case "html":
		return func(_ *global, w io.Writer, a *report.Assessment) error { return report.HTML(w, a) }, nil
	case "csv":
		return func(_ *global, w io.Writer, a *report.Assessment) error { return report.CSV(w, a) }, nil
	case "openvex", "cyclonedx-vex":
		return nil, usage("--format %s is about all that is recorded: holdfast report --format %s", format, format)
	case "oscal":
		return func(_ *global, w io.Writer, a *report.Assessment) error { return report.OSCAL(w, a) }, nil
	}
	return nil, usage("--format %q is not one of %s%s", format, strings.Join(formats, ", "), didYouMean(format, formats))
}

// write puts the report on standard output, or into a file that is complete or not there.
func (g *global) write(path string, a *report.Assessment, write reportWriter) error {
	return g.into(path, func(w io.Writer) error { return write(g, w, a) })
}

// into writes to standard output, or into a file that is complete or not there.
func (g *global) into(path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return write(g.stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".holdfast-*")
	if err != nil {
		return usage("write report %s: %v", path, err)
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("write report %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return usage("write report %s: %v", path, err)
	}
	fmt.Fprintf(g.stderr, "written: %s\n", path)
	return nil
}

// progress shows on a terminal how far an assessment is, and leaves nothing behind.
type progress struct {
	w    io.Writer
	live bool
}

func (g *global) progress() *progress {
	_, is := terminal(g.stderr)
	return &progress{w: g.stderr, live: is}
}

func (p *progress) step(done, all int, what string) {
	if p.live && all > 1 {
		fmt.Fprintf(p.w, "\r\x1b[K%d of %d assessed: %s", done, all, report.Clean(what))
	}
}

func (p *progress) clear() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
