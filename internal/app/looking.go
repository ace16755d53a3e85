package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/web"
)

// Findings lists open findings of what a viewer sees.
func (p *pages) Findings(ctx context.Context, v access.Viewer, w web.FindingQuery) (web.Findings, error) {
	now := time.Now()
	q := FindingQuery{known: p.known(), counted: true, State: p.o.State, DB: p.o.DB, Estate: p.o.Estate, Severity: w.Severity, Flaw: w.Flaw, Skip: w.Skip, After: w.After, Now: now}
	if w.Limit > 0 {
		q.Limit = w.Limit + 1 // one more tells whether there are more
	}
	switch w.Due {
	case "overdue":
		q.DueUntil = now
	case "week":
		q.DueFrom, q.DueUntil = now, now.AddDate(0, 0, 7)
	}
	if w.Only != "" {
		q.Only = []string{w.Only}
	}
	d, err := p.drawn(ctx)
	if err != nil {
		return web.Findings{}, err
	}
	out := web.Findings{}
	q.Subjects, out.Open, out.Settled = d.asked(v, w)
	page, err := Findings(ctx, q)
	out.List = page.Findings
	if w.Limit > 0 && len(out.List) > w.Limit {
		out.List, out.More = out.List[:w.Limit], true
	}
	return out, err
}

// asked gives the subjects that a query is about, of those that a viewer sees, nil: all, and how much is open on them and
// settled. To count them again each time would cost a database more than the list does.
func (d *drawing) asked(v access.Viewer, w web.FindingQuery) (subjects []string, open, settled int) {
	all := v.All && w.System == "" && w.Application == ""
	if !all {
		subjects = []string{}
	}
	for _, x := range d.subjects {
		if !v.Sees(x.teams, x.applications) || w.System != "" && x.system != w.System && x.Name != w.System || w.Application != "" && !slices.Contains(x.applications, w.Application) {
			continue
		}
		if !all {
			subjects = append(subjects, x.Name)
		}
		open += x.open
		settled += d.settledOn[x.Name]
	}
	return subjects, open, settled
}

// hitsShown is how much of one sort a search finds.
const hitsShown = 20

func (p *pages) Search(ctx context.Context, v access.Viewer, query string) (out []web.Hit, err error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 1 {
		if id := FindingID(words[0]); len(id) == len("F-ABCDEFGHIJ") {
			if f, err := p.Finding(ctx, v, id); err == nil {
				out = append(out, web.Hit{Kind: "finding", Name: f.ID, Text: f.Subject + ": " + f.Detail, Path: "/findings/" + f.ID})
			}
		}
	}
	add := func(n int, h web.Hit, text ...string) int {
		if n < hitsShown && holds(strings.ToLower(strings.Join(append(text, h.Name, h.Text), " ")), words) {
			out = append(out, h)
			n++
		}
		return n
	}
	n := 0
	for _, s := range d.seen(v) {
		n = add(n, web.Hit{Kind: "system", Name: s.Name, Text: strings.Join(s.Applications, ", "), Path: "/systems/" + pathOf(s.Name)}, s.Environment, strings.Join(s.Teams, " "))
	}
	n = 0
	for _, r := range d.world.reqs.cat.All() {
		n = add(n, web.Hit{Kind: "requirement", Name: r.ID, Text: r.Title, Path: "/requirements/" + r.ID}, r.HoldsWhen)
	}
	n = 0
	for _, c := range d.world.checks {
		n = add(n, web.Hit{Kind: "check", Name: c.ID, Text: c.Title, Path: "/findings?only=" + pathOf(c.ID)}, strings.Join(c.References, " "))
	}
	flaws, err := p.Vulnerabilities(ctx, v)
	if err != nil {
		return nil, err
	}
	n = 0
	for _, f := range flaws.List {
		n = add(n, web.Hit{Kind: "vulnerability", Name: f.ID, Text: string(f.Severity), Path: "/findings?vulnerability=" + pathOf(f.ID)})
	}
	if n == 0 && len(words) == 1 { // not among the most urgent
		id := strings.ToUpper(words[0])
		list, err := p.Findings(ctx, v, web.FindingQuery{Flaw: id, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(list.List) > 0 {
			out = append(out, web.Hit{Kind: "vulnerability", Name: id, Text: string(list.List[0].Severity), Path: "/findings?vulnerability=" + pathOf(id)})
		}
	}
	return out, nil
}

// flawsShown is how many vulnerabilities are listed.
const flawsShown = 500

// Vulnerabilities gives the open ones of what a viewer sees, the most urgent first.
func (p *pages) Vulnerabilities(ctx context.Context, v access.Viewer) (out web.Vulnerabilities, err error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return out, err
	}
	list, all := d.flaws, d.flawed
	if !v.All {
		err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
			list, all, err = s.Flaws(ctx, d.at, d.subjectsOf(v), flawsShown)
			return err
		})
		if err != nil {
			return out, err
		}
	}
	out.All = all
	for _, f := range list {
		out.List = append(out.List, web.Vulnerability{ID: f.ID, Severity: cmp.Or(f.Severity, check.Info), Findings: f.Findings, Systems: f.Systems, Due: f.Due, Exploited: f.Exploited, EPSS: f.EPSS, Running: f.Running})
	}
	return out, nil
}
