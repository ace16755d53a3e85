package app

import (
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
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// FindingQuery says which findings to list.
type FindingQuery struct {
	State, DB, Estate string
	Only              []string // check or requirement ids
	Subjects          []string // nil: all
	Apps              []string
	Teams             []string
	All               bool           // closed and settled ones too
	Severity          check.Severity // empty: all
	DueFrom, DueUntil time.Time      // zero: all
	Flaw              string         // a vulnerability; empty: all
	Skip              int            // how many of the list are passed over
	After             string         // a finding after which the list goes on
	Limit             int            // 0: all
	Now               time.Time
	AsOf              bool // what was known at Now, where that is past

	known   *estate.Estate // is read already; nil: Estate is read
	counted bool           // how many there are is known
}

// FindingPage is the beginning of a list of findings.
type FindingPage struct {
	Findings []finding.Finding
	Open     int // to be mended, in all
	Settled  int // open, and taken off the list by a decision
}

// Findings lists findings, what to do next first.
func Findings(ctx context.Context, q FindingQuery) (FindingPage, error) {
	d, err := openDesk(ctx, q.State, q.DB, q.Estate, q.known, q.Now)
	if err != nil {
		return FindingPage{}, err
	}
	defer d.store.Close()
	var page FindingPage
	past := q.AsOf && q.Now.Before(time.Now())
	if !past && !q.All && len(q.Apps) == 0 && len(q.Teams) == 0 {
		return d.list(ctx, q)
	}
	if !past {
		if page.Open, page.Settled, err = d.store.Open(ctx, q.Now); err != nil {
			return page, err
		}
	}
	wanted := q.wants()
	if !past && !q.All {
		page.Findings, err = d.store.Next(ctx, q.Now, q.Limit, wanted)
		return page, err
	}
	list, err := d.store.Findings(ctx)
	if err != nil {
		return page, err
	}
	if past {
		events, err := d.store.Events(ctx)
		if err != nil {
			return page, err
		}
		list = finding.AsOf(list, events, q.Now)
		for i := range list {
			if d.estate != nil || len(d.clock.Waivers[list[i].ID]) > 0 {
				list[i].Standing = d.clock.Stand(list[i], q.Now)
			}
		}
	}
	list = slices.DeleteFunc(list, func(f finding.Finding) bool {
		return !q.All && (f.State == finding.Closed || f.Settled(q.Now)) || !wanted(f)
	})
	if past {
		page.Open = len(list)
	}
	slices.SortFunc(list, finding.Next)
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	page.Findings = list
	return page, nil
}

// wants tells whether the query is about a finding.
func (q FindingQuery) wants() func(finding.Finding) bool {
	of := checksByID()
	return func(f finding.Finding) bool {
		return (q.Subjects == nil || slices.Contains(q.Subjects, f.Subject)) &&
			(len(q.Apps) == 0 || meets(f.Applications, q.Apps)) && (len(q.Teams) == 0 || meets(f.Teams, q.Teams)) &&
			(len(q.Only) == 0 || asksFor(q.Only, f.Check, of[f.Check]))
	}
}

// list lists open findings by what the database knows of them without reading each. Open and settled are all of the subjects.
func (d *desk) list(ctx context.Context, q FindingQuery) (page FindingPage, err error) {
	switch {
	case q.counted:
	case q.Subjects == nil:
		page.Open, page.Settled, err = d.store.Open(ctx, q.Now)
	default:
		page.Open, page.Settled, err = d.store.OpenOn(ctx, q.Now, q.Subjects)
	}
	if err != nil {
		return page, err
	}
	query := relational.Query{Subjects: q.Subjects, Severity: q.Severity, DueFrom: q.DueFrom, DueBefore: q.DueUntil, Flaw: q.Flaw, Skip: q.Skip, After: q.After, Limit: q.Limit}
	if len(q.Only) > 0 {
		query.Checks = []string{}
		for id, c := range checksByID() {
			if asksFor(q.Only, id, c) {
				query.Checks = append(query.Checks, id)
			}
		}
		for _, word := range q.Only { // checks of the estate have no entry there
			if !slices.Contains(query.Checks, word) {
				query.Checks = append(query.Checks, word)
			}
		}
	}
	page.Findings, err = d.store.List(ctx, q.Now, query)
	return page, err
}

func meets(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func checksByID() map[string]*check.Check {
	of := map[string]*check.Check{}
	for _, c := range all.Checks() {
		of[c.ID] = c
	}
	return of
}

// FindingID gives the whole id of one that is typed in lower case or without F-.
func FindingID(id string) string {
	if id = strings.ToUpper(id); !strings.HasPrefix(id, "F-") {
		id = "F-" + id
	}
	return id
}

func asksFor(only []string, id string, c *check.Check) bool {
	if slices.Contains(only, id) {
		return true
	}
	return c != nil && slices.ContainsFunc(c.Requirements, func(r string) bool { return slices.Contains(only, r) })
}

// FindingDetail is a finding with its check's page and its history.
type FindingDetail struct {
	finding.Finding
	Doc          string          `json:"doc"`
	Remedy       string          `json:"remedy"`
	Requirements []string        `json:"requirements"`
	References   []string        `json:"references"`
	History      []finding.Event `json:"history"`
}

// Finding gives one finding by its id, also when it is typed in lower case or without F-.
func Finding(ctx context.Context, stateFlag, db, id string) (FindingDetail, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return FindingDetail{}, err
	}
	store, err := openStore(ctx, state, db)
	if err != nil {
		return FindingDetail{}, err
	}
	defer store.Close()
	id = FindingID(id)
	f, history, err := store.Finding(ctx, id)
	if errors.Is(err, run.ErrNone) {
		return FindingDetail{}, &UsageError{fmt.Sprintf("there is no finding %s in %s; all of them: holdfast finding list --all", id, store.Path())}
	}
	if err != nil {
		return FindingDetail{}, err
	}
	d := FindingDetail{Finding: f, History: history}
	for _, c := range all.Checks() {
		if c.ID == f.Check {
			d.Doc, d.Remedy, d.Requirements, d.References = c.Doc, c.Remedy, c.Requirements, c.References
		}
	}
	return d, nil
}

// Retested is what came of looking again.
type Retested struct {
	Still bool
	Text  string
}

// Retest collects and judges just what one finding is about, and records it. The target is the one
// through which the subject was last seen.
func Retest(ctx context.Context, o Options, id string) (Retested, error) {
	d, err := Finding(ctx, o.State, o.DB, id)
	if err != nil {
		return Retested{}, err
	}
	target, err := lastTarget(ctx, o, d.Subject)
	if err != nil {
		return Retested{}, err
	}
	o.Only = []string{d.Check}
	o.Targets = []string{target}
	if d.Check == tlsserver.Oracles.ID {
		o.Probe = "intrusive" // only so was it found
	}
	for _, s := range d.With {
		// One that cannot be looked at leaves the finding open, and the answer says so.
		if t, err := lastTarget(ctx, o, s); err == nil && !slices.Contains(o.Targets, t) {
			o.Targets = append(o.Targets, t)
		}
	}
	if strings.HasPrefix(target, "rootfs:") && "rootfs:"+d.Subject != target {
		o.Subject = d.Subject
	}
	a, err := Assess(ctx, o)
	if err != nil {
		return Retested{}, err
	}
	for _, r := range a.Results {
		if r.Check != d.Check || r.Subject != d.Subject {
			continue
		}
		switch r.Verdict {
		case check.Unknown, check.Error:
			return Retested{true, "could not be decided: " + r.Detail}, nil
		case check.Fail:
			for _, v := range r.Violations {
				if v.Finding == d.ID {
					return Retested{true, "still there: " + v.Detail}, nil
				}
			}
		}
		if after, err := Finding(ctx, o.State, o.DB, d.ID); err == nil && after.State == finding.Open {
			if others := after.SeenBy(); !slices.Contains(others, finding.Holdfast) {
				return Retested{true, "Holdfast does not see it; it stays until the next report of " + strings.Join(others, ", ") + " lacks it: holdfast finding import FILE --subject " + d.Subject}, nil
			}
			return Retested{true, "could not be decided: it is shared with " + strings.Join(others(d.Finding), ", ") + "; assess them together"}, nil
		}
		return Retested{false, "gone: " + orElse(r.Detail, "no longer seen") + "; the finding is closed"}, nil
	}
	return Retested{}, &UsageError{fmt.Sprintf("%s is not seen through %s any more; assess it by its new target", d.Subject, target)}
}

// others gives the subjects that share a finding with its own.
func others(f finding.Finding) []string {
	return slices.DeleteFunc(slices.Clone(f.With), func(s string) bool { return s == f.Subject })
}

func orElse(s, t string) string {
	if s == "" {
		return t
	}
	return s
}

func lastTarget(ctx context.Context, o Options, subject string) (string, error) {
	state, err := StateDir(o.State)
	if err != nil {
		return "", err
	}
	store, err := openStore(ctx, state, o.DB)
	if err != nil {
		return "", err
	}
	defer store.Close()
	t, err := store.Collector(ctx, subject)
	if errors.Is(err, run.ErrNone) {
		return "", &UsageError{"it is not recorded how " + subject + " was seen; run holdfast assess with its target"}
	}
	return t, err
}
