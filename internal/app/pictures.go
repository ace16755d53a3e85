package app

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/web"
)

// gallery holds the newest drawing. Who asks for one while it is drawn anew gets the last.
type gallery struct {
	drawing sync.Mutex // held while one is drawn
	mu      sync.Mutex
	last    *drawing
	took    time.Duration
	stamp   string // of what it was drawn from
	tried   time.Time
	known   map[string]*thin // read so far
	read    int64            // as far as this, in the order of judging
}

const (
	// soonTime is how old a drawing may be without asking whether something changed.
	soonTime = time.Second
	// quickTime is how long one waits for a new one; what takes longer is drawn beside.
	quickTime = 300 * time.Millisecond
	// drawTime is after what time everything is drawn anew, whether or not something changed: facts grow old.
	drawTime = time.Minute
)

// drawn gives how everything stands now, or stood a moment ago while that is worked out.
func (p *pages) drawn(ctx context.Context) (*drawing, error) {
	now := time.Now()
	g := &p.gallery
	g.mu.Lock()
	last, took, tried := g.last, g.took, g.tried
	g.mu.Unlock()
	if last != nil && now.Sub(tried) < max(soonTime, 20*took) {
		return last, nil
	}
	if last == nil || took < quickTime {
		g.drawing.Lock()
		defer g.drawing.Unlock()
		return p.redraw(ctx, now)
	}
	if g.drawing.TryLock() {
		p.beside.Go(func() {
			defer g.drawing.Unlock()
			if _, err := p.redraw(context.WithoutCancel(ctx), now); err != nil {
				p.o.Log("how everything stands could not be worked out: %v", err)
			}
		})
	}
	return last, nil
}

// redraw draws anew when something changed. Who calls it holds the lock of drawing.
func (p *pages) redraw(ctx context.Context, now time.Time) (*drawing, error) {
	g := &p.gallery
	g.mu.Lock()
	last, before, tried := g.last, g.stamp, g.tried
	g.mu.Unlock()
	if last != nil && tried.After(now) {
		return last, nil // somebody else just did
	}
	began := time.Now()
	state, err := StateDir(p.o.State)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, state, p.o.DB)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	stamp, err := store.Stamp(ctx)
	if err != nil {
		return nil, err
	}
	w, err := p.world()
	if err != nil {
		return nil, err
	}
	if w.estate != nil {
		stamp += " " + w.estate.Digest
	}
	if last == nil || stamp != before || now.Sub(last.at) >= drawTime {
		if last != nil && last.world != w {
			last = nil
		}
		if last == nil {
			g.known, g.read = map[string]*thin{}, 0
		}
		if last, err = g.draw(ctx, store, w, now); err != nil {
			return nil, err
		}
		last.stamp = stamp
		if err := store.PutDay(ctx, last.local(now).Format(time.DateOnly), last.today); err != nil {
			return nil, err
		}
	}
	took := time.Since(began)
	g.mu.Lock()
	fresh := last != g.last
	if fresh {
		g.took = took
	}
	g.last, g.stamp, g.tried = last, stamp, time.Now()
	g.mu.Unlock()
	if fresh && took > time.Second {
		debug.FreeOSMemory() // what thousands of systems took to draw is wanted again in minutes; so is the drawing before
	}
	return last, nil
}

// draw reads what was judged since the last drawing, and what is open, and draws.
func (g *gallery) draw(ctx context.Context, store *relational.Store, w *world, now time.Time) (d *drawing, err error) {
	if g.read, err = store.Pictured(ctx, g.read, func(s picture.Subject) { g.known[s.Name] = w.thinned(s) }); err != nil {
		return nil, err
	}
	work, err := store.Work(ctx, now)
	if err != nil {
		return nil, err
	}
	settled, err := store.SettledAt(ctx, now)
	if err != nil {
		return nil, err
	}
	d = draw(w, slices.Collect(maps.Values(g.known)), work, settled, now)
	d.flaws, d.flawed, err = store.Flaws(ctx, now, nil, flawsShown)
	return d, err
}

// world is what is judged by, made again when the estate changes.
func (p *pages) world() (*world, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.today(time.Now()); err != nil {
		return nil, err
	}
	if p.judges != nil && (p.estate == nil || p.judges.estate != nil && p.judges.estate.Digest == p.estate.Digest) {
		return p.judges, nil
	}
	w, err := load(Options{Estate: p.o.Estate})
	if err != nil {
		return nil, err
	}
	p.judges = w
	return w, nil
}

