package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	compared "holdfast.example/holdfast/internal/subject/drift"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/vuln/version"
)

// drifting compares what is seen with what was approved. Like claims, what comes of it is made anew at each judging; only since
// when a difference stands is kept.
type drifting struct {
	estate    *estate.Estate // may be nil
	fill      func(drift.Baseline) (drift.Baseline, error)
	earlier   func(subject string) ([]fact.Observation, error) // the packages that were seen last
	shapes    map[string]*drift.Shape
	baselines map[placed]drift.Baseline // without data
	open      map[string][]drift.Open   // since earlier looks, by subject
	by        map[string]*drifted
}

// placed is where a baseline holds.
type placed struct{ subject, kind, place string }

// drifted is how one subject stands.
type drifted struct {
	first fact.Observation // of it, without the fact
	seen  bool             // some fact of it is there
	fact  compared.Fact
	met   map[placed]bool // baselines that were looked at
	looks []drift.Look    // at those that could be compared
	open  []drift.Open    // what stands then
}

func newDrifting(ctx context.Context, store *relational.Store, w *world) (*drifting, error) {
	d := &drifting{estate: w.estate, baselines: map[placed]drift.Baseline{}, open: map[string][]drift.Open{}, by: map[string]*drifted{}}
	d.fill = func(b drift.Baseline) (drift.Baseline, error) { return store.Filled(ctx, b) }
	d.earlier = func(subject string) ([]fact.Observation, error) {
		return store.LatestOf(ctx, subject, packages.Fact{}.Kind().String(), w.decode)
	}
	var err error
	if d.shapes, err = all.Shapes(); err != nil {
		return nil, err
	}
	known, err := store.Baselines(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, b := range known {
		d.baselines[placed{b.Subject, b.Kind, b.Place}] = b
	}
	before, err := store.Differences(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, o := range before {
		d.open[o.Subject] = append(d.open[o.Subject], o)
	}
	return d, nil
}

// comparison is what came of one observation.
type comparison struct {
	drift.Look
	has    bool   // there is a baseline
	unseen string // why it could not be compared
	err    error
}

// add compares observations of one kind, several subjects at once.
func (d *drifting) add(obs []fact.Observation) error {
	if len(obs) == 0 || d.shapes[obs[0].Kind.String()] == nil {
		return nil
	}
	looks := make([]comparison, len(obs))
	parallel(len(obs), func(i int) { looks[i] = d.compare(obs[i]) })
	for i, l := range looks {
		o := obs[i]
		if l.err != nil {
			return l.err
		}
		s := d.by[o.Subject]
		if s == nil {
			s = &drifted{first: o, met: map[placed]bool{}}
			s.first.Fact = nil
			d.by[o.Subject] = s
		}
		s.seen = s.seen || o.Fact != nil
		s.met[placed{o.Subject, o.Kind.String(), o.Place}] = true
		switch {
		case l.unseen != "":
			s.fact.Unseen = append(s.fact.Unseen, l.unseen)
		case o.Fact == nil:
		case !l.has:
			if !slices.Contains(s.fact.Without, o.Kind.Name) {
				s.fact.Without = append(s.fact.Without, o.Kind.Name)
			}
		default:
			s.fact.Approved = append(s.fact.Approved, compared.Approved{Kind: o.Kind.Name, By: l.Baseline.By, At: l.Baseline.At})
			s.looks = append(s.looks, l.Look)
		}
	}
	return nil
}

func (d *drifting) compare(o fact.Observation) (l comparison) {
	kind := o.Kind.String()
	shape := d.shapes[kind]
	l.At = o.ObservedAt
	if l.Baseline, l.has = d.baselines[placed{o.Subject, kind, o.Place}]; !l.has {
		return l
	}
	if o.Fact == nil {
		l.unseen = fmt.Sprintf("%s is approved, and was not seen now: %s", o.Kind.Name, o.Problem.Error())
		return l
	}
	if l.unseen = l.Baseline.Comparable(slices.Collect(maps.Keys(o.Fact.Missing())), shape); l.unseen != "" || o.Digest == l.Baseline.Fact {
		return l
	}
	full, err := d.fill(l.Baseline)
	if err != nil {
		l.err = err
		return l
	}
	data, err := fact.Canonical(o.Fact)
	if err == nil {
		l.Changes, err = full.Against(data, shape)
	}
	if err != nil {
		l.err = fmt.Errorf("%s of %s: %w", o.Kind.Name, o.Subject, err)
		return l
	}
	l.Recognise = d.recognise(o, l.Changes)
	return l
}

// recognise tells which changes that are seen now for the first time are expected.
func (d *drifting) recognise(o fact.Observation, changes []drift.Change) func(drift.Change) string {
	window := d.window(o.Subject, o.ObservedAt)
	upgraded := func(drift.Change) string { return "" }
	if f, ok := o.Fact.(packages.Fact); ok && len(changes) > 0 {
		upgraded = drift.Upgraded(changes, d.packages(o.Subject, f))
	}
	return func(c drift.Change) string { return cmp.Or(upgraded(c), window) }
}

// window says that a subject is in an approved maintenance window; empty: it is not.
func (d *drifting) window(subject string, at time.Time) string {
	if name := d.estate.Maintained(subject, at); name != "" {
		return "first seen in the maintenance window " + name
	}
	return ""
}

// managers are the orders of versions of the package managers.
var managers = map[string]string{"dpkg": "Debian", "rpm": "Red Hat", "apk": "Alpine"}

// packages tells where the packages of a host come from. A version is offered when a list on the host has it, or when it was the
// candidate of a configured repository at the look before.
func (d *drifting) packages(subject string, f packages.Fact) drift.Packages {
	p := drift.Packages{List: "packages", Version: "version", Guarded: []string{"repositories", "settings"}}
	order, ok := version.For(managers[f.Manager])
	if !ok {
		return p
	}
	candidates := map[string]string{}
	if before, err := d.earlier(subject); err == nil {
		for _, o := range before {
			if earlier, ok := o.Fact.(packages.Fact); ok {
				for _, u := range earlier.Updates {
					candidates[strings.TrimSpace(u.Name+" "+u.Arch)] = u.Candidate
				}
			}
		}
	}
	p.Newer = func(before, after string) bool { return order.Compare(before, after) < 0 }
	p.Offered = func(name, version string) bool {
		_, unlisted := slices.BinarySearch(f.Unlisted, name)
		return candidates[name] == version || len(f.Lists) > 0 && !unlisted
	}
	return p
}

// observations gives how each subject stands, in order.
func (d *drifting) observations() []fact.Observation {
	for at, b := range d.baselines {
		if s := d.by[at.subject]; s != nil && s.seen && !s.met[at] {
			s.fact.Unseen = append(s.fact.Unseen, strings.TrimSpace(drift.KindName(b.Kind)+" "+b.Place)+" is approved, and was not looked at")
		}
	}
	var out []fact.Observation
	for _, subject := range slices.Sorted(maps.Keys(d.by)) {
		s := d.by[subject]
		o := fact.Observation{Subject: subject, Kind: s.fact.Kind(), ObservedAt: s.first.ObservedAt, Collector: s.first.Collector}
		if !s.seen {
			o.Problem = s.first.Problem
			out = append(out, o)
			continue
		}
		slices.Sort(s.fact.Without)
		slices.Sort(s.fact.Unseen)
		slices.SortFunc(s.fact.Approved, func(a, b compared.Approved) int { return strings.Compare(a.Kind, b.Kind) })
		s.open = drift.Follow(s.looks, d.open[subject])
		s.fact.Groups = groupsOf(s.open)
		o.Fact = s.fact
		if data, err := fact.Canonical(s.fact); err == nil {
			o.Digest = fact.Digest(data)
		}
		out = append(out, o)
	}
	return out
}

// groupsOf gathers differences by what they came with, the most important first. What is expected of a group stands apart from what is not.
func groupsOf(open []drift.Open) []compared.Group {
	open = slices.Clone(open)
	slices.SortFunc(open, drift.Compare)
	var out []compared.Group
	at := map[[2]string]int{}
	for _, o := range open {
		key := [2]string{o.Group, o.Proposed}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, compared.Group{Key: o.Group, FirstSeen: o.FirstSeen, Proposed: o.Proposed})
		}
		g := &out[i]
		g.Count++
		if o.FirstSeen.Before(g.FirstSeen) {
			g.FirstSeen = o.FirstSeen
		}
		if len(g.Changes) < compared.MaxChanges {
			g.Changes = append(g.Changes, compared.Change{Path: o.Path, Before: o.Before, After: o.After})
		}
	}
	return out
}

// note tells how many changes wait to be approved in one step; empty when none does.
func (d *drifting) note() string {
	n := 0
	if d != nil {
		for _, s := range d.by {
			for _, o := range s.open {
				if o.Proposed != "" {
					n++
				}
			}
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 expected change waits for approval: holdfast drift list"
	}
	return fmt.Sprintf("%d expected changes wait for approval: holdfast drift list", n)
}

// keep writes what stands after a run that was recorded.
func (d *drifting) keep(ctx context.Context, store *relational.Store) error {
	if d == nil {
		return nil
	}
	var done []drift.Baseline
	var open []drift.Open
	for _, s := range d.by {
		open = append(open, s.open...)
		for _, l := range s.looks {
			done = append(done, l.Baseline)
		}
	}
	return store.Differ(ctx, done, open)
}
