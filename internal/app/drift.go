package app

import (
	"context"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/drift"
)

// DriftGroup is what differs together on one subject.
type DriftGroup struct {
	Subject   string       `json:"subject"`
	Key       string       `json:"key"` // accounts:users[root]
	FirstSeen time.Time    `json:"first_seen"`
	Proposed  string       `json:"proposed,omitempty"` // why it is expected; empty: it is not
	Changes   []drift.Open `json:"changes"`
}

// DriftQuery asks for differences.
type DriftQuery struct {
	State, DB string
	Subjects  []string // empty: all
}

// Drift lists what differed from the baselines at the last look, the most important first. Known is false when nothing was approved
// yet of any of the subjects.
func Drift(ctx context.Context, q DriftQuery) (groups []DriftGroup, known bool, err error) {
	d, err := openDesk(ctx, q.State, q.DB, "", nil, time.Now())
	if err != nil {
		return nil, false, err
	}
	defer d.store.Close()
	wanted := func(subject string) bool { return len(q.Subjects) == 0 || slices.Contains(q.Subjects, subject) }
	baselines, err := d.store.Baselines(ctx, "")
	if err != nil {
		return nil, false, err
	}
	known = slices.ContainsFunc(baselines, func(b drift.Baseline) bool { return wanted(b.Subject) })
	open, err := d.store.Differences(ctx, "")
	if err != nil {
		return nil, known, err
	}
	slices.SortFunc(open, drift.Compare)
	groups = []DriftGroup{}
	at := map[[3]string]int{}
	for _, o := range open {
		if !wanted(o.Subject) {
			continue
		}
		key := [3]string{o.Subject, o.Group, o.Proposed}
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key] = i
			groups = append(groups, DriftGroup{Subject: o.Subject, Key: o.Group, FirstSeen: o.FirstSeen, Proposed: o.Proposed})
		}
		g := &groups[i]
		g.Changes = append(g.Changes, o)
		if o.FirstSeen.Before(g.FirstSeen) {
			g.FirstSeen = o.FirstSeen
		}
	}
	return groups, known, nil
}

// Baselines lists what is approved, in order.
func Baselines(ctx context.Context, q DriftQuery) ([]drift.Baseline, error) {
	d, err := openDesk(ctx, q.State, q.DB, "", nil, time.Now())
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	list, err := d.store.Baselines(ctx, "")
	return slices.DeleteFunc(append([]drift.Baseline{}, list...), func(b drift.Baseline) bool {
		return len(q.Subjects) > 0 && !slices.Contains(q.Subjects, b.Subject)
	}), err
}
