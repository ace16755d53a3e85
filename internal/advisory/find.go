package advisory

import (
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/vuln"
)

var _ vuln.Source = (*Index)(nil)

// Feeds are the origins of what the index knows, by name.
func (ix *Index) Feeds() []Feed { return ix.feeds }

// Find gives all records of a package, withdrawn ones too. Ecosystem and name are in the forms of vuln.Ecosystem and
// vuln.Name.
func (ix *Index) Find(ecosystem, name string) []vuln.Affected {
	if ecosystem == "" || name == "" {
		return nil
	}
	value, ok := ix.lookup(sectionPackages, ecosystem, name)
	if !ok {
		return nil
	}
	r := reader{s: value}
	n := r.count()
	out := make([]vuln.Affected, 0, n)
	records := make([]vuln.Record, 0, n)
	var last, at uint64
	for range n {
		at += r.uint()
		blob, _ := ix.piece(at)
		// A copy of the whole blob: one allocation for all its texts, and none of them points into the mapping.
		b := reader{s: strings.Clone(blob)}
		where := b.uint()
		var a vuln.Affected
		if len(records) == 0 || where != last {
			rec, _ := ix.record(where)
			records = append(records, rec)
			last = where
		}
		a.Record = &records[len(records)-1]
		b.affected(&a)
		if b.bad {
			ix.damaged(at)
			break
		}
		out = append(out, a)
	}
	if r.bad {
		ix.damaged(0)
	}
	return out
}

// record reads the record at a place, and tells where its blob ends: there the keys of its packages follow, then a
// blob for each of them.
func (ix *Index) record(at uint64) (rec vuln.Record, end uint64) {
	blob, end := ix.piece(at)
	r := reader{s: strings.Clone(blob)}
	r.record(&rec)
	if r.bad {
		ix.damaged(at)
	}
	return rec, end
}

// Of is a package that a record speaks of.
type Of struct {
	Ecosystem, Name string
	vuln.Affected
}

// named calls f for the records that have a name, by what it is to them.
func (ix *Index) named(id string, f func(at uint64, as int) bool) {
	if id == "" {
		return
	}
	value, ok := ix.lookup(sectionNames, id, "")
	if !ok {
		return
	}
	r := reader{s: value}
	at := uint64(0)
	for range r.count() {
		at += r.uint()
		if r.bad || !f(at/roles, int(at%roles)) {
			return
		}
	}
}

// Record gives the records that have a name: the one with that id first, then those that are also called so, then
// those of distributions that mend it.
func (ix *Index) Record(id string) (out []vuln.Record) {
	type found struct {
		at uint64
		as int
	}
	var all []found
	ix.named(id, func(at uint64, as int) bool { all = append(all, found{at, as}); return true })
	slices.SortStableFunc(all, func(a, b found) int { return a.as - b.as })
	seen := map[uint64]bool{}
	for _, f := range all {
		if !seen[f.at] {
			seen[f.at] = true
			rec, _ := ix.record(f.at)
			out = append(out, rec)
		}
	}
	return out
}

// Affecting gives the packages that the records with a name speak of: from an advisory to where it matters.
func (ix *Index) Affecting(id string) (out []Of) {
	seen := map[uint64]bool{}
	ix.named(id, func(at uint64, _ int) bool {
		if seen[at] {
			return true
		}
		seen[at] = true
		rec, end := ix.record(at)
		text, place := ix.piece(end)
		keys := reader{s: strings.Clone(text)}
		for range keys.count() {
			ecosystem, name, _ := strings.Cut(keys.string(), "\x00")
			blob, end := ix.piece(place)
			place = end
			b := reader{s: strings.Clone(blob)}
			b.uint() // where the record lies
			o := Of{Ecosystem: ecosystem, Name: name, Affected: vuln.Affected{Record: &rec}}
			b.affected(&o.Affected)
			if b.bad || keys.bad {
				ix.damaged(at)
				return false
			}
			out = append(out, o)
		}
		return true
	})
	return out
}

// Scores gives the CVSS vectors that any record tells of a flaw by its id or another of its names. A record that
// stands for several flaws upstream tells nothing of one of them, nor does one that was withdrawn.
func (ix *Index) Scores(id string) (out []vuln.Score) {
	ix.named(id, func(at uint64, as int) bool {
		if as == isRelated {
			return true
		}
		rec, _ := ix.record(at)
		if !rec.Withdrawn.IsZero() || as == isUpstream && len(rec.Upstream) > 1 {
			return true
		}
		for _, s := range rec.Scores {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

// Exploited tells whether the flaw is known to be exploited.
func (ix *Index) Exploited(id string) bool {
	_, ok := ix.lookup(sectionKEV, id, "")
	return ok
}

// Exploit is what is known of the exploitation of a flaw.
func (ix *Index) Exploit(id string) (Exploit, bool) {
	v, ok := ix.lookup(sectionKEV, id, "")
	if !ok {
		return Exploit{}, false
	}
	r := reader{s: strings.Clone(v)}
	e := r.exploit()
	return e, !r.bad
}

// EPSS is the probability that the flaw is exploited within 30 days, 0 to 1; false when nobody tells.
func (ix *Index) EPSS(id string) (float64, bool) {
	v, ok := ix.lookup(sectionEPSS, id, "")
	r := reader{s: v}
	p := r.float()
	return float64(p), ok && !r.bad
}

// EOL gives the products of a name, by endoflife.date's own one, or by a purl or CPE that it lists. By its own name
// it is one product; an identifier may stand for several.
func (ix *Index) EOL(name string) (out []Product) {
	v, ok := ix.lookup(sectionEOL, name, "")
	if !ok {
		return nil
	}
	r := reader{s: strings.Clone(v)}
	e := r.eol()
	if e.product != nil {
		return []Product{*e.product}
	}
	for _, n := range e.names {
		if v, ok := ix.lookup(sectionEOL, n, ""); ok && n != name {
			r := reader{s: strings.Clone(v)}
			if e := r.eol(); e.product != nil {
				out = append(out, *e.product)
			}
		}
	}
	return out
}

// Newest is the newest change of any record of an ecosystem's feed; zero when there is no such feed.
func (ix *Index) Newest(feed string) time.Time {
	for _, f := range ix.feeds {
		if f.Name == feed {
			return f.Modified
		}
	}
	return time.Time{}
}
