// Package usercheck makes checks of the expressions that users write into their estate. The
// language is CEL, which has no loops without end, no I/O and no side effects; the cost of one
// evaluation is bounded all the same.
package usercheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// costLimit bounds one evaluation, in CEL's units; a check over some thousand entries stays far below.
const costLimit = 10_000_000

// Compile makes one check of each. Problems name the place in the estate: an expression that does
// not compile, a kind that nobody collects, an example that does not do what it says.
func Compile(own []estate.Check, sources []host.Source) ([]*check.Check, check.Catalogue, []estate.Problem) {
	env, err := cel.NewEnv(cel.Variable("fact", cel.DynType), cel.Variable("declared", cel.DynType), cel.Variable("params", cel.DynType))
	if err != nil {
		return nil, nil, []estate.Problem{{Text: "CEL: " + err.Error()}}
	}
	var out []*check.Check
	var problems []estate.Problem
	settings := check.Catalogue{}
	for i := range own {
		u := &own[i]
		c, err := compile(env, u, sources)
		if err == nil {
			err = examples(c, u)
		}
		if err != nil {
			problems = append(problems, estate.Problem{File: u.At.File, Line: u.At.Line, Column: u.At.Column, Path: "checks", Text: "check " + u.ID + ": " + err.Error()})
			continue
		}
		settings[u.ID] = check.Settings{Severity: check.Severity(u.Severity), Level: check.Level(u.Level), Params: u.Params, Interval: 24 * time.Hour, MaxAge: 48 * time.Hour}
		out = append(out, c.check)
	}
	return out, settings, problems
}

// compiled is a check with its expressions.
type compiled struct {
	check     *check.Check
	expr, key cel.Program
}

func compile(env *cel.Env, u *estate.Check, sources []host.Source) (*compiled, error) {
	var kind fact.Kind
	var kinds []string
	for _, s := range sources {
		kinds = append(kinds, s.Kind.Name)
		if s.Kind.Name == u.Kind {
			kind = s.Kind
		}
	}
	if kind.Name == "" {
		near := ""
		if n := estate.Nearest(u.Kind, kinds); n != "" {
			near = fmt.Sprintf("; did you mean %q?", n)
		}
		return nil, fmt.Errorf("kind: there is no fact of kind %q%s", u.Kind, near)
	}
	c := &compiled{}
	var err error
	if c.expr, err = program(env, "expr", u.Expr, cel.BoolType); err != nil {
		return nil, err
	}
	if u.Key != "" {
		if c.key, err = program(env, "key", u.Key, cel.StringType); err != nil {
			return nil, err
		}
	}
	c.check = &check.Check{ID: u.ID, Title: u.Title, Doc: u.Doc, Remedy: u.Remedy, Requirements: u.Requirements, References: u.References}
	c.check.Rule = check.OnAny(kind, func(f fact.Fact, d estate.View, p check.Params) check.Result {
		tree, err := plain(f)
		if err != nil {
			return check.Result{Verdict: check.Error, Detail: err.Error()}
		}
		return unlessHidden(f.Missing(), u, c.judge(tree, d, u))
	})
	return c, nil
}

// unlessHidden takes a pass back when parts of the fact were not seen: which of them an expression
// needs, nobody can tell. One that looks at fact.gaps decides itself.
func unlessHidden(gaps fact.Gaps, u *estate.Check, r check.Result) check.Result {
	if len(gaps) == 0 || strings.Contains(u.Expr, "gaps") {
		return r
	}
	var missing []string
	for _, part := range slices.Sorted(maps.Keys(gaps)) {
		p := gaps[part]
		missing = append(missing, p.Error())
	}
	text := strings.Join(missing, "; ")
	if r.Verdict == check.Pass {
		return check.Unseen(text)
	}
	return r.Beside(text)
}

func program(env *cel.Env, field, text string, want *cel.Type) (cel.Program, error) {
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("%s: %s", field, issues.Errors()[0].Message)
	}
	if t := ast.OutputType(); !t.IsExactType(want) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("%s: gives %s, want %s", field, t, want)
	}
	p, err := env.Program(ast, cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return p, nil
}

func (c *compiled) judge(tree any, d estate.View, u *estate.Check) check.Result {
	in := map[string]any{"fact": tree, "declared": declared(d), "params": params(u)}
	out, _, err := c.expr.Eval(in)
	if err != nil {
		return check.Unseen("the expression could not be evaluated: " + err.Error())
	}
	ok, isBool := out.Value().(bool)
	if !isBool {
		return check.Result{Verdict: check.Error, Detail: fmt.Sprintf("the expression gave %v, want true or false", out.Value())}
	}
	if ok {
		return check.Passed("the expression holds: " + u.Expr)
	}
	key := "check:" + u.ID
	if c.key != nil {
		k, _, err := c.key.Eval(in)
		if err != nil {
			return check.Result{Verdict: check.Error, Detail: "the key could not be evaluated: " + err.Error()}
		}
		if key, _ = k.Value().(string); key == "" {
			return check.Result{Verdict: check.Error, Detail: fmt.Sprintf("the key gave %v, want a text", k.Value())}
		}
	}
	return check.Failed("", []check.Violation{{Key: key, Detail: "the expression does not hold: " + u.Expr}})
}

func params(u *estate.Check) map[string]any {
	out := map[string]any{}
	for k, v := range u.Params {
		out[k] = whole(v)
	}
	return out
}

// plain turns a fact into what its JSON says: the form that expressions see.
func plain(f fact.Fact) (any, error) {
	data, err := fact.Canonical(f)
	if err != nil {
		return nil, err
	}
	return tree(data)
}

// tree reads JSON with whole numbers as such: fact.n + 1 is what people write.
func tree(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out any
	err := d.Decode(&out)
	return whole(out), err
}

func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}

// declared is what expressions see of the estate for this subject.
func declared(d estate.View) map[string]any {
	out := map[string]any{"declared": d.Declared(), "stage": string(d.Stage()), "risk_class": string(d.RiskClass()), "system": "", "environment": "", "labels": map[string]string{}, "applications": []string{}, "runs": []string{}}
	if d.System != nil {
		out["system"], out["runs"] = d.System.Name, append([]string{}, d.System.Runs...)
		if d.System.Labels != nil {
			out["labels"] = d.System.Labels
		}
	}
	if e := d.Environment(); e != nil {
		out["environment"] = e.Name
	}
	var apps []string
	for _, a := range d.Applications() {
		apps = append(apps, a.Name)
	}
	if apps != nil {
		out["applications"] = apps
	}
	return out
}

// examples runs what the user says that the check does.
func examples(c *compiled, u *estate.Check) error {
	for _, x := range u.Examples {
		want := check.Fail
		if x.Passes {
			want = check.Pass
		}
		data, err := json.Marshal(x.Fact)
		if err != nil {
			return fmt.Errorf("example %q: %w", x.Name, err)
		}
		f, err := tree(data)
		if err != nil {
			return fmt.Errorf("example %q: %w", x.Name, err)
		}
		if r := c.judge(f, estate.View{}, u); r.Verdict != want {
			return fmt.Errorf("example %q: want %s, got %s: %s", x.Name, want, r.Verdict, r.Detail)
		}
	}
	return nil
}
