// Package looks judges how often a declared system is looked at. Its fact is made anew at each judging, from when the system was looked
// at before.
package looks

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Fact is how one system was looked at.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Last      time.Time `json:"last,omitzero"` // the look before this one; zero: there was none
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "looks", Version: 1} }

// Every is how often a system is to be looked at: by its risk class as the catalogue says, or more often where the estate says so.
// What schedules looks asks here too.
func Every(v estate.View, p check.Params) time.Duration {
	every := time.Duration(p.Int(string(v.RiskClass())+"_hours")) * time.Hour
	if v.Estate != nil {
		if wanted := v.Estate.Limits().ScanInterval.Approx(); wanted > 0 {
			every = min(every, wanted)
		}
	}
	return every
}

// Interval demands that no interval was missed.
var Interval = &check.Check{
	ID:    "looks-interval",
	Title: "The system is looked at in its interval",
	Doc: "A configuration that was right in spring says little in autumn. Each declared system is looked at again at an interval that follows from the risk class of its applications, and that policy.scan_interval of the estate shortens. " +
		"Missed is an interval when twice its time passed between two looks. The first look proves nothing yet. What an agent reports counts as looks.",
	Remedy: "let the control plane look by itself: holdfast serve -f estate/\nor let an agent report from the system: holdfast agent invite --env ENVIRONMENT\n" +
		"why it was missed, if it was: holdfast ledger list | grep 'is to be looked at'",
	Requirements: []string{"A.5.7.3"},
	References:   []string{"NIST SP 800-53 CA-7", "NIST SP 800-53 RA-5"},
	Rule: check.On(func(f Fact, v estate.View, p check.Params) check.Result {
		every := Every(v, p)
		if f.Last.IsZero() {
			return check.Unseen(fmt.Sprintf("this is the first look; whether it is looked at every %s is known after the next", span(every)))
		}
		passed := p.Now.Sub(f.Last)
		at := f.Last.UTC().Format("2006-01-02 15:04 MST")
		if passed > 2*every {
			return check.Failed("", []check.Violation{{Key: "interval:missed", At: "/last",
				Detail: fmt.Sprintf("nobody looked for %s, since %s; every %s is wanted (risk class %s)", span(passed), at, span(every), strings.ReplaceAll(string(v.RiskClass()), "_", " "))}})
		}
		return check.Passed(fmt.Sprintf("looked at before on %s; every %s is wanted", at, span(every)))
	}),
	Examples: []check.Example{
		check.Passes("yesterday", last(26*time.Hour)).Given(standard),
		check.Passes("an hour ago", last(time.Hour)).Given(critical),
		check.Passes("of no application: high", last(7*time.Hour)),
		check.Fails("a week ago", last(7*24*time.Hour), "interval:missed").Given(standard),
		check.Fails("yesterday, and very high", last(26*time.Hour), "interval:missed").Given(critical),
		check.Fails("yesterday, and of no application", last(26*time.Hour), "interval:missed"),
		check.Fails("the estate wants it more often", last(13*time.Hour), "interval:missed").Given(standard + "policy: {scan_interval: 6h}\n"),
		check.Passes("just within twice the interval", last(47*time.Hour)).Given(standard),
		check.Leaves("the first look", Fact{}).Given(standard),
	},
}

func last(ago time.Duration) Fact { return Fact{Last: check.ExampleNow.Add(-ago)} }

// span says a time in the largest unit that does.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour || d == time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}

const standard = `
organization: Northwind
teams: [{name: shop}]
applications: [{name: shop, team: shop, criticality: low, exposure: internal}]
environments: [{name: prod, stage: production}]
systems: [{name: web-1, environment: prod, application: shop}]
`

const critical = `
organization: Northwind
teams: [{name: shop}]
applications: [{name: shop, team: shop, criticality: high, exposure: internet}]
environments: [{name: prod, stage: production}]
systems: [{name: web-1, environment: prod, application: shop}]
`
