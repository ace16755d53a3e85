package report

import (
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// page is what the templates need beside the Assessment: the same figures, grouped for a reader.
type page struct {
	*Assessment
	Title      string
	Took       time.Duration
	Assessed   []Host
	Lost       []Host
	Severities []severityCount
	Violations int
	Settled    int
	Groups     []pageGroup
	Decided    int // requirements
	Counting   int // decided or unknown
	Bar        []barPart
	Rows       []pageRequirement
	Checks     []checkCount
	Causes     []cause
	Unknown    int // results behind the causes
	Gaps       []gap
}

type severityCount struct {
	Severity check.Severity
	Count    int
}

type pageGroup struct {
	Group
	Number    int
	Page      *check.Check
	Subjects  int
	First     []Fault // shown at once
	More      []Fault // shown when asked for, and on paper
	Undecided []unseen
}

type unseen struct{ Subject, Detail string }

// barPart is one stretch of the bar of requirements, which is 1000 wide.
type barPart struct {
	Status   string
	Count    int
	X, Width float64
}

type pageRequirement struct {
	Requirement
	Failing []pageGroup
}

type checkCount struct {
	ID, Title                          string
	Pass, Fail, Unknown, NotApplicable int
}

// firstFaults is how many violations of a check a page shows before one has to ask for more.
const firstFaults = 5

func newPage(a *Assessment) page {
	s := a.Summary
	p := page{Assessment: a, Title: "Holdfast assessment", Took: time.Duration(a.DurationMS) * time.Millisecond,
		Decided: s.Pass + s.Fail + s.Warn + s.Justified}
	p.Counting = p.Decided + s.Unknown
	for _, h := range a.Hosts {
		if h.Problem != nil {
			p.Lost = append(p.Lost, h)
		} else {
			p.Assessed = append(p.Assessed, h)
		}
	}
	switch {
	case len(a.Hosts) == 1:
		p.Title += " of " + a.Hosts[0].Subject
	case len(a.Hosts) > 1:
		p.Title += " of " + plural(len(a.Hosts), "host")
	}
	p.count()
	p.group()
	p.requirements()
	p.Bar = bar(s)
	p.Causes, p.Unknown = causes(a)
	p.Gaps = gaps(a.Hosts)
	return p
}

func (p *page) count() {
	n, at := map[check.Severity]int{}, map[string]int{}
	for _, r := range p.Results {
		for _, v := range r.Violations {
			n[r.Worst(v)]++
			p.Violations++
			if v.SettledBy != nil {
				p.Settled++
			}
		}
		i, ok := at[r.Check]
		if !ok {
			i = len(p.Checks)
			at[r.Check] = i
			p.Checks = append(p.Checks, checkCount{ID: r.Check, Title: r.Title})
		}
		c := &p.Checks[i]
		switch r.Verdict {
		case check.Pass:
			c.Pass++
		case check.Fail:
			c.Fail++
		case check.NotApplicable:
			c.NotApplicable++
		default:
			c.Unknown++
		}
	}
	for _, s := range []check.Severity{check.Critical, check.High, check.Moderate, check.Low, check.Info} {
		p.Severities = append(p.Severities, severityCount{s, n[s]})
	}
	slices.SortFunc(p.Checks, func(x, y checkCount) int { return strings.Compare(x.ID, y.ID) })
}

func (p *page) group() {
	partly := map[string][]unseen{}
	for _, r := range p.Results {
		if text := undecided(r); text != "" {
			partly[r.Check] = append(partly[r.Check], unseen{r.Subject, text})
		}
	}
	for i, g := range Ranked(p.Assessment) {
		subjects := map[string]bool{}
		for _, f := range g.Faults {
			subjects[f.Subject] = true
		}
		first := g.Faults[:min(len(g.Faults), firstFaults)]
		p.Groups = append(p.Groups, pageGroup{Group: g, Number: i + 1, Page: p.Pages[g.Result.Check], Subjects: len(subjects),
			First: first, More: g.Faults[len(first):], Undecided: partly[g.Result.Check]})
	}
}

func (p *page) requirements() {
	for _, r := range p.Requirements {
		row := pageRequirement{Requirement: r}
		for _, g := range p.Groups {
			if slices.Contains(g.Result.Requirements, r.ID) {
				row.Failing = append(row.Failing, g)
			}
		}
		p.Rows = append(p.Rows, row)
	}
}

func bar(s Summary) []barPart {
	parts := []barPart{{Status: "fail", Count: s.Fail}, {Status: "warn", Count: s.Warn}, {Status: "justified", Count: s.Justified},
		{Status: "pass", Count: s.Pass}, {Status: "unknown", Count: s.Unknown}}
	all := 0
	for _, p := range parts {
		all += p.Count
	}
	x := 0.0
	out := parts[:0]
	for _, p := range parts {
		if p.Count == 0 {
			continue
		}
		p.X, p.Width = x, 1000*float64(p.Count)/float64(all)
		x += p.Width
		out = append(out, p)
	}
	return out
}
