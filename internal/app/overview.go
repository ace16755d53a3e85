package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/web"
)

// day is how everything stood on one day, as it is kept for the trend. Statuses are letters, in the order of the
// requirements' ids: two years of two hundred applications are a few megabytes.
type day struct {
	IDs          []string              `json:"ids"`
	All          standingOf            `json:"all"`
	Applications map[string]standingOf `json:"applications"`
}

// standingOf is how one application stood, or all together.
type standingOf struct {
	Open     int    `json:"open"`
	Overdue  int    `json:"overdue"`
	Statuses string `json:"statuses"`
}

var letters = map[requirement.Status]byte{requirement.Fail: 'f', requirement.Unknown: 'u', requirement.Warn: 'w', requirement.Justified: 'j', requirement.Pass: 'p', requirement.NotApplicable: 'n'}

func statusOf(letter byte) requirement.Status {
	for s, l := range letters {
		if l == letter {
			return s
		}
	}
	return requirement.Unknown
}

// day gives how everything stands, to be kept.
func (d *drawing) day() day {
	out := day{Applications: map[string]standingOf{}}
	for _, j := range d.judged {
		out.IDs = append(out.IDs, j.ID)
	}
	out.All = d.standing(nil, func(owned) bool { return true })
	for _, a := range d.applications() {
		out.Applications[a] = d.standing(func(s requirement.Scope) bool { return s.Application == a }, func(x owned) bool { return slices.Contains(x.applications, a) })
	}
	return out
}

// applications are the names of those that are declared.
func (d *drawing) applications() (out []string) {
	if e := d.world.estate; e != nil {
		for i := range e.Applications {
			out = append(out, e.Applications[i].Name)
		}
	}
	return out
}

// standing gives how what is kept stands; nil keeps all.
func (d *drawing) standing(keep func(requirement.Scope) bool, of func(owned) bool) (out standingOf) {
	var statuses strings.Builder
	for i, r := range d.world.reqs.cat.All() {
		j := d.judged[i]
		if keep != nil {
			j = r.Narrowed(j, keep)
		}
		statuses.WriteByte(letters[j.Status])
	}
	out.Statuses = statuses.String()
	for _, x := range d.owned {
		if !of(x) {
			continue
		}
		for _, w := range x.work {
			out.Open += w.N
			if !w.Due.IsZero() && w.Due.Before(d.at) {
				out.Overdue += w.N
			}
		}
	}
	return out
}

// of gives how a day was for a viewer: of what they see the worst.
func (x day) of(v access.Viewer, sees func(application string) bool) standingOf {
	if v.All {
		return x.All
	}
	out := standingOf{}
	worst := make([]requirement.Status, len(x.IDs))
	for name, a := range x.Applications {
		if !sees(name) || len(a.Statuses) != len(x.IDs) {
			continue
		}
		out.Open, out.Overdue = out.Open+a.Open, out.Overdue+a.Overdue
		for i := range worst {
			if s := statusOf(a.Statuses[i]); worst[i] == "" {
				worst[i] = s
			} else {
				worst[i] = requirement.Worst(worst[i], s)
			}
		}
	}
	var statuses strings.Builder
	for _, s := range worst {
		if s == "" {
			s = requirement.Unknown
		}
		statuses.WriteByte(letters[s])
	}
	out.Statuses = statuses.String()
	return out
}

const (
	trendDays    = 90
	calendarDays = 28
	nextShown    = 10
)

func (p *pages) Overview(ctx context.Context, v access.Viewer) (web.Overview, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return web.Overview{}, err
	}
	out := web.Overview{At: d.at}
	d.count(v, &out)
	d.sections(v, &out)
	for _, name := range d.applications() {
		a := d.world.estate.Application(name)
		if !d.sees(v)(requirement.Scope{Application: name}) {
			continue
		}
		s := d.today.Applications[name]
		x := web.Application{Name: name, Team: a.Team, Class: requirement.Class(a.RiskClass()).Text(), Open: s.Open, Overdue: s.Overdue}
		for i := range s.Statuses {
			x.Add(statusOf(s.Statuses[i]))
		}
		out.Applications = append(out.Applications, x)
	}
	slices.SortStableFunc(out.Applications, func(a, b web.Application) int { return b.Overdue - a.Overdue })
	page, err := p.Findings(ctx, v, web.FindingQuery{Limit: nextShown})
	if err != nil {
		return out, err
	}
	out.Next, out.Settled = page.List, page.Settled
	return out, withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		days, err := d.past(ctx, s, v, &out)
		if err != nil || v.Person == "" {
			return err
		}
		before, err := s.Visit(ctx, v.Person, time.Now())
		if err != nil || before.IsZero() {
			return err
		}
		out.Since, err = d.since(ctx, s, v, before, days)
		return err
	})
}

