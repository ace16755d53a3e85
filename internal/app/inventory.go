package app

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/gosym"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/subject/running"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/vuln/version"
)

// carriers gathers for each subject what is installed there, and compares it with the advisories of the moment. Like
// claims, what comes of it is made anew at each judging and not recorded.
type carriers struct {
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
	running  running.Fact   // what of it runs; empty where nobody looked
	runs     string         // digest of that

	listing    fact.Observation // of its components, without the fact
	components components.Fact
}

func newCarriers() *carriers { return &carriers{by: map[string]*carrier{}} }

func (v *carriers) at(subject string) *carrier {
	c, ok := v.by[subject]
	if !ok {
		c = &carrier{}
		v.by[subject] = c
		v.subjects = append(v.subjects, subject)
	}
	return c
}

func (v *carriers) add(obs []fact.Observation) {
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
		case running.Fact:
			c := v.at(o.Subject)
			c.running, c.runs = f, o.Digest
		case components.Fact:
			c := v.at(o.Subject)
			c.components, c.listing = f, o
			c.listing.Fact = nil
		case nil:
			switch o.Kind.Name {
			case (packages.Fact{}).Kind().Name:
				v.at(o.Subject).seen = o
			case (components.Fact{}).Kind().Name:
				v.at(o.Subject).listing = o
			}
		}
	}
}

// advisories is what is known of vulnerabilities, with how old that is.
type advisories struct {
	vuln.Source
	missing error                        // why there are none
	damage  func() error                 // what of them could not be read so far; nil: nobody asks
	renew   func() error                 // makes them anew from what was imported
	stale   func(ecosystem string) error // why nothing found means nothing for an ecosystem; nil: its feed is there and fresh
	ends    ends
	edition string            // which ones they are
	names   map[string]string // under which name a vulnerability is remembered, by alias
}

