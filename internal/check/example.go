package check

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Example is a fact with the verdict that it must get: documentation and test at once.
type Example struct {
	Name   string
	Facts  []fact.Observation // one, or several for a rule across subjects
	Estate string             // an estate as YAML, empty for none; the subjects of Facts are its systems
	Want   Verdict
	Keys   []string // for a fail: the keys of all violations, of all subjects, sorted
}

// ExampleNow is the time at which examples are judged, and at which their facts were seen.
var ExampleNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// ExampleSubject is the subject of an example with one fact.
const ExampleSubject = "prod/web-1"

// Passes is an example that passes.
func Passes(name string, facts ...fact.Fact) Example { return example(name, Pass, facts, nil) }

// Fails is an example that fails with exactly these violation keys.
func Fails(name string, f fact.Fact, keys ...string) Example {
	return example(name, Fail, []fact.Fact{f}, keys)
}

// FailsTogether is an example of several subjects (prod/web-1, test/web-1, prod/web-2 and so on)
// whose violations have exactly these keys.
func FailsTogether(name string, facts []fact.Fact, keys ...string) Example {
	return example(name, Fail, facts, keys)
}

// Skips is an example that the check does not concern.
func Skips(name string, f fact.Fact) Example {
	return example(name, NotApplicable, []fact.Fact{f}, nil)
}

// Leaves is an example that stays unknown.
func Leaves(name string, f fact.Fact) Example { return example(name, Unknown, []fact.Fact{f}, nil) }

// Given adds the estate, as YAML, under which the example is judged.
func (x Example) Given(estateYAML string) Example {
	x.Estate = estateYAML
	return x
}

func example(name string, want Verdict, facts []fact.Fact, keys []string) Example {
	x := Example{Name: name, Want: want, Keys: keys}
	subjects := []string{ExampleSubject, "test/web-1", "prod/web-2", "test/web-2"}
	for i, f := range facts {
		x.Facts = append(x.Facts, fact.Observation{
			Subject: subjects[i%len(subjects)], Kind: f.Kind(), Fact: f, ObservedAt: ExampleNow, Collector: "example",
		})
	}
	return x
}

// Verify judges the example and says what is not as it claims; nil when all is.
func (x Example) Verify(c *Check, cat Catalogue) error {
	if len(x.Facts) == 0 {
		return fmt.Errorf("example %q has no fact, and shows nothing", x.Name)
	}
	var e *estate.Estate
	if x.Estate != "" {
		var problems []estate.Problem
		e, problems = estate.Parse([]estate.File{{Name: c.ID + "-example.yaml", Data: []byte(x.Estate)}}, estate.Options{})
		if e == nil {
			return fmt.Errorf("example %q: its estate is not valid: %v", x.Name, problems)
		}
	}
	var keys []string
	worst := Pass
	seen := map[Verdict]string{}
	for _, o := range Judge(c, cat, x.Facts, e, ExampleNow) {
		seen[o.Verdict] = o.Detail
		for _, v := range o.Violations {
			keys = append(keys, v.Key)
			if err := wellFormed(v); err != nil {
				return fmt.Errorf("example %q: %w", x.Name, err)
			}
		}
	}
	for _, v := range []Verdict{Error, Fail, Unknown, NotApplicable, Pass} {
		if _, ok := seen[v]; ok {
			worst = v
			break
		}
	}
	if worst != x.Want {
		return fmt.Errorf("example %q: want %s, got %s (%s) with %v", x.Name, x.Want, worst, seen[worst], keys)
	}
	if x.Want == Fail && !equalSets(keys, x.Keys) {
		return fmt.Errorf("example %q: want violations %v, got %v", x.Name, x.Keys, keys)
	}
	return nil
}

func wellFormed(v Violation) error {
	switch {
	case !strings.Contains(v.Key, ":"):
		return fmt.Errorf("violation key %q is not of the form sort:name", v.Key)
	case v.Detail == "" || strings.Contains(v.Detail, "\n"):
		return fmt.Errorf("violation %q needs a detail of one line", v.Key)
	case v.At != "" && !strings.HasPrefix(v.At, "/"):
		return fmt.Errorf("violation %q: %q is no JSON pointer", v.Key, v.At)
	}
	return nil
}

func equalSets(a, b []string) bool {
	m := map[string]bool{}
	for _, s := range a {
		m[s] = true
	}
	n := map[string]bool{}
	for _, s := range b {
		if !m[s] {
			return false
		}
		n[s] = true
	}
	return len(m) == len(n)
}
