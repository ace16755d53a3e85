package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	compared "holdfast.example/holdfast/internal/subject/drift"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
)

// remembered are the kinds that are not judged anew for a past day: what they compare with was another thing then. Of them counts what
// was found by then.
var rememberedKinds = []string{vulnerabilities.Fact{}.Kind().Name, compared.Fact{}.Kind().Name}

// errNotKept says why nothing is known of a kind where nothing had been found.
var errNotKept = errors.New("what this was compared with then is not kept, and nothing had been found")

// AsOf reports how everything stood at a time, by what was recorded until then: what had been seen of each subject, the estate that the control
// plane worked by, findings, decisions. When is a day, whose end counts, or a time; nothing is looked at, and nothing recorded.
func AsOf(ctx context.Context, o Options, when string) (*report.Assessment, error) {
	started := time.Now()
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, state, o.DB)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	p := past{Options: o, store: store, when: when}
	if err := p.find(ctx); err != nil {
		return nil, err
	}
	w, err := load(p.Options)
	if err != nil {
		return nil, err
	}
	w.now = func() time.Time { return p.at }
	w.warnings = nil // of an estate that is not mended any more
	w.advisories, w.forget = &advisories{missing: errNotKept}, func() {}
	w.looking = newLooking(ctx, store, w)
	newest, err := store.NewestUntil(ctx, p.at)
	if err != nil {
		return nil, err
	}
	hosts := recordedHosts{at: map[string]int{}}
	endpoints := []report.Endpoint{}
	outcomes, err := w.judge(graded(w.noted(p.seen(ctx, w, newest, &hosts)), &endpoints, p.at), p.at)
	if err != nil {
		return nil, err
	}
	clock, err := clockOf(ctx, store, w.estate)
	if err != nil {
		return nil, err
	}
	known, of, err := p.findings(ctx, clock, outcomes)
	if err != nil {
		return nil, err
	}
	outcomes = remember(w, outcomes, known)
	more, err := w.recalled(clock, p.at, of)
	if err != nil {
		return nil, err
	}
	a := &report.Assessment{Schema: report.SchemaName, AssessedAt: p.at.UTC().Truncate(time.Second), Version: o.Version, Hosts: hosts.list, Endpoints: endpoints, Vulnerabilities: []report.Vulnerability{}}
	for _, f := range known {
		if f.Check == vulnerabilities.Known.ID && f.State != finding.Closed {
			a.Vulnerabilities = append(a.Vulnerabilities, vulnerabilityOf(f, p.at))
		}
	}
	slices.SortFunc(a.Vulnerabilities, func(a, b report.Vulnerability) int {
		return strings.Compare(a.Subject+" "+a.Finding, b.Subject+" "+b.Finding)
	})
	w.fill(a, append(outcomes, more...), known, p.at)
	told, err := p.told(ctx, a, outcomes, known)
	if err != nil {
		return nil, err
	}
	a.Notes = append(told, a.Notes...)
	a.DurationMS = time.Since(started).Milliseconds()
	return a, nil
}

// past is a time of which is reported.
type past struct {
	Options
	store *relational.Store
	when  string
	at    time.Time
	day   string // whose end it is; empty: it is a time within one
	note  string // by which estate
}

