package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/scanresult"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
)

// ImportOptions say what to import.
type ImportOptions struct {
	State, DB, Estate string
	File              string // - is standard input
	Stdin             io.Reader
	Subject, Scanner  string
}

// Imported is what became of a report.
type Imported struct {
	Schema  string     `json:"schema"` // holdfast.import/v1
	Subject string     `json:"subject"`
	Scanner string     `json:"scanner"`
	Format  string     `json:"format"`
	Made    *time.Time `json:"made"` // null when the report does not say
	Results int        `json:"results"`
	Opened  []string   `json:"opened"`   // findings
	Joined  []string   `json:"joined"`   // that others had seen before
	Closed  []string   `json:"closed"`   // that only this scanner had seen, and no longer reports
	Left    []string   `json:"left"`     // that others still see
	LeftOut []string   `json:"left_out"` // of the report, in words
	Unnamed int        `json:"unnamed"`  // packages of which nothing tells the ecosystem
}

var scannerNames = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// ImportFindings takes the report of another scanner about one subject.
func ImportFindings(ctx context.Context, o ImportOptions) (*Imported, error) {
	report, digest, err := readReport(o)
	if err != nil {
		return nil, err
	}
	scanner := cmp.Or(o.Scanner, report.Scanner)
	switch {
	case o.Subject == "":
		hint := ""
		if report.About != "" {
			hint = fmt.Sprintf(" (the report calls it %s)", report.About)
		}
		return nil, &UsageError{"which subject is the report about" + hint + "? --subject prod/web-1"}
	case scanner == finding.Holdfast:
		return nil, &UsageError{"--scanner holdfast: that is the name of what was judged here; name the scanner"}
	case !scannerNames.MatchString(scanner):
		return nil, &UsageError{fmt.Sprintf("--scanner %q is no name of a scanner; write it in small letters: trivy", scanner)}
	}
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, nil, time.Now())
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	in, err := d.imported(ctx, o, report)
	if err != nil {
		return nil, err
	}
	defer in.world.forget()
	out := &Imported{Schema: "holdfast.import/v1", Subject: o.Subject, Scanner: scanner, Format: report.Format, Results: len(report.Results),
		Opened: []string{}, Joined: []string{}, Closed: []string{}, Left: []string{}, LeftOut: append([]string{}, report.Left...), Unnamed: in.unnamed}
	if !report.Made.IsZero() {
		out.Made = &report.Made
	}
	if err := d.store.Remember(ctx, in.names); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	r := finding.Imported{Place: finding.Place{Check: vulnerabilities.Known.ID, Kind: (vulnerabilities.Fact{}).Kind().Name, Subject: o.Subject},
		Source: scanner, At: report.Made, Now: now, Run: "import of " + scanner + " " + digest[:12], Title: vulnerabilities.Known.Title, Level: in.level, Seen: in.seen}
	if r.At.IsZero() || r.At.After(now) {
		r.At = now
	}
	changes, err := d.store.Take(ctx, r, digest, func(f finding.Finding) finding.Standing { return d.clock.Stand(f, d.now) })
	if errors.Is(err, run.ErrHistory) {
		return nil, &UsageError{err.Error()}
	}
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		switch c.Happened {
		case finding.Opened, finding.Reopened:
			out.Opened = append(out.Opened, c.ID)
		case finding.Joined:
			out.Joined = append(out.Joined, c.ID)
		case finding.Ended:
			out.Closed = append(out.Closed, c.ID)
		case finding.Left:
			out.Left = append(out.Left, c.ID)
		}
	}
	return out, nil
}

// readReport reads the report. Its digest is that of its bytes.
func readReport(o ImportOptions) (scanresult.Report, string, error) {
	in := o.Stdin
	if o.File != "-" {
		f, err := os.Open(o.File)
		if err != nil {
			return scanresult.Report{}, "", &UsageError{"read report: " + err.Error()}
		}
		defer f.Close()
		in = f
	}
	h := sha256.New()
	r, err := scanresult.Read(io.TeeReader(in, h))
	if err != nil {
		return r, "", &UsageError{fmt.Sprintf("read report %s: %v", o.File, err)}
	}
	return r, hex.EncodeToString(h.Sum(nil)), nil
}

// incoming is a report in the terms of findings.
type incoming struct {
	world   *world
	seen    []finding.Sighting
	names   map[string]string // to remember
	level   check.Level
	unnamed int
}

