// Package findings judges what is remembered of a subject: whether every finding has an owner and a clock, whether time
// has run out, and what was decided. Its fact is made anew at each judging, after the run was recorded, from the record.
package findings

import (
	"fmt"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Fact is what is remembered of one subject.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Open      []Entry `json:"open,omitempty"`
	Closed    int     `json:"closed,omitempty"` // findings that are gone, in all
}

// Entry is an open finding.
type Entry struct {
	ID        string     `json:"id"`
	Check     string     `json:"check"`
	Detail    string     `json:"detail"`
	Severity  string     `json:"severity"`
	Teams     []string   `json:"teams,omitempty"`
	FirstDue  *time.Time `json:"first_due,omitempty"` // nil: no deadline
	Due       *time.Time `json:"due,omitempty"`
	Rule      string     `json:"rule,omitempty"` // why that deadline, or why none
	Decisions []Decision `json:"decisions,omitempty"`
	Reported  []string   `json:"reported,omitempty"` // other scanners that alone report it; none: it was seen by looking
}

// Decision is what was decided about a finding.
type Decision struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	State string    `json:"state"` // in force, expired; others do not stand here
	By    string    `json:"by"`
	Until time.Time `json:"until"`
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "findings", Version: 1} }

// InForce gives the decision of a kind that holds; false without one.
func (e Entry) InForce(kinds ...string) (Decision, bool) {
	i := slices.IndexFunc(e.Decisions, func(d Decision) bool {
		return d.State == "in force" && slices.Contains(kinds, d.Kind)
	})
	if i < 0 {
		return Decision{}, false
	}
	return e.Decisions[i], true
}

// settles are the kinds of decision that take a finding off the list.
var settles = []string{"mitigation", "acceptance", "false-positive", "deviation"}

// ruled makes the rule on the open findings of a declared subject.
func ruled(judge func(f Fact, p check.Params) check.Result) check.Rule {
	return check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if declared.Estate == nil {
			return check.Unseen("no estate is loaded, so nobody says whose a finding is and by when it is due: -f ESTATE")
		}
		return judge(f, p)
	})
}

func fault(i int, e Entry, text string) check.Violation {
	return check.Violation{Key: "finding:" + e.ID, Detail: text, At: fmt.Sprintf("/open/%d", i), Severity: check.Severity(e.Severity)}
}

// Owned demands that every finding has an owner.
var Owned = &check.Check{
	ID:           "findings-owned",
	Title:        "Every finding has a team that owns it",
	Doc:          "What belongs to nobody is mended by nobody. A system that stands in no application gets the strictest deadlines, and nobody who keeps them.",
	Remedy:       "declare the system with its application, and the application with its team, in the estate: systems: [{name: web-1, application: shop, ...}]",
	Requirements: []string{"A.5.10.1"},
	Rule: ruled(func(f Fact, _ check.Params) check.Result {
		var vs []check.Violation
		for i, e := range f.Open {
			if len(e.Teams) == 0 {
				vs = append(vs, fault(i, e, "no team owns "+e.Detail))
			}
		}
		return check.Failed(fmt.Sprintf("%d open findings, each with an owner and a clock", len(f.Open)), vs)
	}),
	Examples: []check.Example{
		check.Passes("nothing open", Fact{}).Given(northwind),
		check.Passes("of a team", sample(nil)).Given(northwind),
		check.Fails("of nobody", sample(func(e *Entry) { e.Teams = nil }), "finding:F-ABCDEFGHIJ").Given(northwind),
		check.Leaves("no estate", sample(nil)),
	},
}

// InTime demands that no finding is open behind its deadline.
var InTime = &check.Check{
	ID:           "findings-in-time",
	Title:        "No finding is open behind its deadline",
	Doc:          "The deadline follows from severity, exposure and criticality, and counts from when the flaw was first seen here. What is mended late was open to everybody until then.",
	Remedy:       "mend it, and let a look prove it: holdfast finding retest F-…\nno fix yet: holdfast waiver add mitigation F-…\nmore time: holdfast waiver add extension F-…   (the role security decides)",
	Requirements: []string{"A.5.10.4"},
	Rule: ruled(func(f Fact, p check.Params) check.Result {
		var vs []check.Violation
		running := 0
		for i, e := range f.Open {
			if e.Due == nil {
				continue
			}
			if _, settled := e.InForce(settles...); !settled && p.Now.After(*e.Due) {
				vs = append(vs, fault(i, e, fmt.Sprintf("was due on %s (%s): %s", e.Due.Format("2006-01-02 15:04 MST"), e.Rule, e.Detail)))
				continue
			}
			running++
		}
		return check.Failed(fmt.Sprintf("%d open findings with a deadline, none is past", running), vs)
	}),
	Examples: []check.Example{
		check.Passes("nothing open", Fact{}).Given(northwind),
		check.Passes("due tomorrow", sample(nil)).Given(northwind),
		check.Passes("on the last instant", sample(func(e *Entry) { e.Due = at(0) })).Given(northwind),
		check.Passes("no deadline", sample(func(e *Entry) { e.Due, e.FirstDue = nil, nil })).Given(northwind),
		check.Passes("accepted", sample(func(e *Entry) { e.Due, e.Decisions = at(-1), decided("acceptance", "in force") })).Given(northwind),
		check.Fails("since a day", sample(func(e *Entry) { e.Due = at(-1) }), "finding:F-ABCDEFGHIJ").Given(northwind),
		check.Fails("accepted until then", sample(func(e *Entry) { e.Due, e.Decisions = at(-1), decided("acceptance", "expired") }), "finding:F-ABCDEFGHIJ").Given(northwind),
		check.Leaves("no estate", sample(nil)),
	},
}

// northwind is an estate that is loaded.
const northwind = "organization: Northwind\n"

func at(days int) *time.Time {
	t := check.ExampleNow.AddDate(0, 0, days)
	return &t
}

func decided(kind, state string) []Decision {
	return []Decision{{ID: "W-ABCDEFGHIJ", Kind: kind, State: state, By: "maria", Until: *at(10)}}
}

func sample(change func(*Entry)) Fact {
	e := Entry{ID: "F-ABCDEFGHIJ", Check: "vulnerabilities-known", Detail: "CVE-2024-0567 in gnutls28", Severity: "high", Teams: []string{"checkout"}, FirstDue: at(1), Due: at(1), Rule: "internal, high, 30 days"}
	if change != nil {
		change(&e)
	}
	return Fact{Open: []Entry{e}}
}