// find works out the time, and the estate of then.
func (p *past) find(ctx context.Context) error {
	now := time.Now()
	var err error
	if p.at, err = time.Parse(time.RFC3339, p.when); err != nil {
		day, err := time.Parse(time.DateOnly, p.when)
		if err != nil {
			return &UsageError{fmt.Sprintf("--as-of %q is neither a day nor a time; write it as 2026-03-14 or 2026-03-14T12:00:00Z", p.when)}
		}
		p.day, p.at = p.when, day.AddDate(0, 0, 1).Add(-time.Second)
	}
	if err := p.estateOf(ctx); err != nil {
		return err
	}
	if p.day != "" {
		day, err := time.ParseInLocation(time.DateOnly, p.day, zoneOf(p.declared))
		if err != nil {
			return err
		}
		p.at = day.AddDate(0, 0, 1).Add(-time.Second)
		if err := p.estateOf(ctx); err != nil {
			return err
		}
	}
	if p.at.After(now) {
		if p.day == now.In(p.at.Location()).Format(time.DateOnly) {
			return &UsageError{fmt.Sprintf("--as-of %s: that day is not over yet; without --as-of the report is of now", p.when)}
		}
		return &UsageError{fmt.Sprintf("--as-of %s lies in the future", p.when)}
	}
	first, removed, err := p.store.Begins(ctx)
	switch {
	case err != nil:
		return err
	case first.IsZero():
		return &UsageError{"nothing was recorded yet; first: holdfast assess"}
	case p.at.Before(first) && removed:
		return &UsageError{fmt.Sprintf("--as-of %s: what was seen before %s is no longer kept (serve --keep); how requirements stood then may be in a bundle: holdfast evidence --from %s", p.when, first.UTC().Format("2006-01-02 15:04 MST"), p.at.Format(time.DateOnly))}
	case p.at.Before(first):
		return &UsageError{fmt.Sprintf("--as-of %s: nothing had been recorded by then; the first run ended on %s", p.when, first.UTC().Format("2006-01-02 15:04 MST"))}
	}
	return nil
}

// estateOf finds the estate that the control plane worked by at the time; where none was kept, the one that is given.
func (p *past) estateOf(ctx context.Context) error {
	kept, err := p.store.EstateAt(ctx, p.at)
	if err == nil {
		e, problems := estate.Parse([]estate.File{{Name: fmt.Sprintf("estate %d of the history", kept.Seq), Data: kept.Data}}, estate.Options{})
		if e == nil {
			return fmt.Errorf("read estate %d, which was kept on %s: %w", kept.Seq, kept.At.UTC().Format(time.RFC3339), &EstateError{problems})
		}
		p.declared, p.note = e, fmt.Sprintf("declared as estate %d of holdfast estate history, which held since %s", kept.Seq, kept.At.UTC().Format("2006-01-02 15:04 MST"))
		return nil
	} else if !errors.Is(err, run.ErrNone) {
		return err
	}
	p.note = "without an estate"
	if p.Estate == "" {
		return nil
	}
	e, err := soundEstate(p.Estate)
	if err != nil {
		return err
	}
	p.declared, p.note = e, "declared as today: no estate of then is kept, as holdfast serve does"
	return nil
}

// seen gives what was newest of each subject and kind at the time.
func (p *past) seen(ctx context.Context, w *world, newest []relational.Newest, hosts *recordedHosts) feed {
	return func(yield func([]fact.Observation, error) bool) {
		for len(newest) > 0 {
			n := 1
			for n < len(newest) && n < atOnce && newest[n].Kind == newest[0].Kind {
				n++
			}
			obs, err := p.store.ObservationsOf(ctx, newest[:n], w.decode)
			hosts.add(obs)
			if !yield(obs, err) || err != nil {
				return
			}
			newest = newest[n:]
		}
	}
}

// findings gives those that were known at the time, by their id, and the open ones of a subject with how many were closed. Where the judging of
// then shows them, they have its words; else the newest.
func (p *past) findings(ctx context.Context, clock *finding.Clock, outcomes []check.Outcome) (map[string]finding.Finding, func(string) ([]finding.Finding, int, error), error) {
	list, err := p.store.Findings(ctx)
	if err != nil {
		return nil, nil, err
	}
	events, err := p.store.Events(ctx)
	if err != nil {
		return nil, nil, err
	}
	shown := map[string]check.Violation{}
	for _, o := range outcomes {
		for _, v := range o.Violations {
			shown[findingOf(o, v)] = v
		}
	}
	known, open, closed := map[string]finding.Finding{}, map[string][]finding.Finding{}, map[string]int{}
	for _, f := range finding.AsOf(list, events, p.at) {
		if v, ok := shown[f.ID]; ok {
			f.Detail, f.At, f.Source = v.Detail, v.At, v.Source
		}
		f.Standing = clock.Stand(f, p.at)
		known[f.ID] = f
		if f.State == finding.Closed {
			closed[f.Subject]++
		} else {
			open[f.Subject] = append(open[f.Subject], f)
		}
	}
	for _, of := range open {
		slices.SortFunc(of, func(a, b finding.Finding) int { return strings.Compare(a.ID, b.ID) })
	}
	return known, func(subject string) ([]finding.Finding, int, error) { return open[subject], closed[subject], nil }, nil
}

