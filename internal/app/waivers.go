package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/waiver"
)

// Selection names findings: by their ids, or all open ones of some checks, subjects or applications.
type Selection struct {
	Findings             []string
	Only, Subjects, Apps []string
}

// words tells how the findings were chosen.
func (s Selection) words() string {
	var out []string
	for _, p := range []struct {
		name string
		list []string
	}{{"", s.Findings}, {"check or requirement ", s.Only}, {"subject ", s.Subjects}, {"application ", s.Apps}} {
		if len(p.list) > 0 {
			out = append(out, p.name+strings.Join(p.list, ", "))
		}
	}
	return strings.Join(out, "; ")
}

// desk is what deciding needs: the store, the estate and the clock.
type desk struct {
	state  string
	store  *relational.Store
	estate *estate.Estate
	clock  *finding.Clock
	now    time.Time
	person string // who logged in; empty: who is at the keyboard
}

// openDesk opens the store. Without an estate one can look, but not decide.
// The estate is read from a path, unless it is known.
func openDesk(ctx context.Context, stateFlag, db, path string, known *estate.Estate, now time.Time) (*desk, error) {
	d := &desk{now: now}
	if e := known; e != nil || path != "" {
		if e == nil {
			var err error
			if e, err = soundEstate(path); err != nil {
				return nil, err
			}
		}
		d.estate = e
		if zone, err := time.LoadLocation(cmp.Or(e.Timezone, "UTC")); err == nil {
			d.now = now.In(zone)
		}
	}
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	d.state = state
	if d.store, err = openStore(ctx, state, db); err != nil {
		return nil, err
	}
	if d.clock, err = clockOf(ctx, d.store, d.estate); err == nil {
		err = restand(ctx, d.store, d.estate, d.clock, d.now)
	}
	if err != nil {
		d.store.Close()
		return nil, err
	}
	return d, nil
}

// who tells who decides, which needs an estate: who logged in, else who is at the keyboard.
func (d *desk) who() (waiver.Actor, error) {
	if d.estate == nil {
		return waiver.Actor{}, &UsageError{"who may decide stands in the estate: give it by -f ESTATE or HOLDFAST_FILE"}
	}
	if d.person == "" {
		return actor(d.estate, d.now)
	}
	if p := d.estate.Person(d.person); p == nil || !here(*p, d.now) {
		return waiver.Actor{}, &UsageError{fmt.Sprintf("%s does not work here on %s, by the estate", d.person, d.now.Format(time.DateOnly))}
	}
	return waiver.Actor{Person: d.person}, nil
}

