package app

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/vuln/version"
)

// inventory gathers for each subject what is installed there, and compares it with the advisories of the moment. Like
// claims, what comes of it is made anew at each judging and not recorded.
type inventory struct {
	subjects []string
	by       map[string]*carrier
}

// carrier is a subject with its software.
type carrier struct {
	seen     fact.Observation // of its packages, without the fact
	os       linuxhost.OS
	manager  string
	packages []vuln.Package // of the distribution, whose ecosystem is not set yet
	gap      *fact.Problem  // the database of packages could not be read
}

func newInventory() *inventory { return &inventory{by: map[string]*carrier{}} }

func (v *inventory) at(subject string) *carrier {
	c, ok := v.by[subject]
	if !ok {
		c = &carrier{}
		v.by[subject] = c
		v.subjects = append(v.subjects, subject)
	}
	return c
}

func (v *inventory) add(obs []fact.Observation) {
	for _, o := range obs {
		switch f := o.Fact.(type) {
		case linuxhost.Fact:
			v.at(o.Subject).os = f.OS
		case packages.Fact:
			c := v.at(o.Subject)
			c.manager, c.packages = f.Manager, ofDistribution(f)
			if p, ok := f.Missing()["database"]; ok {
				c.gap = &p
			}
			c.seen = o
			c.seen.Fact = nil
		case nil:
			if o.Kind.Name == (packages.Fact{}).Kind().Name {
				v.at(o.Subject).seen = o
			}
		}
	}
}

// ofDistribution gives the installed packages by source, as the advisories of distributions speak of them.
func ofDistribution(f packages.Fact) []vuln.Package {
	type source struct{ name, version string }
	at := map[source]int{}
	var out []vuln.Package
	for _, p := range f.Packages {
		if !p.Installed() {
			continue
		}
		s := source{p.Name, p.Version}
		switch f.Manager {
		case "dpkg":
			s.name, s.version = vuln.DebianSource(p.Name, p.Version, p.Source, p.SourceVersion)
		case "apk":
			s.name = cmp.Or(p.Source, p.Name)
		}
		i, ok := at[s]
		if !ok {
			i = len(out)
			at[s] = i
			out = append(out, vuln.Package{Name: s.name, Version: s.version})
		}
		if !slices.Contains(out[i].Installed, p.Name) {
			out[i].Installed = append(out[i].Installed, p.Name)
		}
	}
	return out
}

// advisories is what is known of vulnerabilities, with how old that is.
type advisories struct {
	vuln.Source
	missing error                        // why there are none
	damage  func() error                 // what of them could not be read so far; nil: nobody asks
	renew   func() error                 // makes them anew from what was imported
	stale   func(ecosystem string) error // why nothing found means nothing for an ecosystem; nil: its feed is there and fresh
	names   map[string]string            // under which name a vulnerability is remembered, by alias
}

// observations compares each subject with the advisories. Where these are damaged, they are made anew first; what cannot
// be had even then is unknown.
func (v *inventory) observations(a *advisories) ([]fact.Observation, []report.Vulnerability) {
	out, vulnerable := v.compare(a)
	if a.damaged() == nil {
		return out, vulnerable
	}
	if a.renew() == nil {
		if out, vulnerable = v.compare(a); a.damaged() == nil {
			return out, vulnerable
		}
	}
	return a.doubted(out), vulnerable
}

func (v *inventory) compare(a *advisories) ([]fact.Observation, []report.Vulnerability) {
	out := make([]fact.Observation, len(v.subjects))
	reported := make([][]report.Vulnerability, len(v.subjects))
	parallel(len(v.subjects), func(i int) {
		out[i], reported[i] = v.compared(v.subjects[i], a)
	})
	out = slices.DeleteFunc(out, func(o fact.Observation) bool { return o.Subject == "" })
	return out, slices.Concat(reported...)
}