// remember puts what had been found in the place of what is not judged anew.
func remember(w *world, outcomes []check.Outcome, known map[string]finding.Finding) []check.Outcome {
	type where struct{ check, subject string }
	found := map[where][]finding.Finding{}
	for _, f := range known {
		if i, ok := w.places[f.Check]; ok && f.State != finding.Closed && slices.Contains(rememberedKinds, w.checks[i].Rule.Kind.Name) {
			found[where{f.Check, f.Subject}] = append(found[where{f.Check, f.Subject}], f)
		}
	}
	result := func(of []finding.Finding) check.Result {
		slices.SortFunc(of, func(a, b finding.Finding) int { return strings.Compare(a.Key, b.Key) })
		var vs []check.Violation
		for _, f := range of {
			vs = append(vs, check.Violation{Key: f.Key, Detail: f.Detail, At: f.At, Source: f.Source, Severity: f.Severity, Why: f.Why, Threat: f.Threat, Flaw: f.Flaw})
		}
		return check.Failed("", vs)
	}
	for i := range outcomes {
		o := &outcomes[i]
		at := where{o.Check.ID, o.Observation.Subject}
		if of, ok := found[at]; ok {
			o.Result = result(of)
			delete(found, at)
		}
	}
	var left []where
	for at := range found {
		left = append(left, at)
	}
	slices.SortFunc(left, func(a, b where) int { return strings.Compare(a.subject+" "+a.check, b.subject+" "+b.check) })
	for _, at := range left {
		c, f := w.checks[w.places[at.check]], found[at][0]
		set := w.settings.For(c.ID)
		outcomes = append(outcomes, check.Outcome{Check: c, Settings: &set, Declared: w.estate.View(at.subject), Result: result(found[at]),
			Observation: &fact.Observation{Subject: at.subject, Kind: c.Rule.Kind, ObservedAt: f.LastSeen, Digest: f.Fact, Collector: "recorded"}})
	}
	return outcomes
}

// told says by what the report was made, and how it compares with what was recorded at the end of that day.
func (p *past) told(ctx context.Context, a *report.Assessment, outcomes []check.Outcome, known map[string]finding.Finding) ([]string, error) {
	out := []string{fmt.Sprintf("As of %s, by what was recorded until then, %s. Judged by the checks of today's version %s.", p.at.Format("2006-01-02 15:04:05 MST"), p.note, p.Version)}
	unknown := 0
	for _, o := range outcomes {
		for _, v := range o.Violations {
			if f, ok := known[findingOf(o, v)]; !ok || f.State == finding.Closed {
				unknown++
			}
		}
	}
	if unknown > 0 {
		out = append(out, fmt.Sprintf("%d of the violations were there and had not been found then: today's checks find more.", unknown))
	}
	if p.day == "" {
		return out, nil
	}
	var recorded *day
	if err := p.store.Days(ctx, p.day, func(name string, data []byte) error {
		if name != p.day {
			return nil
		}
		recorded = &day{}
		return json.Unmarshal(data, recorded)
	}); err != nil {
		return nil, err
	}
	if recorded == nil {
		return append(out, "How requirements stood at the end of that day was not recorded: no control plane ran then."), nil
	}
	then := map[string]string{}
	for i, id := range recorded.IDs {
		if i < len(recorded.All.Statuses) {
			then[id] = string(statusOf(recorded.All.Statuses[i]))
		}
	}
	var other []string
	for _, r := range a.Requirements {
		if was, ok := then[r.ID]; ok && was != r.Status {
			other = append(other, fmt.Sprintf("%s %s (here %s)", r.ID, was, r.Status))
		}
	}
	proof := "what was recorded is proven by: holdfast ledger verify"
	if len(other) == 0 {
		return append(out, "All requirements stood so in what the control plane recorded at the end of that day; "+proof), nil
	}
	return append(out, fmt.Sprintf("At the end of that day the control plane recorded otherwise: %s; %s", strings.Join(other, ", "), proof)), nil
}
