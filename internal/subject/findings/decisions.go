package findings

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
)

// decisions makes the rule on the decisions of a kind: those that hold pass, those that ended while the finding is still
// open are violations.
func decisions(kind, word string) check.Rule {
	return ruled(func(f Fact, _ check.Params) check.Result {
		var vs []check.Violation
		held := 0
		for i, e := range f.Open {
			if _, ok := e.InForce(kind); ok {
				held++
				continue
			}
			for _, d := range e.Decisions {
				if d.Kind == kind && d.State == "expired" {
					vs = append(vs, fault(i, e, fmt.Sprintf("%s %s of %s ended on %s, and it is still open: %s", word, d.ID, d.By, d.Until.Format("2006-01-02"), e.Detail)))
					break
				}
			}
		}
		if held+len(vs) == 0 {
			return check.Inapplicable("there is none")
		}
		return check.Failed(fmt.Sprintf("%d in force, each with a person, a reason and an end", held), vs)
	})
}

// examples are those of every kind of decision.
func examples(kind string) []check.Example {
	return []check.Example{
		check.Passes("in force", sample(func(e *Entry) { e.Decisions = decided(kind, "in force") })).Given(northwind),
		check.Fails("ended, and still open", sample(func(e *Entry) { e.Decisions = decided(kind, "expired") }), "finding:F-ABCDEFGHIJ").Given(northwind),
		check.Skips("none", sample(nil)).Given(northwind),
		check.Skips("one of another kind", sample(func(e *Entry) { e.Decisions = decided("deviation", "expired") })).Given(northwind),
		check.Leaves("no estate", sample(nil)),
	}
}

// Mitigations demands that a mitigation does not outlive its end.
var Mitigations = &check.Check{
	ID:           "findings-mitigations",
	Title:        "No mitigation has ended while what it shields is still there",
	Doc:          "A mitigation is for a time. When it ends, the flaw is open again with its first deadline.",
	Remedy:       "mend it, or report the mitigation anew: holdfast waiver add mitigation F-…",
	Requirements: []string{"A.5.10.2"},
	Rule:         decisions("mitigation", "mitigation"),
	Examples:     examples("mitigation"),
}

// Acceptances demands that an accepted risk is not carried on behind its end.
var Acceptances = &check.Check{
	ID:           "findings-acceptances",
	Title:        "No accepted risk is carried on behind its end",
	Doc:          "Management accepted the risk until a day. After it nobody has, and the finding is open with its first deadline.",
	Remedy:       "mend it, or have the management of the application decide anew: holdfast waiver add acceptance F-…",
	Requirements: []string{"A.5.10.3"},
	Rule:         decisions("acceptance", "acceptance"),
	Examples:     examples("acceptance"),
}

// Extensions demands that an extended deadline is kept.
var Extensions = &check.Check{
	ID:           "findings-extensions",
	Title:        "No extended deadline has run out",
	Doc:          "An extension moves a deadline once, for a reason. What is still open behind the new date is overdue by the first.",
	Remedy:       "mend it; holdfast finding show F-… tells first and extended deadline",
	Requirements: []string{"A.5.10.5"},
	Rule:         decisions("extension", "extension"),
	Examples:     examples("extension"),
}