func (v *inventory) compared(subject string, a *advisories) (fact.Observation, []report.Vulnerability) {
	c := v.by[subject]
	f := vulnerabilities.Fact{}
	o := fact.Observation{Subject: subject, Kind: f.Kind(), ObservedAt: c.seen.ObservedAt, Collector: c.seen.Collector}
	switch {
	case c.seen.Subject == "" || c.seen.Problem == nil && c.manager == "" && c.gap == nil:
		return fact.Observation{}, nil // its packages were not asked for, or nothing manages any
	case c.seen.Problem != nil:
		o.Problem = c.seen.Problem
		return o, nil
	}
	if c.gap != nil {
		f.Note(vulnerabilities.PartPackages, c.gap)
	}
	unknown := func(err error) {
		f.Note(vulnerabilities.PartAdvisories, &fact.Problem{Cause: fact.Failed, Source: "advisories", Text: err.Error()})
	}
	ecosystem, known := vuln.OfRelease(c.os.ID, c.os.Version)
	order, ordered := version.For(ecosystem)
	switch {
	case a.missing != nil:
		unknown(a.missing)
	case !known || !ordered:
		unknown(fmt.Errorf("there are none for %s", cmp.Or(c.os.Pretty, c.os.ID, "a system that does not say what it is")))
	default:
		if err := a.stale(ecosystem); err != nil {
			unknown(err)
		}
		f.Packages = len(c.packages)
		for _, p := range c.packages {
			p.Ecosystem = ecosystem
			for _, m := range vuln.Of(p, order, a) {
				f.Matches = append(f.Matches, vulnerabilities.Match{Match: m, Name: a.name(m)})
			}
		}
	}
	f.Matches = merged(f.Matches)
	o.Fact = f
	if data, err := fact.Canonical(f); err == nil {
		o.Digest = fact.Digest(data)
	}
	return o, reported(subject, f)
}

// merged makes one of the matches of one vulnerability in one package of which several versions are installed: the
// oldest is named, and all that are installed.
func merged(all []vulnerabilities.Match) []vulnerabilities.Match {
	at := map[string]int{}
	out := all[:0]
	for _, m := range all {
		i, again := at[m.Key()]
		if !again {
			at[m.Key()] = len(out)
			out = append(out, m)
			continue
		}
		out[i].Package.Installed = slices.Concat(out[i].Package.Installed, m.Package.Installed)
		out[i].Package.Places = slices.Concat(out[i].Package.Places, m.Package.Places)
		out[i].Package.Running = out[i].Package.Running || m.Package.Running
	}
	return out
}

// name gives the name under which a vulnerability is remembered: that of the first of its names that was seen. Another CVE
// is another vulnerability, whatever names they share.
func (a *advisories) name(m vuln.Match) string {
	if n, ok := a.names[m.ID]; ok {
		return n
	}
	for _, alias := range m.Aliases {
		if n, ok := a.names[alias]; ok && !(vuln.IsCVE(n) && vuln.IsCVE(m.ID)) {
			return n
		}
	}
	return m.ID
}

// remembered are the names of all matches by alias, as they are to be kept.
func remembered(all []report.Vulnerability) map[string]string {
	out := map[string]string{}
	for _, v := range all {
		for _, alias := range append([]string{v.ID}, v.Aliases...) {
			if _, ok := out[alias]; !ok || alias == v.ID {
				out[alias] = v.Name
			}
		}
	}
	return out
}

func reported(subject string, f vulnerabilities.Fact) []report.Vulnerability {
	var out []report.Vulnerability
	for _, m := range f.Matches {
		r := report.Vulnerability{ID: m.ID, Aliases: slices.Concat([]string{}, m.Aliases), Name: m.Name, Package: m.Package.Name, Version: m.Package.Version, Ecosystem: m.Package.Ecosystem,
			Purl: m.Package.PURL(), FixedIn: slices.Concat([]string{}, m.Fixed), Severity: string(m.Severity), KEV: m.KEV, EPSS: m.EPSS, Subject: subject, Status: "open", Summary: m.Summary, Rated: m.Rated,
			Finding: finding.ID(vulnerabilities.Known.ID, f.Kind().Name, subject, m.Key())}
		if m.CVSS != "" {
			r.CVSS = &m.CVSS
		}
		if m.Severity == vuln.Info {
			r.Status = "unimportant"
		}
		out = append(out, r)
	}
	return out
}

// stand writes what is recorded of vulnerabilities.
func stand(all []report.Vulnerability, known map[string]finding.Finding, now time.Time) {
	for i := range all {
		v := &all[i]
		v.Identified = now.UTC().Truncate(time.Second)
		f, ok := known[v.Finding]
		if !ok || f.State != finding.Open {
			continue
		}
		v.Identified, v.FirstDue, v.Due, v.Overdue, v.Severity = f.Identified.UTC(), f.FirstDue, f.Due, f.Overdue(now), string(f.Severity)
		if f.Settled(now) {
			v.SettledBy, v.Status = &f.SettledBy, string(f.SettledAs)
		}
	}
}
