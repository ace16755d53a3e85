package findings

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// Reported demands that no other scanner reports a vulnerability that Holdfast does not see itself.
var Reported = &check.Check{
	ID:           "findings-reported",
	Title:        "No other scanner reports a known vulnerability that is still open",
	Doc:          "What Holdfast does not see itself, because it reads no such packages there or knows no such advisory, another scanner may. Its report counts until a later one of the same scanner lacks it.",
	Remedy:       "mend it, scan again, and import the report: holdfast finding import REPORT --subject SUBJECT\nit is none: holdfast waiver add false-positive F-…",
	Requirements: []string{"A.5.7.1"},
	Rule: ruled(func(f Fact, _ check.Params) check.Result {
		var vs []check.Violation
		for i, e := range f.Open {
			if _, settled := e.InForce(settles...); len(e.Reported) > 0 && !settled {
				vs = append(vs, fault(i, e, strings.Join(e.Reported, ", ")+" reports "+e.Detail))
			}
		}
		return check.Failed(fmt.Sprintf("%d open findings, each seen by looking or settled", len(f.Open)), vs)
	}),
	Examples: []check.Example{
		check.Passes("nothing open", Fact{}).Given(northwind),
		check.Passes("seen by looking", sample(nil)).Given(northwind),
		check.Passes("reported, and settled", sample(func(e *Entry) { e.Reported, e.Decisions = []string{"trivy"}, decided("false-positive", "in force") })).Given(northwind),
		check.Fails("reported", sample(func(e *Entry) { e.Reported = []string{"trivy"} }), "finding:F-ABCDEFGHIJ").Given(northwind),
		check.Leaves("no estate", sample(nil)),
	},
}