// selected gives the findings that are named.
func (d *desk) selected(ctx context.Context, s Selection) ([]finding.Finding, error) {
	var out []finding.Finding
	for _, id := range s.Findings {
		f, _, err := d.store.Finding(ctx, FindingID(id))
		if errors.Is(err, run.ErrNone) {
			return nil, &UsageError{fmt.Sprintf("there is no finding %s in %s; all of them: holdfast finding list --all", FindingID(id), d.store.Path())}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(s.Only)+len(s.Subjects)+len(s.Apps) > 0 {
		all, err := d.store.Findings(ctx)
		if err != nil {
			return nil, err
		}
		of := checksByID()
		for _, f := range all {
			if f.State == finding.Open && (len(s.Only) == 0 || asksFor(s.Only, f.Check, of[f.Check])) && (len(s.Subjects) == 0 || slices.Contains(s.Subjects, f.Subject)) &&
				(len(s.Apps) == 0 || slices.ContainsFunc(f.Applications, func(a string) bool { return slices.Contains(s.Apps, a) })) {
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(a, b finding.Finding) int { return cmp.Compare(a.ID, b.ID) })
	out = slices.CompactFunc(out, func(a, b finding.Finding) bool { return a.ID == b.ID })
	if d.estate != nil {
		for i := range out {
			out[i].Standing = d.clock.Stand(out[i], d.now)
		}
	}
	return out, nil
}

func about(list []finding.Finding) (out []waiver.About) {
	for _, f := range list {
		out = append(out, waiver.About{ID: f.ID, Must: f.Level != check.Should && f.Level != check.May, Due: f.Due, Applications: f.Applications, Open: f.State == finding.Open})
	}
	return out
}

// WaiverOptions is what a command about decisions needs.
type WaiverOptions struct {
	State, DB, Estate string
	Selection         Selection
	Waiver            waiver.Waiver // what is asked for; Until is set from Until below
	Until             string        // a day, or RFC 3339
	Person            string        // who logged in and does it; empty: who is at the keyboard
	known             *estate.Estate
	// Confirm shows what a decision is about and asks whether it shall be taken; nil takes it.
	Confirm func(kind waiver.Kind, until time.Time, list []finding.Finding) bool
}

// ErrNotTaken means that who was asked said no.
var ErrNotTaken = errors.New("nothing was recorded")

// AddWaiver asks for a decision. Where one person decides alone, it is decided at once.
func AddWaiver(ctx context.Context, o WaiverOptions) (waiver.Waiver, error) {
	w := o.Waiver
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, o.known, time.Now())
	if err != nil {
		return w, err
	}
	defer d.store.Close()
	d.person = o.Person
	by, err := d.who()
	if err != nil {
		return w, err
	}
	list, err := d.selected(ctx, o.Selection)
	if err != nil {
		return w, err
	}
	if w.Until, err = ending(o.Until, w.Kind, d.now); err != nil {
		return w, err
	}
	if err := errors.Join(waiver.Request(w, about(list), d.estate, d.now)); err != nil {
		return w, &UsageError{err.Error()}
	}
	if err := waiver.Ask(w, by.Person, about(list), d.estate); err != nil {
		return w, &UsageError{err.Error()}
	}
	if o.Confirm != nil && !o.Confirm(w.Kind, w.Until, list) {
		return w, ErrNotTaken
	}
	w.Selection, w.RequestedBy, w.RequestedAt = o.Selection.words(), by, d.now.UTC()
	for _, f := range list {
		w.Covers = append(w.Covers, waiver.Covered{Finding: f.ID, Seen: waiver.Digest(f.Detail)})
	}
	if w.ID, err = waiver.NewID(w); err != nil {
		return w, err
	}
	if _, err := d.store.Decide(ctx, func([]waiver.Entry) (waiver.Entry, error) {
		return waiver.Entry{At: d.now, Waiver: w.ID, Action: waiver.Asked, Actor: by, Body: &w}, nil
	}); err != nil {
		return w, err
	}
	if alone, err := waiver.Decide(w, by.Person, about(list), d.estate); alone && err == nil {
		return d.decide(ctx, w.ID, waiver.Approve, "")
	}
	return w, enter(ctx, d.store, d.state)
}

// ending reads the day or time at which a decision ends. A false positive is looked at again after 12 months.
func ending(text string, kind waiver.Kind, now time.Time) (time.Time, error) {
	if text == "" {
		if kind == waiver.FalsePositive {
			return now.AddDate(1, 0, -1), nil
		}
		return time.Time{}, nil
	}
	if d, err := estate.ParseDate(text); err == nil {
		return d.End(now.Location()), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, &UsageError{fmt.Sprintf("--until %q is no day; write it as 2026-12-31", text)}
	}
	return t, nil
}

// DecideWaiver approves, refuses or revokes a decision.
func DecideWaiver(ctx context.Context, o WaiverOptions, id string, action waiver.Action, why string) (waiver.Waiver, error) {
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, o.known, time.Now())
	if err != nil {
		return waiver.Waiver{}, err
	}
	defer d.store.Close()
	d.person = o.Person
	w, list, err := d.find(ctx, id)
	if err != nil {
		return w, err
	}
	if action != waiver.Approve && strings.TrimSpace(why) == "" {
		return w, &UsageError{fmt.Sprintf("why it is %s is missing: --reason", action)}
	}
	if action == waiver.Approve && o.Confirm != nil && !o.Confirm(w.Kind, w.Until, list) {
		return w, ErrNotTaken
	}
	return d.decide(ctx, w.ID, action, why)
}

// find gives a decision with the findings that it is about.
func (d *desk) find(ctx context.Context, id string) (waiver.Waiver, []finding.Finding, error) {
	id = strings.ToUpper(id)
	if !strings.HasPrefix(id, "W-") {
		id = "W-" + id
	}
	entries, err := d.store.Decisions(ctx)
	if err != nil {
		return waiver.Waiver{}, nil, err
	}
	all := waiver.Fold(entries)
	i := slices.IndexFunc(all, func(w waiver.Waiver) bool { return w.ID == id })
	if i < 0 {
		return waiver.Waiver{}, nil, &UsageError{fmt.Sprintf("there is no decision %s; all of them: holdfast waiver list --all", id)}
	}
	var ids []string
	for _, c := range all[i].Covers {
		ids = append(ids, c.Finding)
	}
	list, err := d.selected(ctx, Selection{Findings: ids})
	return all[i], list, err
}

func (d *desk) decide(ctx context.Context, id string, action waiver.Action, why string) (waiver.Waiver, error) {
	by, err := d.who()
	if err != nil {
		return waiver.Waiver{}, err
	}
	_, list, err := d.find(ctx, id)
	if err != nil {
		return waiver.Waiver{}, err
	}
	var ids []string
	hid := 0
	for _, f := range list {
		if ids = append(ids, f.ID); f.State == finding.Open {
			hid++
		}
	}
	if _, err := d.store.Decide(ctx, func(before []waiver.Entry) (waiver.Entry, error) {
		all := waiver.Fold(before)
		w := all[slices.IndexFunc(all, func(w waiver.Waiver) bool { return w.ID == id })]
		state := w.At(d.now)
		if action == waiver.Revoke && state != waiver.InForce || action != waiver.Revoke && state != waiver.Requested {
			return waiver.Entry{}, &UsageError{fmt.Sprintf("%s is %s and cannot be %s", id, state, action)}
		}
		alone, err := waiver.Decide(w, by.Person, about(list), d.estate)
		if err != nil && !(action == waiver.Revoke && by.Person == w.RequestedBy.Person) { // who asked may take it back
			return waiver.Entry{}, &UsageError{err.Error()}
		}
		if action == waiver.Approve {
			if err := waiver.Request(w, about(list), d.estate, d.now); err != nil {
				return waiver.Entry{}, &UsageError{err.Error()}
			}
		}
		by.Alone = alone
		e := waiver.Entry{At: d.now, Waiver: id, Action: action, Actor: by, Why: why}
		if action == waiver.Approve {
			e.Hid = hid
		}
		return e, nil
	}); err != nil {
		return waiver.Waiver{}, err
	}
	if d.clock, err = clockOf(ctx, d.store, d.estate); err != nil {
		return waiver.Waiver{}, err
	}
	if _, err := d.store.Restand(ctx, ids, func(f finding.Finding) finding.Standing { return d.clock.Stand(f, d.now) }); err != nil {
		return waiver.Waiver{}, err
	}
	w, _, err := d.find(ctx, id)
	return w, errors.Join(err, enter(ctx, d.store, d.state))
}

// ListedWaiver is a decision with what it does at a time.
type ListedWaiver struct {
	waiver.Waiver
	State waiver.State      `json:"state"`
	Hides []finding.Finding `json:"hides"` // open findings that it settles, or whose deadline it moves
	Note  string            `json:"note,omitempty"`
}

// Waivers lists the decisions that wait or are in force, or all, with what each does at a time.
func Waivers(ctx context.Context, o WaiverOptions, all bool, now time.Time) ([]ListedWaiver, error) {
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, o.known, now)
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	entries, err := d.store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	out := []ListedWaiver{}
	for _, w := range waiver.Fold(entries) {
		if w.RequestedAt.After(now) {
			continue
		}
		l := ListedWaiver{Waiver: w, State: w.At(now), Hides: []finding.Finding{}}
		if !all && l.State != waiver.Requested && l.State != waiver.InForce {
			continue
		}
		if l.State == waiver.InForce {
			for _, c := range w.Covers {
				f, _, err := d.store.Finding(ctx, c.Finding)
				if err == nil && f.State == finding.Open && waiver.Apply(f.ID, waiver.Digest(f.Detail), f.FirstDue, []waiver.Waiver{w}, now).Touched() {
					l.Hides = append(l.Hides, f)
				}
			}
			switch n := len(l.Hides); {
			case n == 0:
				l.Note = "it hides nothing today; revoke it"
			case n > w.Hid:
				l.Note = fmt.Sprintf("it hides %d findings, more than the %d of its approval", n, w.Hid)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// Claim writes into the history of a finding that somebody says it is mended.
func Claim(ctx context.Context, o WaiverOptions, id, note string) error {
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, o.known, time.Now())
	if err != nil {
		return err
	}
	defer d.store.Close()
	by, err := d.who()
	if err != nil {
		return err
	}
	list, err := d.selected(ctx, Selection{Findings: []string{id}})
	if err != nil {
		return err
	}
	if list[0].State == finding.Closed {
		return &UsageError{list[0].ID + " is closed already: a look has shown that it is gone"}
	}
	text := by.Person + " says that it is mended"
	if note != "" {
		text += ": " + note
	}
	return d.store.Tell(ctx, finding.Event{Finding: list[0].ID, At: d.now, Happened: finding.Claimed, Reason: text})
}