// observations compares each subject with the advisories. Where these are damaged, they are made anew first; what cannot
// be had even then is unknown.
func (v *carriers) observations(a *advisories) ([]fact.Observation, []report.Vulnerability) {
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

func (v *carriers) compare(a *advisories) ([]fact.Observation, []report.Vulnerability) {
	out := make([]fact.Observation, len(v.subjects))
	reported := make([][]report.Vulnerability, len(v.subjects))
	parallel(len(v.subjects), func(i int) {
		out[i], reported[i] = v.compared(v.subjects[i], a)
	})
	out = slices.DeleteFunc(out, func(o fact.Observation) bool { return o.Subject == "" })
	return out, slices.Concat(reported...)
}

func (v *carriers) compared(subject string, a *advisories) (fact.Observation, []report.Vulnerability) {
	c := v.by[subject]
	f := vulnerabilities.Fact{}
	first := c.seen
	if first.Subject == "" || first.Problem != nil && c.listing.Subject != "" && c.listing.Problem == nil {
		first = c.listing
	}
	o := fact.Observation{Subject: subject, Kind: f.Kind(), ObservedAt: first.ObservedAt, Collector: first.Collector}
	switch {
	case first.Subject == "":
		return fact.Observation{}, nil // its packages were not asked for
	case first.Problem != nil:
		o.Problem = first.Problem
		return o, nil
	case c.manager == "" && c.gap == nil && c.seen.Problem == nil && c.listing.Problem == nil && c.components.Document == "" &&
		len(c.components.Packages) == 0 && len(c.components.Missing()) == 0:
		return fact.Observation{}, nil // nothing manages any, and no components are there
	}
	for _, p := range []*fact.Problem{c.gap, c.seen.Problem} {
		f.Note(vulnerabilities.PartPackages, p)
	}
	f.Note(vulnerabilities.PartComponents, c.listing.Problem)
	if c.listing.Subject == "" {
		f.Note(vulnerabilities.PartComponents, &fact.Problem{Cause: fact.Failed, Source: subject, Text: "no look was taken for components of applications"})
	}
	for _, part := range []string{components.PartIdentity, components.PartFiles} {
		if p, ok := c.components.Missing()[part]; ok {
			f.Note(vulnerabilities.PartComponents, &p)
		}
	}
	c.match(&f, a)
	f.Matches = merged(f.Matches)
	o.Fact = f
	o.Digest = c.digest(f, a)
	return o, reported(subject, f)
}

// digest names the fact by what it was made of: the same packages and the same advisories give the same. Nobody records
// it, and to write thousands of matches out for their hash takes longer than to find them.
func (c *carrier) digest(f vulnerabilities.Fact, a *advisories) string {
	gaps, err := fact.Canonical(vulnerabilities.Fact{Gaps: f.Gaps, Ended: f.Ended}) // what has ended depends on the day too
	if err != nil {
		return ""
	}
	return fact.Digest([]byte(strings.Join([]string{c.seen.Digest, c.listing.Digest, c.runs, a.edition, string(gaps)}, "\n")))
}

// match compares what is there with the advisories, each ecosystem by its own.
func (c *carrier) match(f *vulnerabilities.Fact, a *advisories) {
	unknown := func(text string) {
		f.Note(vulnerabilities.PartAdvisories, &fact.Problem{Cause: fact.Failed, Source: "advisories", Text: text})
	}
	if a.missing != nil {
		text := a.missing.Error()
		if errors.Is(a.missing, errNoAdvisories) {
			text += ": " + fetching(c.ecosystems())
		}
		unknown(text)
		c.end(f, a, "")
		return
	}
	all := slices.Clone(c.packages)
	own, known := vuln.OfRelease(c.os.ID, c.os.Version)
	if _, ordered := version.For(own); len(all) > 0 && (!known || !ordered) {
		unknown("there are none for " + cmp.Or(c.os.Pretty, c.os.ID, "a system that does not say what it is"))
		all = nil
	}
	for i := range all {
		all[i].Ecosystem = own
	}
	listed := c.components.Packages
	if !known {
		own = "" // a list of components names the distribution itself
		if i := slices.IndexFunc(listed, func(p vuln.Package) bool { return vuln.IsDistribution(p.Ecosystem) }); i >= 0 {
			own = listed[i].Ecosystem
		}
	}
	c.end(f, a, own)
	for _, p := range listed {
		if !vuln.IsDistribution(p.Ecosystem) && brought(p, own) {
			f.Brought++
			continue
		}
		all = append(all, p)
	}
	for i, p := range all {
		all[i].Running = p.Running || c.runs != "" && c.isRunning(p)
	}
	c.each(all, f, a, unknown)
}

// isRunning tells whether some process runs a file of a package, or is the program that a component is.
func (c *carrier) isRunning(p vuln.Package) bool {
	has := func(list []string, what string) bool {
		_, found := slices.BinarySearch(list, what)
		return found
	}
	return slices.ContainsFunc(p.Installed, func(name string) bool { return has(c.running.Packages, name) }) ||
		slices.ContainsFunc(p.Places, func(file string) bool { return has(c.running.Programs, file) })
}

// ecosystems are those of what is there.
func (c *carrier) ecosystems() (out []string) {
	if own, known := vuln.OfRelease(c.os.ID, c.os.Version); known && len(c.packages) > 0 {
		out = append(out, own)
	}
	for _, p := range c.components.Packages {
		if _, ordered := version.For(p.Ecosystem); ordered && !slices.Contains(out, p.Ecosystem) {
			out = append(out, p.Ecosystem)
		}
	}
	return out
}

// linked tells what of a Go module is in the programs that have it; nil when of one of them nobody knows.
func (c *carrier) linked(p vuln.Package) vuln.Linked {
	if p.Ecosystem != "Go" || len(p.Places) == 0 || len(p.Places) >= components.MaxPlaces {
		return nil
	}
	var sets []gosym.Set
	for _, place := range p.Places {
		i, ok := slices.BinarySearchFunc(c.components.Linked, place, func(l components.Linked, p string) int { return cmp.Compare(l.Place, p) })
		if !ok {
			return nil
		}
		s, err := gosym.ParseSet(c.components.Linked[i].Set)
		if err != nil {
			return nil
		}
		sets = append(sets, s)
	}
	return func(path, symbol string) bool {
		return slices.ContainsFunc(sets, func(s gosym.Set) bool { return s.Has(path, symbol) })
	}
}

// brought tells whether a component came with a package of the distribution.
func brought(p vuln.Package, distribution string) bool {
	return p.Owner != "" || len(p.Places) > 0 && !slices.ContainsFunc(p.Places, func(file string) bool { return !vuln.Managed(distribution, file) })
}

// each compares packages of any ecosystems. What lacks advisories, or has only old ones, is named once.
func (c *carrier) each(all []vuln.Package, f *vulnerabilities.Fact, a *advisories, unknown func(text string)) {
	seen := map[string]bool{}
	var without []string
	for _, p := range all {
		order, ordered := version.For(p.Ecosystem)
		if base := vuln.Base(p.Ecosystem); !seen[base] {
			seen[base] = true
			if !ordered {
				without = append(without, "versions of "+base+" cannot be compared")
			} else if err := a.stale(p.Ecosystem); err != nil {
				without = append(without, err.Error())
			}
		}
		if !ordered {
			continue
		}
		f.Packages++
		for _, m := range vuln.OfProgram(p, order, a, c.linked(p)) {
			f.Matches = append(f.Matches, vulnerabilities.Match{Match: m, Name: a.name(m)})
		}
	}
	if len(without) > 0 {
		unknown(strings.Join(without, "; ") + ": holdfast advisory update")
	}
}

// merged makes one of the matches of one vulnerability in one package of which several versions are installed: the
// oldest is named, with all fixes and all places.
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
		unused := out[i].Unused
		if m.Unused == "" {
			unused = "" // what is used in one version is used
		}
		p, other := out[i].Package, m.Package
		order, ordered := version.For(p.Ecosystem)
		if ordered && order.Compare(other.Version, p.Version) < 0 {
			p, other = other, p
			out[i].Match, m.Match = m.Match, out[i].Match
		}
		out[i].Versions = append(out[i].Versions, m.Versions...)
		if other.Version != p.Version && !slices.Contains(out[i].Versions, other.Version) {
			out[i].Versions = append(out[i].Versions, other.Version)
		}
		p.Installed = slices.Concat(p.Installed, other.Installed)
		p.Places = slices.Concat(p.Places, other.Places)
		slices.Sort(p.Places)
		p.Places = slices.Compact(p.Places)
		p.Running = p.Running || other.Running
		out[i].Package, out[i].Unused = p, unused
		for _, fixed := range m.Fixed {
			if !slices.Contains(out[i].Fixed, fixed) {
				out[i].Fixed = append(slices.Clone(out[i].Fixed), fixed)
			}
		}
		if ordered {
			slices.SortFunc(out[i].Fixed, order.Compare)
			slices.SortFunc(out[i].Versions, order.Compare)
		}
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
		r := report.Vulnerability{ID: m.ID, Aliases: append([]string{}, m.Aliases...), Name: m.Name, Package: m.Package.Name, Version: m.Package.Version, Ecosystem: m.Package.Ecosystem,
			Purl: m.Package.PURL(), Versions: m.Versions, Places: m.Package.Places, Running: m.Package.Running, NotLinked: m.Unused, FixedIn: append([]string{}, m.Fixed...), Severity: string(m.Severity), KEV: m.KEV, EPSS: m.EPSS, Subject: subject, Status: "open", Summary: m.Summary, Rated: m.Rated,
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