func (d *desk) imported(ctx context.Context, o ImportOptions, r scanresult.Report) (*incoming, error) {
	_, settings, err := Catalogues()
	if err != nil {
		return nil, err
	}
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	in := &incoming{world: &world{checks: []*check.Check{vulnerabilities.Known}, estate: d.estate}, names: map[string]string{}, level: settings.For(vulnerabilities.Known.ID).Level}
	if err := in.world.know(ctx, d.store, state, d.now); err != nil {
		return nil, err
	}
	known := in.world.advisories
	if known.names == nil { // no advisories are here, and names may be
		if known.names, err = d.store.Names(ctx); err != nil {
			in.world.forget()
			return nil, err
		}
	}
	carried, err := d.carriedBy(ctx, o.Subject)
	if err != nil {
		in.world.forget()
		return nil, err
	}
	for _, x := range r.Results {
		m := vulnerabilities.Match{Match: vuln.Match{ID: x.ID, Aliases: slices.Clone(x.Aliases), Package: carried.find(x), Fixed: x.Fixed, Severity: x.Severity, Rated: x.Rated, Summary: x.Summary}}
		if m.Package.Ecosystem == "" {
			m.Package.Ecosystem = "unknown"
			in.unnamed++
		}
		if known.missing == nil {
			byRecords(&m.Match, known)
		}
		m.Name = known.name(m.Match)
		if known.missing == nil {
			for _, n := range append([]string{m.ID}, m.Aliases...) {
				m.KEV = m.KEV || known.Exploited(n)
				if p, ok := known.EPSS(n); ok && (m.EPSS == nil || p > *m.EPSS) {
					m.EPSS = &p
				}
			}
		}
		for _, n := range append([]string{m.ID}, m.Aliases...) {
			if _, ok := known.names[n]; !ok {
				known.names[n], in.names[n] = m.Name, m.Name
			}
		}
		in.seen = append(in.seen, finding.Sighting{Violation: d.violation(m, o.Subject), Identified: x.Identified})
	}
	return in, nil
}

// byRecords adds the names that the advisories of the package know of a flaw, so that scanners which call it by different
// names speak of one. A name without a CVE gets the CVE of its record, unless that stands for several.
func byRecords(m *vuln.Match, known vuln.Source) {
	for _, a := range known.Find(vuln.Ecosystem(m.Package.Ecosystem), vuln.Name(m.Package.Ecosystem, m.Package.Name)) {
		names := slices.Concat([]string{a.Record.ID}, a.Record.Aliases, a.Record.Upstream)
		if !slices.Contains(names, m.ID) && !meets(names, m.Aliases) {
			continue
		}
		var cves []string
		for _, n := range names {
			switch {
			case vuln.IsCVE(n):
				cves = append(cves, n)
			case n != m.ID && !slices.Contains(m.Aliases, n):
				m.Aliases = append(m.Aliases, n)
			}
		}
		if slices.Sort(cves); !vuln.IsCVE(m.ID) && len(slices.Compact(cves)) == 1 {
			m.ID, m.Aliases = cves[0], append(m.Aliases, m.ID)
		}
	}
	slices.Sort(m.Aliases)
}

// violation words a match as the check of known vulnerabilities does.
func (d *desk) violation(m vulnerabilities.Match, subject string) check.Violation {
	policy := check.Severity("")
	if d.estate != nil {
		policy = check.Severity(d.estate.View(subject).Policy().KnownExploited)
	}
	return m.Violation(policy)
}

// carriedBy is what was last seen installed on a subject, to find the packages of a report by.
type carriedBy struct {
	packages []vuln.Package // of the distribution, by source
	others   []vuln.Package
}

func (d *desk) carriedBy(ctx context.Context, subject string) (carriedBy, error) {
	v := newCarriers()
	decoder, err := load(Options{})
	if err != nil {
		return carriedBy{}, err
	}
	for _, kind := range []string{"linuxhost/1", "packages/1", "components/1"} {
		obs, err := d.store.LatestOf(ctx, subject, kind, decoder.decode)
		if err != nil {
			return carriedBy{}, err
		}
		v.add(obs)
	}
	c := v.at(subject)
	out := carriedBy{packages: c.packages, others: c.components.Packages}
	if own, ok := vuln.OfRelease(c.os.ID, c.os.Version); ok {
		for i := range out.packages {
			out.packages[i].Ecosystem = own
		}
	}
	return out, nil
}

// find gives the package of a result under the name by which it is known here: of an installed package its source; of one
// whose ecosystem is not told the one that is installed.
func (c carriedBy) find(x scanresult.Reported) vuln.Package {
	p := x.Package
	if p.Ecosystem != "" && !x.Binary {
		return p
	}
	by := func(is func(q vuln.Package) bool) bool {
		i := slices.IndexFunc(c.packages, is)
		if i < 0 || x.Binary && vuln.Base(c.packages[i].Ecosystem) != vuln.Base(p.Ecosystem) {
			return false
		}
		q := c.packages[i]
		if len(p.Installed) == 0 && q.Name != p.Name {
			p.Installed = []string{p.Name}
		}
		p.Name, p.Ecosystem = q.Name, q.Ecosystem
		return true
	}
	switch {
	case by(func(q vuln.Package) bool { return slices.Contains(q.Installed, x.Package.Name) }):
	case by(func(q vuln.Package) bool { return q.Name == x.Package.Name }):
	case p.Ecosystem == "":
		var ecosystems []string
		for _, q := range c.others {
			if q.Name == p.Name && !slices.Contains(ecosystems, q.Ecosystem) {
				ecosystems = append(ecosystems, q.Ecosystem)
			}
		}
		if len(ecosystems) == 1 {
			p.Ecosystem = ecosystems[0]
		}
	}
	return p
}
