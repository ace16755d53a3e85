package report

import (
	"cmp"
	"slices"

	"holdfast.example/holdfast/internal/check"
)

// Group is all failures of one check, over its subjects: what one person mends in one go.
type Group struct {
	Result   Result // the first one, for what all have in common
	Severity check.Severity
	Faults   []Fault
}

// Fault is one violation on one subject.
type Fault struct {
	Subject string
	Violation
}

// Ranked gives the failures grouped by check, the most important first: what must hold before what
// should, then by severity, then by how much is wrong.
func Ranked(a *Assessment) []Group {
	at := map[string]int{}
	var out []Group
	for _, r := range a.Results {
		if r.Verdict != check.Fail {
			continue
		}
		i, ok := at[r.Check]
		if !ok {
			i = len(out)
			at[r.Check] = i
			out = append(out, Group{Result: r, Severity: check.Info})
		}
		g := &out[i]
		for _, v := range r.Violations {
			g.Faults = append(g.Faults, Fault{r.Subject, v})
			if s := r.Worst(v); s.Rank() < g.Severity.Rank() {
				g.Severity = s
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Group) int {
		return cmp.Or(cmp.Compare(levelRank(x.Result.Level), levelRank(y.Result.Level)),
			cmp.Compare(x.Severity.Rank(), y.Severity.Rank()),
			cmp.Compare(len(y.Faults), len(x.Faults)), cmp.Compare(x.Result.Check, y.Result.Check))
	})
	return out
}

func levelRank(l check.Level) int {
	switch l {
	case check.Should:
		return 1
	case check.May:
		return 2
	}
	return 0
}
