package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/waiver"
)

// DriftApproval says what shall be approved.
type DriftApproval struct {
	State, DB, Estate string
	Subject           string   // empty with Proposed: all that have expected changes
	Kinds             []string // names of kinds; empty: all
	Keys              []string // groups or paths; empty: all that is seen, also where there is no baseline yet
	Proposed          bool     // expected changes only
	Reason            string
	Person            string // who logged in and approves; empty: who is at the keyboard
	known             *estate.Estate
}

// maxKeys bounds what one approval names; the ledger holds it.
const maxKeys = 200

// words tells what was to be approved.
func (a DriftApproval) words() string {
	var out []string
	if a.Proposed {
		out = append(out, "expected changes")
	}
	if len(a.Kinds) > 0 {
		out = append(out, "kind "+strings.Join(a.Kinds, ", "))
	}
	if len(a.Keys) > 0 {
		out = append(out, strings.Join(a.Keys, ", "))
	}
	if len(out) == 0 {
		return "all that is seen"
	}
	return strings.Join(out, "; ")
}

// ApproveDrift makes what was seen last the baseline of a subject, as a whole or in part. It gives one approval for each subject.
func ApproveDrift(ctx context.Context, a DriftApproval) ([]drift.Approval, error) {
	d, err := openDesk(ctx, a.State, a.DB, a.Estate, a.known, time.Now())
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	d.person = a.Person
	by, err := d.who()
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Reason) == "" {
		return nil, &UsageError{"why it is right is missing: --reason"}
	}
	if len(a.Keys) > maxKeys {
		return nil, &UsageError{fmt.Sprintf("%d keys at once are too many, %d are the most; approve whole kinds by --kind", len(a.Keys), maxKeys)}
	}
	subjects := []string{a.Subject}
	if a.Subject == "" {
		if subjects, err = d.proposed(ctx); err != nil {
			return nil, err
		}
	}
	var out []drift.Approval
	for _, s := range subjects {
		if err := d.mayApprove(by.Person, s); err != nil {
			return out, err
		}
		one, err := d.approve(ctx, a, s, by)
		if err != nil {
			return out, err
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return out, &UsageError{"no expected change waits for approval; what differs: holdfast drift list"}
	}
	return out, enter(ctx, d.store, d.state)
}

// proposed are the subjects that have expected changes, in order.
func (d *desk) proposed(ctx context.Context) (subjects []string, err error) {
	open, err := d.store.Differences(ctx, "")
	for _, o := range open {
		if o.Proposed != "" && !slices.Contains(subjects, o.Subject) {
			subjects = append(subjects, o.Subject)
		}
	}
	return subjects, err
}

// mayApprove tells whether a person may approve baselines of a subject: who is of the team that owns it, and the role security.
func (d *desk) mayApprove(person, subject string) error {
	if d.estate.HasRole("security", person) {
		return nil
	}
	for _, a := range d.estate.View(subject).Applications() {
		if d.estate.InTeam(a.Team, person) {
			return nil
		}
	}
	return &UsageError{fmt.Sprintf("%s is neither of a team that owns %s nor of the role security, and so approves no baseline of it", person, subject)}
}

// baselined is one kind of fact of a subject as it is approved.
type baselined struct {
	before  drift.Baseline // without a digest: there is none
	after   drift.Baseline
	seen    fact.Observation
	data    []byte // the fact in canonical form
	changes int
}

func (d *desk) approve(ctx context.Context, a DriftApproval, subject string, by waiver.Actor) (drift.Approval, error) {
	shapes, err := all.Shapes()
	if err != nil {
		return drift.Approval{}, err
	}
	for _, k := range a.Kinds {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(shapes)), func(s string) bool { return drift.KindName(s) == k }) {
			return drift.Approval{}, &UsageError{fmt.Sprintf("--kind %s: no such kind of fact is compared%s", k, nearest(k, kindNames(shapes)))}
		}
	}
	open, err := d.store.Differences(ctx, subject)
	if err != nil {
		return drift.Approval{}, err
	}
	take, used := a.takes(open)
	parts, err := d.latest(ctx, a, subject, shapes)
	if err != nil {
		return drift.Approval{}, err
	}
	now := d.now.UTC()
	approval := drift.Approval{At: now, Subject: subject, Actor: by, Reason: a.Reason, Asked: a.words()}
	var baselines []drift.Baseline
	var looks []drift.Look
	for _, p := range parts {
		if err := p.approve(a, take, shapes[p.seen.Kind.String()]); err != nil {
			return approval, err
		}
		if p.after.Digest == "" {
			continue
		}
		baselines = append(baselines, p.after)
		approval.Covers = append(approval.Covers, drift.Covered{Kind: p.after.Kind, Place: p.after.Place, Before: p.before.Digest, After: p.after.Digest, Fact: fact.Digest(p.data), Changes: p.changes})
		changes, err := p.after.Against(p.data, shapes[p.after.Kind])
		if err != nil {
			return approval, err
		}
		looks = append(looks, drift.Look{Baseline: p.after, Changes: changes, At: p.seen.ObservedAt})
	}
	for _, k := range a.Keys {
		if !used[k] {
			return approval, &UsageError{fmt.Sprintf("--key %s: nothing of %s differs there; what does: holdfast drift show %s", k, subject, subject)}
		}
	}
	if len(baselines) == 0 {
		return approval, &UsageError{"there is nothing to approve of " + subject + "; what is known of it: holdfast drift show " + subject}
	}
	if approval, err = d.store.Approve(ctx, approval, baselines); err != nil {
		return approval, err
	}
	return approval, d.store.Differ(ctx, baselines, drift.Follow(looks, open))
}