// count counts what is open of what a viewer sees, and when it is due.
func (d *drawing) count(v access.Viewer, out *web.Overview) {
	severities := map[check.Severity]int{}
	today := d.local(d.at)
	due := map[string]int{}
	for _, x := range d.owned {
		if !v.Sees(x.teams, x.applications) {
			continue
		}
		for _, w := range x.work {
			out.Open += w.N
			severities[w.Severity] += w.N
			switch {
			case w.Due.IsZero():
				continue
			case w.Due.Before(d.at):
				out.Overdue += w.N
				continue
			case w.Due.Before(d.at.AddDate(0, 0, 7)):
				out.Week += w.N
			}
			due[d.local(w.Due).Format(time.DateOnly)] += w.N
		}
	}
	for _, s := range []check.Severity{check.Critical, check.High, check.Moderate, check.Low, check.Info} {
		if severities[s] > 0 {
			out.Severities = append(out.Severities, web.Count{Name: string(s), N: severities[s]})
		}
	}
	for i := range calendarDays {
		date := time.Date(today.Year(), today.Month(), today.Day()+i, 0, 0, 0, 0, today.Location())
		out.Calendar = append(out.Calendar, web.Day{Date: date, Due: due[date.Format(time.DateOnly)]})
	}
}

// sections counts the requirements by chapter.
func (d *drawing) sections(v access.Viewer, out *web.Overview) {
	for _, r := range d.narrowed(v) {
		id := r.ID[:strings.LastIndex(r.ID, ".")]
		if n := len(out.Sections); n == 0 || out.Sections[n-1].ID != id {
			out.Sections = append(out.Sections, web.Section{ID: id, Title: r.Section})
		}
		out.Sections[len(out.Sections)-1].Add(r.Judged.Status)
	}
}

// past reads the trend, and gives its days.
func (d *drawing) past(ctx context.Context, s *relational.Store, v access.Viewer, out *web.Overview) (map[string]day, error) {
	sees := d.sees(v)
	days := map[string]day{}
	from := d.local(d.at).AddDate(0, 0, -trendDays).Format(time.DateOnly)
	return days, s.Days(ctx, from, func(name string, data []byte) error {
		var x day
		if err := json.Unmarshal(data, &x); err != nil {
			return err
		}
		date, err := time.Parse(time.DateOnly, name)
		if err != nil {
			return err
		}
		days[name] = x
		o := x.of(v, func(a string) bool { return sees(requirement.Scope{Application: a}) })
		pt := web.Point{Date: date, Open: o.Open, Overdue: o.Overdue}
		for i := range o.Statuses {
			pt.Add(statusOf(o.Statuses[i]))
		}
		out.Trend = append(out.Trend, pt)
		return nil
	})
}

// since tells what happened after a time, of what a viewer sees.
func (d *drawing) since(ctx context.Context, s *relational.Store, v access.Viewer, before time.Time, days map[string]day) (*web.Changes, error) {
	out := &web.Changes{Since: before}
	happened, err := s.HappenedSince(ctx, before)
	if err != nil {
		return nil, err
	}
	whose := map[string]bool{}
	for _, x := range d.subjects {
		whose[x.Name] = v.Sees(x.teams, x.applications)
	}
	var opened []string
	for _, h := range happened {
		switch {
		case !whose[h.Subject] && !v.All:
		case h.Happened == finding.Ended:
			out.Closed += h.N
		default:
			out.Opened += h.N
			opened = append(opened, h.Subject)
		}
	}
	if len(opened) > 0 {
		list, err := s.List(ctx, d.at, relational.Query{Subjects: opened, Limit: 1000})
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(f finding.Finding) bool { return f.Identified.Before(before) })
		out.New = list[:min(len(list), 5)]
	}
	// What stood at the end of the last day before the visit; who came twice a day is told the day's changes twice.
	var last string
	visited := d.local(before).Format(time.DateOnly)
	for name := range days {
		if name < visited && name > last {
			last = name
		}
	}
	if last == "" {
		return out, nil
	}
	date, err := time.Parse(time.DateOnly, last)
	if err != nil {
		return nil, fmt.Errorf("day %s: %w", last, err)
	}
	sees := d.sees(v)
	was := days[last].of(v, func(a string) bool { return sees(requirement.Scope{Application: a}) })
	for _, r := range d.narrowed(v) {
		i := slices.Index(days[last].IDs, r.ID)
		if i < 0 || i >= len(was.Statuses) {
			continue
		}
		if old := statusOf(was.Statuses[i]); old != r.Judged.Status {
			out.Requirements = append(out.Requirements, web.Moved{ID: r.ID, Title: r.Title, Was: old, Is: r.Judged.Status, Worse: requirement.Worst(old, r.Judged.Status) == r.Judged.Status, ComparedTo: date})
		}
	}
	return out, nil
}
