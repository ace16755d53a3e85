package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/findings"
	"holdfast.example/holdfast/internal/waiver"
)

// recall judges what is remembered of the subjects of a run, after it was recorded. Its outcomes are reported and not
// recorded: a finding about a finding would be one too many.
func (w *world) recall(ctx context.Context, store *relational.Store, clock *finding.Clock, now time.Time) ([]check.Outcome, error) {
	return w.recalled(clock, now, func(subject string) ([]finding.Finding, int, error) { return store.OpenOf(ctx, subject) })
}

// recalled judges so what of gives: the open findings of a subject, and how many are closed.
func (w *world) recalled(clock *finding.Clock, now time.Time, of func(subject string) ([]finding.Finding, int, error)) ([]check.Outcome, error) {
	kind := findings.Fact{}.Kind()
	if w.estate == nil || !w.judges(kind.Name) {
		return nil, nil // nobody says whose anything is, which the requirements say once
	}
	var obs []fact.Observation
	for subject, collector := range w.subjects {
		open, closed, err := of(subject)
		if err != nil {
			return nil, err
		}
		f := findings.Fact{Closed: closed}
		for _, x := range open {
			if x.Identified.After(now) {
				continue // --now lies before it was seen
			}
			f.Open = append(f.Open, entryOf(x, clock, now))
		}
		data, err := fact.Canonical(f)
		if err != nil {
			return nil, err
		}
		obs = append(obs, fact.Observation{Subject: subject, Kind: kind, Fact: f, Digest: fact.Digest(data), ObservedAt: now, Collector: collector})
	}
	slices.SortFunc(obs, func(a, b fact.Observation) int { return strings.Compare(a.Subject, b.Subject) })
	j := judging{world: w, now: now, each: make([][]check.Outcome, len(w.checks))}
	j.take(obs)
	return j.outcomes(), nil
}

// noted passes a feed on and notes of whom it is.
func (w *world) noted(all feed) feed {
	w.subjects = map[string]string{}
	return func(yield func([]fact.Observation, error) bool) {
		for obs, err := range all {
			for _, o := range obs {
				w.subjects[o.Subject] = o.Collector
			}
			if !yield(obs, err) {
				return
			}
		}
	}
}

func entryOf(x finding.Finding, clock *finding.Clock, now time.Time) findings.Entry {
	s := clock.Stand(x, now)
	e := findings.Entry{ID: x.ID, Check: x.Check, Detail: x.Detail, Severity: string(x.Severity), Teams: s.Teams, FirstDue: s.FirstDue, Due: s.Due, Rule: s.Rule}
	if by := x.SeenBy(); !slices.Contains(by, finding.Holdfast) {
		e.Reported = by
	}
	for _, d := range clock.Waivers[x.ID] {
		state := d.At(now)
		if about, ok := d.For(x.ID); ok && state == waiver.InForce && d.Kind == waiver.FalsePositive && about.Seen != waiver.Digest(x.Detail) {
			state = waiver.Expired
		}
		if state == waiver.InForce || state == waiver.Expired {
			e.Decisions = append(e.Decisions, findings.Decision{ID: d.ID, Kind: string(d.Kind), State: string(state), By: d.DecidedBy.Person, Until: d.Until})
		}
	}
	return e
}
