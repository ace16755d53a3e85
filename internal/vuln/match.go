package vuln

import (
	"cmp"
	"slices"
	"strings"
)

// Match is one vulnerability of one package.
type Match struct {
	ID       string   `json:"id"`                // its CVE, else GHSA, else the name of the record
	Aliases  []string `json:"aliases,omitempty"` // other names, those of all records that matched among them
	Package  Package  `json:"package"`
	Fixed    []string `json:"fixed_in,omitempty"` // versions that mend it, the lowest first, above the installed one
	Offered  bool     `json:"offered,omitempty"`  // the configured repositories offer the lowest of them, or a newer one
	Severity Severity `json:"severity"`
	Rated    string   `json:"rated"`          // where the severity comes from, in words
	CVSS     string   `json:"cvss,omitempty"` // vector
	Score    float64  `json:"score,omitempty"`
	Unrated  bool     `json:"unrated,omitempty"`
	Summary  string   `json:"summary,omitempty"`
	KEV      bool     `json:"kev,omitempty"`      // known to be exploited
	EPSS     *float64 `json:"epss,omitempty"`     // probability of exploitation within 30 days, 0 to 1
	Doubtful string   `json:"doubtful,omitempty"` // why it may not be affected after all: the version cannot be read
	Unused   string   `json:"unused,omitempty"`   // evidence that the flawed code is not in the program
}

// Of matches one package. The ids of its vulnerabilities are those of the records; none is matched twice.
func Of(p Package, o Order, s Source) []Match { return OfProgram(p, o, s, nil) }

// OfProgram matches one package that is built into programs, of which linked tells what of it is there; nil: nobody knows.
func OfProgram(p Package, o Order, s Source, linked Linked) []Match {
	found := affected(p, o, s)
	if len(found) == 0 {
		return nil
	}
	doubtful := ""
	if !o.Valid(p.Version) {
		doubtful = "version " + p.Version + " is none of " + Base(p.Ecosystem)
	}
	var out []Match
	for id, records := range grouped(found, IsDistribution(p.Ecosystem)) {
		names := []string{id}
		for _, a := range records {
			names = append(names, a.Record.ID)
			names = append(names, a.names(id)...)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		r := Rate(records, others(s, names))
		m := Match{ID: id, Package: p, Severity: r.Severity, Rated: r.By, CVSS: r.Vector, Score: r.Score, Unrated: r.Unrated, Doubtful: doubtful}
		for _, a := range records {
			if m.Summary == "" {
				m.Summary = a.Record.Summary
			}
			for _, i := range a.Intervals {
				if i.Fixed != "" && !i.Limit && (doubtful != "" || i.Holds(o, p.Version)) {
					m.Fixed = append(m.Fixed, i.Fixed)
				}
			}
		}
		for _, n := range names {
			if n != id {
				m.Aliases = append(m.Aliases, n)
			}
			m.KEV = m.KEV || s.Exploited(n)
			if p, ok := s.EPSS(n); ok && (m.EPSS == nil || p > *m.EPSS) {
				m.EPSS = &p
			}
		}
		m.Unused = unused(records, linked)
		slices.SortFunc(m.Fixed, o.Compare)
		m.Fixed = slices.CompactFunc(m.Fixed, func(a, b string) bool { return o.Compare(a, b) == 0 })
		m.Offered = p.Offered != "" && len(m.Fixed) > 0 && o.Compare(p.Offered, m.Fixed[0]) >= 0
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Match) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// others gives the scores that are told of a flaw under any of its names.
func others(s Source, names []string) (out []Score) {
	for _, n := range names {
		out = append(out, s.Scores(n)...)
	}
	return out
}

// affected gives the records that hold and speak of the version. Of what is no version nobody can say that it is newer than
// a fix: every record with a range speaks of it.
func affected(p Package, o Order, s Source) (out []Affected) {
	valid := o.Valid(p.Version)
	for _, a := range s.Find(Ecosystem(p.Ecosystem), Name(p.Ecosystem, p.Name)) {
		if !a.Record.Withdrawn.IsZero() || !a.Record.Flaw() {
			continue
		}
		if slices.Contains(a.Versions, p.Version) || slices.ContainsFunc(a.Intervals, func(i Interval) bool { return !valid || i.Holds(o, p.Version) }) {
			out = append(out, a)
		}
	}
	return out
}

// Flaw tells whether the record is about a flaw at all: of the advisories of Red Hat and its likes, those on bugs and
// enhancements are not.
func (r *Record) Flaw() bool {
	for _, p := range []string{"ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-"} {
		if strings.HasPrefix(r.ID, p) {
			return false
		}
	}
	return true
}

// names are the other names of the flaw that a record tells; of a record that stands for several CVEs, those of the
// others are not among them.
func (a Affected) names(id string) (out []string) {
	for _, n := range slices.Concat(a.Record.Aliases, a.Record.Upstream) {
		if !IsCVE(n) || n == id {
			out = append(out, n)
		}
	}
	return out
}

// cves are the CVEs that a record stands for. A distribution's record stands for those that it names as upstream and,
// where it lists them there, as related.
func (r *Record) cves(distribution bool) (out []string) {
	lists := [][]string{{r.ID}, r.Aliases, r.Upstream}
	if distribution {
		lists = append(lists, r.Related)
	}
	for _, l := range lists {
		for _, id := range l {
			if IsCVE(id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// IsCVE tells whether a name is a CVE.
func IsCVE(id string) bool { return strings.HasPrefix(id, "CVE-") }

// grouped puts the records of one vulnerability together under its name: each CVE is one; what has none belongs to
// the CVEs of the records that it shares a name with, else to all others that it shares a name with.
func grouped(all []Affected, distribution bool) map[string][]Affected {
	// sets joins records that share a name.
	parent := make([]int, len(all))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	owner := map[string]int{}
	cves := make([][]string, len(all))
	for i, a := range all {
		cves[i] = a.Record.cves(distribution)
		for _, n := range slices.Concat([]string{a.Record.ID}, a.Record.Aliases, a.Record.Upstream) {
			if IsCVE(n) {
				continue // two flaws are not one because a record names both
			}
			if j, ok := owner[n]; ok {
				parent[root(i)] = root(j)
			} else {
				owner[n] = i
			}
		}
	}
	known := map[int][]string{} // CVEs of a set
	for i := range all {
		for _, c := range cves[i] {
			if r := root(i); !slices.Contains(known[r], c) {
				known[r] = append(known[r], c)
			}
		}
	}
	out := map[string][]Affected{}
	for i, a := range all {
		ids := cves[i]
		if len(ids) == 0 {
			ids = known[root(i)]
		}
		if len(ids) == 0 {
			ids = []string{nameless(all, root, i)}
		}
		for _, id := range ids {
			out[id] = append(out[id], a)
		}
	}
	return out
}

// nameless names a set without a CVE: by its first GHSA, else by its first record.
func nameless(all []Affected, root func(int) int, of int) string {
	best := ""
	better := func(n string) bool {
		g, b := strings.HasPrefix(n, "GHSA-"), strings.HasPrefix(best, "GHSA-")
		return best == "" || g && !b || g == b && n < best
	}
	for i, a := range all {
		if root(i) != root(of) {
			continue
		}
		for _, n := range append([]string{a.Record.ID}, a.Record.Aliases...) {
			if (n == a.Record.ID || strings.HasPrefix(n, "GHSA-")) && better(n) {
				best = n
			}
		}
	}
	return best
}
