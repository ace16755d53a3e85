package check

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Outcome is the result of one check on one subject, with what it was judged from.
type Outcome struct {
	Check       *Check
	Settings    *Settings
	Observation *fact.Observation // its Fact may be gone once all checks are done with it
	Declared    estate.View
	Result
}

// Judge runs one check over the observations of its kind and gives one outcome for each subject, ordered
// as they came. It never panics: a panic in a rule is an Error of that check on that subject.
func Judge(c *Check, cat Catalogue, obs []fact.Observation, e *estate.Estate, now time.Time) []Outcome {
	set, params := cat.For(c.ID), cat.Params(c.ID, now)
	out := make([]Outcome, 0, len(obs))
	var all []observed
	for i := range obs {
		o := &obs[i]
		out = append(out, Outcome{Check: c, Settings: &set, Observation: o, Declared: e.View(o.Subject)})
		if c.Rule.across != nil && o.Fact != nil {
			all = append(all, observed{o.Subject, o.Fact, e.View(o.Subject)})
		}
	}
	var together Together
	var broke *Result
	if c.Rule.across != nil {
		sort.SliceStable(all, func(i, j int) bool { return all[i].subject < all[j].subject })
		together, broke = runAcross(c, all, e, params)
	}
	for i := range out {
		o := &out[i]
		switch {
		case o.Observation.Problem != nil:
			o.Result = Unclear(o.Observation.Problem)
			continue
		case o.Observation.Fact == nil:
			o.Result = Unseen("no fact was recorded")
			continue
		case broke != nil:
			o.Result = *broke
		case c.Rule.across != nil:
			o.Result = together.of(o.Observation.Subject)
		default:
			o.Result = runOne(c, o.Observation.Fact, o.Declared, params)
		}
		tidy(&o.Result)
		o.Result = withGaps(c, o.Observation.Fact, o.Result)
		o.Result = Aged(set, o.Observation.ObservedAt, now, o.Result)
	}
	return merged(out)
}

func (t Together) of(subject string) Result {
	r := t.Otherwise
	if vs := t.Faults[subject]; len(vs) > 0 {
		r = Result{Verdict: Fail, Violations: vs}
	}
	r.Has = t.Has[subject]
	return r
}

func runOne(c *Check, f fact.Fact, d estate.View, p Params) (r Result) {
	defer isolate(c, &r)
	return c.Rule.one(f, d, p)
}

func runAcross(c *Check, all []observed, e *estate.Estate, p Params) (t Together, broke *Result) {
	var r Result
	func() {
		defer isolate(c, &r)
		t = c.Rule.across(all, e, p)
	}()
	if r.Verdict == Error {
		return t, &r
	}
	return t, nil
}

func isolate(c *Check, r *Result) {
	if p := recover(); p != nil {
		*r = Result{Verdict: Error, Detail: fmt.Sprintf("check %s broke: %v; please report it", c.ID, p)}
	}
}

// withGaps makes a pass unknown when a part that the check needs was not seen, and names the
// missing part beside a fail.
func withGaps(c *Check, f fact.Fact, r Result) Result {
	if r.Verdict == Error || r.Verdict == Unknown {
		return r
	}
	gaps := f.Missing()
	var missing []string
	for _, part := range c.Needs {
		if p, ok := gaps[part]; ok {
			missing = append(missing, p.Error())
		}
	}
	if len(missing) == 0 {
		return r
	}
	text := strings.Join(missing, "; ")
	if r.Verdict == Fail {
		return r.Beside(text)
	}
	return Unseen(text)
}

// Aged makes what was seen too long ago unknown. A fault that was seen stays a fault.
func Aged(s Settings, seen, now time.Time, r Result) Result {
	age := now.Sub(seen)
	if r.Verdict != Pass && r.Verdict != NotApplicable || seen.IsZero() || age <= s.MaxAge {
		return r
	}
	return Unseen("seen " + Ago(age) + ", older than the " + span(s.MaxAge) + " that this check allows")
}

// Ago words an age: 3 days ago.
func Ago(d time.Duration) string { return span(d) + " ago" }

func span(d time.Duration) string {
	unit := func(n int, s string) string {
		if n == 1 {
			return "1 " + s
		}
		return fmt.Sprintf("%d %ss", n, s)
	}
	switch {
	case d >= 48*time.Hour:
		return unit(int(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return unit(int(d/time.Hour), "hour")
	}
	return unit(int(d/time.Minute), "minute")
}

// tidy orders violations by key and merges those with one key: a fault has one key. A result that
// contradicts itself is an error: of a fail without a violation nobody would be told what to mend.
func tidy(r *Result) {
	if said := contradiction(*r); said != "" {
		*r = Result{Verdict: Error, Detail: said + "; please report it"}
		return
	}
	r.Violations = slices.Clone(r.Violations) // the rule's own list stays as it is
	slices.SortStableFunc(r.Violations, func(a, b Violation) int { return strings.Compare(a.Key, b.Key) })
	r.Violations = slices.CompactFunc(r.Violations, func(a, b Violation) bool { return a.Key == b.Key })
}

func contradiction(r Result) string {
	switch r.Verdict {
	case Pass, NotApplicable, Unknown, Error:
		if len(r.Violations) > 0 {
			return fmt.Sprintf("the rule says %s and names violations", r.Verdict)
		}
	case Fail:
		if len(r.Violations) == 0 {
			return "the rule says fail and names no violation"
		}
		if slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Key == "" }) {
			return "the rule names a violation without a key"
		}
	case "":
		return "the rule gave no verdict"
	default:
		return fmt.Sprintf("the rule says %q, which is no verdict", r.Verdict)
	}
	return ""
}
