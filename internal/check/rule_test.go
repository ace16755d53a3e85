package check_test

import (
	"slices"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// shared fails each box that has a user whom another box has too.
func shared() *check.Check {
	return &check.Check{ID: "box-shared", Needs: []string{"users"},
		Rule: check.Across(func(all []check.Seen[box], _ *estate.Estate, _ check.Params) check.Together {
			by := map[string][]string{}
			for _, s := range all {
				for _, u := range s.Fact.Users {
					by[u] = append(by[u], s.Subject)
				}
			}
			faults := map[string][]check.Violation{}
			for u, subjects := range by {
				if len(subjects) < 2 {
					continue
				}
				for _, s := range subjects {
					faults[s] = append(faults[s], check.Violation{Key: "user:" + u, Detail: "shared"})
				}
			}
			return check.Together{Faults: faults, Otherwise: check.Passed("their own")}
		})}
}

// A rule that names its fact by type says by it which kind it needs.
func TestRuleKind(t *testing.T) {
	if got, want := noToor().Rule.Kind, (fact.Kind{Name: "box", Version: 1}); got != want {
		t.Errorf("On: %v, want %v", got, want)
	}
	if got, want := shared().Rule.Kind, (fact.Kind{Name: "box", Version: 1}); got != want {
		t.Errorf("Across: %v, want %v", got, want)
	}
	if noToor().Rule.IsAcross() || !shared().Rule.IsAcross() {
		t.Error("IsAcross does not tell On from Across")
	}
}

// What two share is a violation of each of them with one key; who shares nothing passes.
func TestAcross(t *testing.T) {
	out := judge(shared(), seen("b", users("x", "y")), seen("a", users("y", "z")), seen("c", users("w")))
	wantKeys(t, out[0], "user:y")
	wantKeys(t, out[1], "user:y")
	if out[2].Verdict != check.Pass || out[2].Detail != "their own" {
		t.Errorf("c: %s %s", out[2].Verdict, out[2].Detail)
	}
}

func TestAcrossSeesSubjectsInOrderAndOnlyFacts(t *testing.T) {
	var got []string
	c := &check.Check{ID: "box-order", Rule: check.Across(func(all []check.Seen[box], _ *estate.Estate, _ check.Params) check.Together {
		got = nil
		for _, s := range all {
			got = append(got, s.Subject)
		}
		return check.Together{Otherwise: check.Passed("")}
	})}
	out := judge(c, seen("c", users()), lost("b", denied), seen("a", users()), fact.Observation{Subject: "0", Kind: box{}.Kind()})
	if want := []string{"a", "c"}; !slices.Equal(got, want) {
		t.Errorf("the rule saw %v, want %v", got, want)
	}
	for i, want := range []check.Verdict{check.Pass, check.Unknown, check.Pass, check.Unknown} {
		if out[i].Verdict != want {
			t.Errorf("%s: %s, want %s", out[i].Observation.Subject, out[i].Verdict, want)
		}
	}
}

// A subject of which a needed part was not seen neither passes nor hides what was seen of it.
func TestAcrossWithGaps(t *testing.T) {
	out := judge(shared(), seen("a", users("x").lacking("users")), seen("b", users("x")), seen("c", users("y").lacking("users")))
	if out[0].Verdict != check.Fail || !out[0].Partial {
		t.Errorf("a: %s, partial %v", out[0].Verdict, out[0].Partial)
	}
	if out[1].Verdict != check.Fail || out[1].Partial {
		t.Errorf("b: %s, partial %v", out[1].Verdict, out[1].Partial)
	}
	if out[2].Verdict != check.Unknown || out[2].Detail != denied.Error() {
		t.Errorf("c: %s %s", out[2].Verdict, out[2].Detail)
	}
}

// A rule across subjects that breaks is an error for each that it was to judge; a subject that was
// not seen stays unknown.
func TestAcrossBreaks(t *testing.T) {
	c := &check.Check{ID: "box-breaks", Rule: check.Across(func([]check.Seen[box], *estate.Estate, check.Params) check.Together { panic("no such bird") })}
	out := judge(c, seen("a", users()), lost("b", denied))
	if out[0].Verdict != check.Error || out[1].Verdict != check.Unknown {
		t.Errorf("got %s and %s", out[0].Verdict, out[1].Verdict)
	}
	out = judge(shared(), seen("a", users("x")), seen("b", crate{}))
	for _, o := range out {
		if o.Verdict != check.Error {
			t.Errorf("%s: with a fact of another type the verdict is %s, want error: it was not compared", o.Observation.Subject, o.Verdict)
		}
	}
	c = &check.Check{ID: "box-silent", Rule: check.Across(func([]check.Seen[box], *estate.Estate, check.Params) check.Together { return check.Together{} })}
	if o := judgeOne(t, c, seen("a", users())); o.Verdict != check.Error {
		t.Errorf("a rule that says nothing gives %s", o.Verdict)
	}
}

// Two observations of one subject, such as two addresses of a name, are judged under one name.
func TestAcrossOneSubjectTwice(t *testing.T) {
	c := &check.Check{ID: "box-twice", Rule: check.Across(func(all []check.Seen[box], _ *estate.Estate, _ check.Params) check.Together {
		return check.Together{Faults: map[string][]check.Violation{"a": {{Key: "user:b", Detail: "1"}, {Key: "user:a", Detail: "2"}, {Key: "user:b", Detail: "3"}}}}
	})}
	for _, o := range judge(c, seen("a", users()), seen("a", users())) {
		wantKeys(t, o, "user:a", "user:b")
		if o.Violations[1].Detail != "1" {
			t.Errorf("got %+v", o.Violations)
		}
	}
}

// A rule on a kind without a type gets whatever fact is recorded, with gaps and age as for all.
func TestOnAny(t *testing.T) {
	var got fact.Fact
	c := &check.Check{ID: "user-any", Needs: []string{"users"}, Rule: check.OnAny(fact.Kind{Name: "box", Version: 1}, func(f fact.Fact, _ estate.View, _ check.Params) check.Result {
		got = f
		return check.Passed("any")
	})}
	if c.Rule.Kind.Name != "box" || c.Rule.IsAcross() {
		t.Errorf("rule %+v", c.Rule)
	}
	if o := judgeOne(t, c, seen("a", crate{})); o.Verdict != check.Pass {
		t.Errorf("got %s %s", o.Verdict, o.Detail)
	}
	if _, ok := got.(crate); !ok {
		t.Errorf("the rule saw %T", got)
	}
	if o := judgeOne(t, c, seen("a", users().lacking("users"))); o.Verdict != check.Unknown {
		t.Errorf("with a gap it is %s", o.Verdict)
	}
	if o := judgeOne(t, c, lost("a", denied)); o.Verdict != check.Unknown {
		t.Errorf("unseen it is %s", o.Verdict)
	}
}

const oneSystem = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod}
`

// A rule sees what is declared for its subject, nothing without an estate, and not what is
// declared for others.
func TestDeclared(t *testing.T) {
	e, problems := estate.Parse([]estate.File{{Name: "estate.yaml", Data: []byte(oneSystem)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	one := rule(func(_ box, d estate.View, _ check.Params) check.Result { return check.Passed(d.Subject()) })
	across := &check.Check{ID: "box-declared", Rule: check.Across(func(all []check.Seen[box], e *estate.Estate, _ check.Params) check.Together {
		text := ""
		for _, s := range all {
			text += s.Declared.Subject() + ";"
		}
		return check.Together{Otherwise: check.Passed(text)}
	})}
	obs := []fact.Observation{seen("prod/web-1", users()), seen("host:web2", users())}
	for i, want := range []string{"prod/web-1", ""} {
		o := check.Judge(one, check.Catalogue{}, obs, e, now)[i]
		if o.Detail != want || o.Declared.Subject() != want {
			t.Errorf("%s: the rule saw %q, the outcome says %q, want %q", o.Observation.Subject, o.Detail, o.Declared.Subject(), want)
		}
		if o := check.Judge(one, check.Catalogue{}, obs, nil, now)[i]; o.Detail != "" {
			t.Errorf("without an estate the rule saw %q", o.Detail)
		}
	}
	if got := check.Judge(across, check.Catalogue{}, obs, e, now)[0].Detail; got != ";prod/web-1;" {
		t.Errorf("across: the rule saw %q", got)
	}
}
