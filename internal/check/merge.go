package check

import (
	"cmp"
	"slices"
	"strings"
)

// standing orders what the addresses of one subject gave: the worst first. What could not be judged outweighs what
// is in order, and what does not concern one address may concern another.
var standing = []Verdict{Fail, Error, Unknown, Pass, NotApplicable}

// merged makes one outcome of those of one subject, which may have several addresses: what is at fault at one of
// them is at fault, and what was not seen at one is not seen. The order is that of the first of each subject.
func merged(all []Outcome) []Outcome {
	at := make(map[string]int, len(all))
	out := all[:0]
	for _, o := range all {
		for i := range o.Violations {
			o.Violations[i].Source = cmp.Or(o.Violations[i].Source, o.Observation.Place)
		}
		i, again := at[o.Observation.Subject]
		if !again {
			at[o.Observation.Subject] = len(out)
			out = append(out, o)
			continue
		}
		out[i] = worse(out[i], o)
	}
	return out
}

// worse joins two outcomes of one subject. The text tells of the one that decides.
func worse(a, b Outcome) Outcome {
	rank := func(o Outcome) int { return slices.Index(standing, o.Verdict) }
	if rank(b) < rank(a) {
		a, b = b, a
	}
	r := a.Result
	r.Violations = slices.Concat(a.Violations, b.Violations)
	slices.SortStableFunc(r.Violations, func(x, y Violation) int { return strings.Compare(x.Key, y.Key) })
	r.Violations = slices.CompactFunc(r.Violations, func(x, y Violation) bool { return x.Key == y.Key })
	r.Partial = a.Partial || b.Partial
	if r.Verdict == Fail && (b.Verdict == Unknown || b.Verdict == Error) {
		r = r.Beside(b.where() + b.Detail)
	}
	a.Result = r
	return a
}

// where names the address of an outcome, before what is said of it.
func (o Outcome) where() string {
	return cmp.Or(o.Observation.Place, o.Observation.Subject) + ": "
}
