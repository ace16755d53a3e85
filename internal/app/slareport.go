package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
)

// SLAQuery says which findings a report on deadlines counts.
type SLAQuery struct {
	State, DB, Estate string
	Only              []string // check or requirement ids
	From, To          string   // days, both counted; empty: no bound
	Now               time.Time
	Past              bool // as was known at Now
}

// SLAReport is how well deadlines were kept: holdfast.sla/v1.
type SLAReport struct {
	Schema string    `json:"schema"`
	AsOf   time.Time `json:"as_of"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
	Zone   string    `json:"zone"`
	finding.Deadlines
	Notes []string `json:"notes"`
}

// fourEyesOff stands in every report of an estate where one person decides alone.
const fourEyesOff = "policy.four_eyes: off. One person decides on their own requests here; nobody else has looked at these decisions."

// notesOf are the notes that the estate puts into every report.
func notesOf(e *estate.Estate) []string {
	if e != nil && e.Limits().FourEyes == estate.Off {
		return []string{fourEyesOff}
	}
	return []string{}
}

// SLA counts what became of the deadlines of all findings, each occurrence by itself.
func SLA(ctx context.Context, q SLAQuery) (*SLAReport, error) {
	d, err := openDesk(ctx, q.State, q.DB, q.Estate, nil, q.Now)
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	zone := time.UTC
	if d.estate != nil {
		if zone, err = time.LoadLocation(cmp.Or(d.estate.Timezone, "UTC")); err != nil {
			return nil, err
		}
	}
	p := finding.Period{Now: q.Now, Zone: zone}
	for _, b := range []struct {
		flag, text string
		into       *time.Time
		days       int
	}{{"--from", q.From, &p.From, 0}, {"--to", q.To, &p.To, 1}} {
		if b.text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, b.text, zone)
		if err != nil {
			return nil, &UsageError{b.flag + " " + b.text + " is no day; write it as 2026-11-01"}
		}
		*b.into = day.AddDate(0, 0, b.days)
	}
	list, err := d.occurrences(ctx, q)
	if err != nil {
		return nil, err
	}
	r := &SLAReport{Schema: "holdfast.sla/v1", AsOf: q.Now.UTC().Truncate(time.Second), From: q.From, To: q.To, Zone: zone.String(),
		Deadlines: finding.NewDeadlines(list, d.clock.Waivers, p), Notes: notesOf(d.estate)}
	if r.Total.NoDeadline > 0 && d.estate == nil {
		r.Notes = append(r.Notes, "Deadlines follow from an estate, which says how exposed and how critical a system is: -f ESTATE")
	}
	return r, nil
}

// occurrences gives all findings that are asked for, once for each time that they came.
func (d *desk) occurrences(ctx context.Context, q SLAQuery) ([]finding.Finding, error) {
	list, err := d.store.Findings(ctx)
	if err != nil {
		return nil, err
	}
	events, err := d.store.Events(ctx)
	if err != nil {
		return nil, err
	}
	if q.Past {
		list = finding.AsOf(list, events, q.Now)
		for i := range list {
			list[i].Standing = d.clock.Stand(list[i], q.Now)
		}
	}
	history := map[string][]finding.Event{}
	for _, e := range events {
		if !e.At.After(q.Now) {
			history[e.Finding] = append(history[e.Finding], e)
		}
	}
	of := checksByID()
	var out []finding.Finding
	for _, f := range list {
		if len(q.Only) > 0 && !asksFor(q.Only, f.Check, of[f.Check]) {
			continue
		}
		out = append(out, finding.Occurrences(f, history[f.ID], func(p finding.Finding) finding.Standing { return d.clock.Stand(p, q.Now) })...)
	}
	slices.SortFunc(out, func(a, b finding.Finding) int {
		return cmp.Or(a.Identified.Compare(b.Identified), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}