// local is a time in the zone of the estate.
func (d *drawing) local(t time.Time) time.Time { return t.In(d.zone) }

// zoneOf is the time zone of an estate; without one UTC.
func zoneOf(e *estate.Estate) *time.Location {
	if e != nil {
		if zone, err := time.LoadLocation(cmp.Or(e.Timezone, "UTC")); err == nil {
			return zone
		}
	}
	return time.UTC
}

// sees tells whether something of a scope is a viewer's to see.
func (d *drawing) sees(v access.Viewer) func(requirement.Scope) bool {
	return func(s requirement.Scope) bool {
		if v.All {
			return true
		}
		if s.Application == "" {
			return false
		}
		var teams []string
		if a := d.world.estate.Application(s.Application); a != nil && a.Team != "" {
			teams = []string{a.Team}
		}
		return v.Sees(teams, []string{s.Application})
	}
}

// narrowed gives the judgements of what a viewer sees.
func (d *drawing) narrowed(v access.Viewer) []web.Requirement {
	all := d.world.reqs.cat.All()
	out := make([]web.Requirement, len(all))
	for i, r := range all {
		out[i] = web.Requirement{Requirement: r, Judged: d.judgement(i, v), At: d.at}
	}
	return out
}

// judgement is that of a requirement, of what a viewer sees.
func (d *drawing) judgement(i int, v access.Viewer) requirement.Judgement {
	if v.All {
		return d.judged[i]
	}
	return d.world.reqs.cat.All()[i].Narrowed(d.judged[i], d.sees(v))
}

// Stamp names the newest drawing.
func (p *pages) Stamp(ctx context.Context) (string, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return "", err
	}
	return d.stamp, nil
}

func (p *pages) Requirements(ctx context.Context, v access.Viewer) (web.Requirements, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return web.Requirements{}, err
	}
	return web.Requirements{At: d.at, List: d.narrowed(v)}, nil
}

// faultsShown is how many findings the page of a requirement or a system shows.
const faultsShown = 60

func (p *pages) Requirement(ctx context.Context, v access.Viewer, id string) (web.Requirement, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return web.Requirement{}, err
	}
	r, ok := d.world.reqs.cat.Get(id)
	if !ok {
		return web.Requirement{}, web.ErrNone
	}
	i := slices.Index(d.world.reqs.cat.All(), r)
	out := web.Requirement{Requirement: r, Judged: d.judgement(i, v), At: d.at}
	for k, c := range d.world.checks {
		if !slices.Contains(c.Requirements, id) {
			continue
		}
		t := d.tally(v, k)
		t.Check, t.Level = c, d.settings[k].LevelFor(id)
		out.Checks = append(out.Checks, t.CheckTally)
		out.Open += t.faults
	}
	slices.SortStableFunc(out.Checks, func(a, b web.CheckTally) int {
		return cmp.Or(cmp.Compare(min(b.Fail, 1), min(a.Fail, 1)), cmp.Compare(min(b.No, 1), min(a.No, 1)))
	})
	faults, err := p.Findings(ctx, v, web.FindingQuery{Only: id, Limit: faultsShown})
	out.Faults = faults.List
	return out, err
}

// subjectsOf gives the subjects that a viewer sees; nil: all.
func (d *drawing) subjectsOf(v access.Viewer) []string {
	if v.All {
		return nil
	}
	out := []string{}
	for _, x := range d.owned {
		if v.Sees(x.teams, x.applications) {
			out = append(out, x.subjects...)
		}
	}
	return out
}

// seen are the systems that a viewer sees.
func (d *drawing) seen(v access.Viewer) []web.System {
	return slices.DeleteFunc(slices.Clone(d.systems), func(s web.System) bool { return !v.Sees(s.Teams, s.Applications) })
}

