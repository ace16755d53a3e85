package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/looks"
)

// looking tells of the declared systems that are seen when they were seen before.
type looking struct {
	estate *estate.Estate
	before func(subject string, at time.Time) (time.Time, error) // zero: never
	by     map[string]fact.Observation                           // the first of each system, without its fact
}

// newLooking gives nil when nobody judges it, or without an estate: nothing is declared then.
func newLooking(ctx context.Context, store *relational.Store, w *world) *looking {
	if w.estate == nil || !w.judges(looks.Fact{}.Kind().Name) {
		return nil
	}
	before := func(subject string, at time.Time) (time.Time, error) { return store.SeenBefore(ctx, subject, at) }
	return &looking{estate: w.estate, before: before, by: map[string]fact.Observation{}}
}

func (l *looking) add(obs []fact.Observation) {
	if l == nil {
		return
	}
	for _, o := range obs {
		if o.Fact == nil {
			continue
		}
		if first, ok := l.by[o.Subject]; ok && !o.ObservedAt.Before(first.ObservedAt) {
			continue
		}
		if v := l.estate.View(o.Subject); v.System == nil || v.System.Subject() != o.Subject {
			continue
		}
		o.Fact, o.Digest, o.Place = nil, "", ""
		l.by[o.Subject] = o
	}
}

func (l *looking) observations() ([]fact.Observation, error) {
	if l == nil {
		return nil, nil
	}
	var out []fact.Observation
	for _, subject := range slices.Sorted(maps.Keys(l.by)) {
		o := l.by[subject]
		last, err := l.before(subject, o.ObservedAt)
		if err != nil {
			return nil, err
		}
		f := looks.Fact{Last: last}
		data, err := fact.Canonical(f)
		if err != nil {
			return nil, err
		}
		o.Kind, o.Fact, o.Digest = f.Kind(), f, fact.Digest(data)
		out = append(out, o)
	}
	return out, nil
}
