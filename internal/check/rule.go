package check

import (
	"fmt"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Rule is the pure function of a check, bound to a kind of fact. Make it by On or Across.
type Rule struct {
	Kind   fact.Kind
	one    func(fact.Fact, estate.View, Params) Result
	across func([]observed, *estate.Estate, Params) Together
}

// observed is Seen with the fact's type taken off.
type observed struct {
	subject  string
	fact     fact.Fact
	declared estate.View
}

// On makes a rule that judges one observation by itself. The fact type says which kind it needs.
func On[F fact.Fact](rule func(f F, declared estate.View, p Params) Result) Rule {
	var zero F
	return Rule{Kind: zero.Kind(), one: func(f fact.Fact, d estate.View, p Params) Result {
		v, ok := f.(F)
		if !ok {
			return Result{Verdict: Error, Detail: fmt.Sprintf("fact %s has type %T, the rule wants %T", f.Kind(), f, zero)}
		}
		return rule(v, d, p)
	}}
}

// Together is what a rule across subjects says: the faults of each subject, and the result of each
// subject that has none.
type Together struct {
	Faults    map[string][]Violation
	Otherwise Result
	Has       map[string][]string // keys that each subject has, at fault or not
}

// Across makes a rule that judges all observations of a kind together. Observations come ordered
// by subject.
func Across[F fact.Fact](rule func(all []Seen[F], e *estate.Estate, p Params) Together) Rule {
	var zero F
	return Rule{Kind: zero.Kind(), across: func(all []observed, e *estate.Estate, p Params) Together {
		typed := make([]Seen[F], 0, len(all))
		for _, o := range all {
			v, ok := o.fact.(F)
			if !ok { // left out it would pass, though nobody compared it
				panic(fmt.Sprintf("fact %s of %s has type %T, the rule wants %T", o.fact.Kind(), o.subject, o.fact, zero))
			}
			typed = append(typed, Seen[F]{Subject: o.subject, Fact: v, Declared: o.declared})
		}
		return rule(typed, e, p)
	}}
}

// IsAcross tells whether the rule needs all observations of its kind at once.
func (r Rule) IsAcross() bool { return r.across != nil }

// OnAny makes a rule on a kind whose type is not known when it is written, for users' checks.
func OnAny(kind fact.Kind, rule func(f fact.Fact, declared estate.View, p Params) Result) Rule {
	return Rule{Kind: kind, one: rule}
}