func kindNames(shapes map[string]*drift.Shape) (out []string) {
	for k := range shapes {
		out = append(out, drift.KindName(k))
	}
	return out
}

// latest gives what was seen last of a subject, kind by kind, with what is approved of it.
func (d *desk) latest(ctx context.Context, a DriftApproval, subject string, shapes map[string]*drift.Shape) ([]baselined, error) {
	known, err := d.store.Baselines(ctx, subject)
	if err != nil {
		return nil, err
	}
	w := &world{sources: all.Sources()}
	var out []baselined
	seen := false
	for _, s := range slices.Concat(all.Sources(), all.Probes()) {
		shape := shapes[s.Kind.String()]
		if shape == nil {
			continue
		}
		obs, err := d.store.LatestOf(ctx, subject, s.Kind.String(), w.decode)
		if err != nil {
			return nil, err
		}
		seen = seen || len(obs) > 0
		if len(a.Kinds) > 0 && !slices.Contains(a.Kinds, s.Kind.Name) {
			continue
		}
		for _, o := range obs {
			if o.Fact == nil {
				return nil, o.Problem
			}
			p, err := d.part(ctx, o, known)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	if !seen {
		return nil, &UsageError{fmt.Sprintf("nothing was recorded of %s yet: holdfast assess TARGET; what was: holdfast finding list", subject)}
	}
	return out, nil
}

func (d *desk) part(ctx context.Context, o fact.Observation, known []drift.Baseline) (baselined, error) {
	p := baselined{seen: o}
	var err error
	if p.data, err = fact.Canonical(o.Fact); err != nil {
		return p, err
	}
	for _, b := range known {
		if b.Kind == o.Kind.String() && b.Place == o.Place {
			p.before, err = d.store.Filled(ctx, b)
		}
	}
	return p, err
}

// approve makes the new baseline of one part; it stays empty when nothing of it is approved.
func (p *baselined) approve(a DriftApproval, take func(kind, path string) bool, shape *drift.Shape) error {
	kind := p.seen.Kind.String()
	missing := slices.Collect(maps.Keys(p.seen.Fact.Missing()))
	whole := len(a.Keys) == 0 && !a.Proposed
	if p.before.Digest == "" && !whole {
		return nil // of what nobody approved nothing differs
	}
	if p.before.Digest != "" {
		why := p.before.Comparable(missing, shape)
		if why != "" && !whole {
			return nil // its differences are those of an earlier look
		}
		changes, err := p.before.Against(p.data, shape)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if whole || take(kind, c.Path) {
				p.changes++
			}
		}
	}
	var err error
	switch {
	case whole:
		p.after, err = drift.Approve(p.seen.Subject, kind, p.seen.Place, p.data, missing, shape)
	case p.changes > 0:
		p.after, err = p.before.Taking(p.data, shape, func(path string) bool { return take(kind, path) })
	}
	return err
}

// takes tells which differences are asked for, and which keys it met.
func (a DriftApproval) takes(open []drift.Open) (take func(kind, path string) bool, used map[string]bool) {
	type at struct{ kind, path string }
	of := map[at]drift.Open{}
	for _, o := range open {
		of[at{o.Kind, o.Path}] = o
	}
	used = map[string]bool{}
	return func(kind, path string) bool {
		o, ok := of[at{kind, path}]
		if !ok || a.Proposed && o.Proposed == "" {
			return false // nobody was shown it
		}
		if len(a.Keys) == 0 {
			return true
		}
		hit := false
		for _, k := range a.Keys {
			if k == o.Group || k == path || k == drift.KindName(kind)+":"+path {
				used[k], hit = true, true
			}
		}
		return hit
	}, used
}
