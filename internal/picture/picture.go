// Package picture keeps of every subject what each check last came to, so that how an estate stands can be told without
// looking or judging again. What was seen too long ago is unknown in it, as everywhere. It reads no clock and stores
// nothing.
package picture

import (
	"cmp"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// Mark is what one check last came to on one subject.
type Mark struct {
	Check   string        `json:"check"`
	Kind    string        `json:"kind"`
	Verdict check.Verdict `json:"verdict"`
	Detail  string        `json:"detail,omitempty"`
	At      time.Time     `json:"at"`               // when what was judged was seen
	Faults  int           `json:"faults,omitempty"` // how many violations
	Unseen  string        `json:"unseen,omitempty"` // why what it judges could not be had; empty: it was seen
}

// Subject is one with its marks, by check and kind.
type Subject struct {
	Name  string    `json:"name"`
	At    time.Time `json:"at"` // of the last judging
	Marks []Mark    `json:"marks"`
}

// maxDetail bounds what is kept of a detail, in bytes: the whole of it stands in the report of its run.
const maxDetail = 300

// Marks makes marks of outcomes, by subject.
func Marks(outcomes []check.Outcome) map[string][]Mark {
	out := map[string][]Mark{}
	for _, o := range outcomes {
		m := Mark{Check: o.Check.ID, Kind: o.Check.Rule.Kind.Name, Verdict: o.Verdict, Detail: bounded(o.Detail), At: o.Observation.ObservedAt.UTC(), Faults: len(o.Violations)}
		if o.Observation.Problem != nil {
			m.Unseen = bounded(o.Observation.Problem.Error())
		}
		out[o.Observation.Subject] = append(out[o.Observation.Subject], m)
	}
	return out
}

func bounded(s string) string {
	if len(s) <= maxDetail {
		return s
	}
	cut := maxDetail - len("…")
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}

// Judged is a subject after another judging: what was judged now stands in place of what the same check came to before.
func (s Subject) Judged(at time.Time, marks []Mark) Subject {
	type key struct{ check, kind string }
	now := map[key]bool{}
	for _, m := range marks {
		now[key{m.Check, m.Kind}] = true
	}
	out := Subject{Name: s.Name, At: at, Marks: slices.Clone(marks)}
	for _, m := range s.Marks {
		if !now[key{m.Check, m.Kind}] {
			out.Marks = append(out.Marks, m)
		}
	}
	slices.SortFunc(out.Marks, func(a, b Mark) int { return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

// Seen is when something was last seen of the subject; the zero time: never.
func (s Subject) Seen() (last time.Time) {
	for _, m := range s.Marks {
		if m.Unseen == "" && m.At.After(last) {
			last = m.At
		}
	}
	return last
}

// Now is a mark at a time: a pass of what was seen longer ago than its check allows is unknown.
func (m Mark) Now(s check.Settings, now time.Time) Mark {
	r := check.Aged(s, m.At, now, check.Result{Verdict: m.Verdict, Detail: m.Detail})
	m.Verdict, m.Detail = r.Verdict, r.Detail
	return m
}
