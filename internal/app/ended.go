package app

import (
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
)

// ends is what is known of the end of products, as of a day.
type ends struct {
	of    func(identifier string) []advisory.Product // nil: there are none
	stale error                                      // why nothing found means nothing; nil: the dates are there and fresh
	day   time.Time
}

// end finds which components are past their end of life. What the distribution brought is the distribution's to support.
func (c *carrier) end(f *vulnerabilities.Fact, a *advisories, own string) {
	if a.missing != nil {
		f.NoEnds(a.missing.Error() + ": holdfast advisory update")
		return
	}
	if a.ends.of == nil {
		f.NoEnds(errNoAdvisories.Error() + ": holdfast advisory update")
		return
	}
	if a.ends.stale != nil {
		f.NoEnds(a.ends.stale.Error() + ": holdfast advisory update")
	}
	at := map[string]int{}
	for _, p := range c.components.Packages {
		if vuln.IsDistribution(p.Ecosystem) || brought(p, own) {
			continue
		}
		products := a.ends.of(identifier(p))
		if len(products) != 1 {
			continue // several mean that it stands for none of them alone
		}
		product := products[0]
		cycle, ok := product.Cycle(p.Version)
		if !ok || !cycle.EOL.Told {
			continue
		}
		f.Dated++
		if !cycle.EOL.By(a.ends.day) {
			continue
		}
		e := vulnerabilities.Ended{Product: product.Name, Label: product.Label, Cycle: cycle.Name, Day: cycle.EOL.Day, Versions: []string{p.Version}, Places: p.Places}
		if !cycle.Extended.By(a.ends.day) {
			e.Extended = cycle.Extended.Day
		}
		if newest := product.Cycles[0]; newest.Name != cycle.Name {
			e.Newest = newest.Name
		}
		i, again := at[e.Key()]
		if !again {
			at[e.Key()] = len(f.Ended)
			f.Ended = append(f.Ended, e)
			continue
		}
		other := &f.Ended[i]
		other.Versions, other.Places = joined(other.Versions, e.Versions), joined(other.Places, e.Places)
	}
	slices.SortFunc(f.Ended, func(x, y vulnerabilities.Ended) int { return strings.Compare(x.Key(), y.Key()) })
}

func joined(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// identifier is the package URL under which endoflife.date would name a component: without version, and without what
// tells where it came from.
func identifier(p vuln.Package) string {
	if p.Ecosystem == "Go" && (p.Name == "go" || p.Name == "stdlib") {
		return "pkg:generic/go" // the toolchain, whose version is that of the library it built in
	}
	u := vuln.Package{Ecosystem: p.Ecosystem, Name: p.Name, Version: "0"}.PURL()
	return strings.TrimSuffix(u, "@0")
}