// allSystems are the subjects, those of one system together, and what is declared and was never seen.
func (d *drawing) allSystems() (out []web.System) {
	at := map[string]int{}
	add := func(x drawn) *web.System {
		i, ok := at[x.system]
		if !ok {
			i = len(out)
			at[x.system] = i
			s := web.System{Name: x.system, Applications: x.applications, Teams: x.teams, Declared: x.view.Declared()}
			if e := x.view.Environment(); e != nil {
				s.Environment = e.Name
			}
			if x.view.Declared() {
				s.Class = requirement.Class(x.view.RiskClass()).Text()
			}
			if y := x.view.System; y != nil {
				s.Target, s.Zone = string(y.Target), y.Zone
			}
			out = append(out, s)
		}
		return &out[i]
	}
	for _, x := range d.subjects {
		s := add(x)
		if x.seen.After(s.Seen) {
			s.Seen = x.seen
		}
		s.Pass, s.Fail, s.Unknown = s.Pass+x.pass, s.Fail+x.fail, s.Unknown+x.unknown
		for _, w := range x.work {
			s.Open += w.N
			if w.Due.IsZero() {
				continue
			}
			if w.Due.Before(d.at) {
				s.Overdue += w.N
			}
			if s.WorstDue.IsZero() || w.Due.Before(s.WorstDue) {
				s.WorstDue = w.Due
			}
		}
	}
	if e := d.world.estate; e != nil {
		for i := range e.Systems {
			name := e.Systems[i].Subject()
			if _, seen := at[name]; !seen {
				view := e.View(name)
				add(drawn{system: name, view: view, applications: namesOf(view), teams: ownersOf(view)})
			}
		}
	}
	slices.SortFunc(out, func(a, b web.System) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(b.Open, a.Open), cmp.Compare(b.Unknown, a.Unknown), a.Seen.Compare(b.Seen), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// namesOf and ownersOf are whose a subject is.
func namesOf(v estate.View) (out []string) {
	for _, a := range v.Applications() {
		out = append(out, a.Name)
	}
	return out
}

func ownersOf(v estate.View) (out []string) {
	for _, a := range v.Applications() {
		if a.Team != "" && !slices.Contains(out, a.Team) {
			out = append(out, a.Team)
		}
	}
	return out
}

func (p *pages) Systems(ctx context.Context, v access.Viewer, query string, after, limit int) (web.Systems, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return web.Systems{}, err
	}
	words := strings.Fields(strings.ToLower(query))
	list := slices.DeleteFunc(d.seen(v), func(s web.System) bool {
		return len(words) > 0 && !holds(strings.ToLower(strings.Join(slices.Concat([]string{s.Name, s.Environment}, s.Applications, s.Teams), " ")), words)
	})
	out := web.Systems{All: len(list)}
	list = list[min(max(after, 0), len(list)):]
	out.List = list[:min(limit, len(list))]
	return out, nil
}

// pathOf is a name as a part of an address.
func pathOf(name string) string { return url.PathEscape(name) }

func holds(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

func (p *pages) System(ctx context.Context, v access.Viewer, name string) (web.SystemDetail, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return web.SystemDetail{}, err
	}
	i := slices.IndexFunc(d.systems, func(s web.System) bool { return s.Name == name })
	if i < 0 || !v.Sees(d.systems[i].Teams, d.systems[i].Applications) {
		return web.SystemDetail{}, web.ErrNone
	}
	out := web.SystemDetail{System: d.systems[i], Titles: map[string]string{}}
	var names []string
	for _, x := range d.subjects {
		if x.system == name && v.Sees(x.teams, x.applications) {
			names = append(names, x.Name)
		}
	}
	for _, c := range d.world.checks {
		out.Titles[c.ID] = c.Title
	}
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		for _, n := range names {
			x, err := s.PictureOf(ctx, n)
			if err != nil {
				return err
			}
			for j, m := range x.Marks {
				x.Marks[j] = m.Now(d.world.settings.For(m.Check), d.at)
			}
			x.Marks = slices.DeleteFunc(x.Marks, func(m picture.Mark) bool { return out.Titles[m.Check] == "" })
			out.Subjects = append(out.Subjects, x)
			open, _, err := s.OpenOf(ctx, n)
			if err != nil {
				return err
			}
			out.Findings = append(out.Findings, open...)
		}
		return nil
	})
	now := time.Now()
	out.Findings = slices.DeleteFunc(out.Findings, func(f finding.Finding) bool { return f.Settled(now) })
	slices.SortFunc(out.Findings, finding.Next)
	return out, err
}
