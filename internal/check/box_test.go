package check_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// box is a fact of a host with accounts; the parts that may be missing are "users" and "keys".
type box struct {
	fact.Gaps `json:"gaps,omitempty"`
	Users     []string `json:"users,omitempty"`
}

func (box) Kind() fact.Kind { return fact.Kind{Name: "box", Version: 1} }

// crate is another type that says it is of the same kind: what a broken decoder would give.
type crate struct{ fact.Gaps }

func (crate) Kind() fact.Kind { return fact.Kind{Name: "box", Version: 1} }

var (
	now        = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	denied     = fact.Problem{Cause: fact.Denied, Source: "/etc/shadow", How: "sudo cat /etc/shadow"}
	brokenPipe = fact.Problem{Cause: fact.Failed, Source: "/etc/passwd", Text: "input/output error"}
)

func users(names ...string) box { return box{Users: names} }

// lacking takes parts away, as a collector without rights would.
func (b box) lacking(parts ...string) box {
	for _, p := range parts {
		b.Note(p, &denied)
	}
	return b
}

func seen(subject string, f fact.Fact) fact.Observation {
	return fact.Observation{Subject: subject, Kind: f.Kind(), Fact: f, ObservedAt: now, Collector: "test"}
}

func lost(subject string, p fact.Problem) fact.Observation {
	return fact.Observation{Subject: subject, Kind: box{}.Kind(), Problem: &p, ObservedAt: now, Collector: "test"}
}

// noToor fails for each user toor and needs the part "users".
func noToor() *check.Check {
	return &check.Check{ID: "box-toor", Title: "No second root", Needs: []string{"users"},
		Rule: check.On(func(b box, _ estate.View, _ check.Params) check.Result {
			if len(b.Users) == 0 {
				return check.Inapplicable("no users here")
			}
			var vs []check.Violation
			for i, u := range b.Users {
				if u == "toor" {
					vs = append(vs, check.Violation{Key: "user:" + u, Detail: u + " is a second root", At: fmt.Sprintf("/users/%d", i)})
				}
			}
			return check.Failed(fmt.Sprintf("%d users", len(b.Users)), vs)
		}),
		Examples: []check.Example{check.Passes("one", users("root")), check.Fails("two", users("root", "toor"), "user:toor")},
	}
}

// rule makes a check that needs nothing.
func rule(f func(b box, d estate.View, p check.Params) check.Result) *check.Check {
	return &check.Check{ID: "box-rule", Rule: check.On(f)}
}

// says makes a check whose rule always says r.
func says(r check.Result) *check.Check {
	return rule(func(box, estate.View, check.Params) check.Result { return r })
}

func judge(c *check.Check, obs ...fact.Observation) []check.Outcome {
	return check.Judge(c, check.Catalogue{}, obs, nil, now)
}

func judgeOne(t *testing.T, c *check.Check, o fact.Observation) check.Outcome {
	t.Helper()
	out := judge(c, o)
	if len(out) != 1 {
		t.Fatalf("one observation gave %d outcomes", len(out))
	}
	return out[0]
}

func keys(o check.Outcome) []string {
	var out []string
	for _, v := range o.Violations {
		out = append(out, v.Key)
	}
	return out
}

func wantKeys(t *testing.T, o check.Outcome, want ...string) {
	t.Helper()
	if got := keys(o); !slices.Equal(got, want) {
		t.Errorf("%s: violations %v, want %v", o.Observation.Subject, got, want)
	}
}
