package usercheck_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/usercheck"
)

type user struct {
	Name string `json:"name"`
	UID  int    `json:"uid"`
}

type box struct {
	fact.Gaps `json:"gaps,omitempty"`
	Port      int      `json:"port,omitempty"`
	Users     []user   `json:"users"`
	Words     []string `json:"words,omitempty"`
}

func (box) Kind() fact.Kind { return fact.Kind{Name: "box", Version: 3} }

var (
	now     = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	denied  = fact.Problem{Cause: fact.Denied, Source: "/etc/shadow", How: "sudo cat /etc/shadow"}
	sources = []host.Source{
		host.Define(host.Spec[box]{Title: "Boxes", Parse: func(*host.Evidence, fact.Key) box { return box{} }}),
	}
)

const intent = `organization: Northwind
people: [{id: sam, name: Sam Sicher}]
teams: [{name: ops, lead: sam, members: [sam]}]
environments: [{name: prod, stage: production}, {name: test, stage: test}]
applications: [{name: shop, team: ops, management: sam, criticality: high, exposure: internal, environments: [prod]}]
systems: [{name: web-1, application: shop, environment: prod, target: "rootfs:tree", runs: [nginx], labels: {tier: front}}]
`

// folder reads an estate folder that holds what is declared and, in checks.yaml, users' checks.
func folder(t testing.TB, checks string) *estate.Estate {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"estate.yaml": intent, "checks.yaml": checks} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var files []estate.File
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, estate.File{Name: filepath.Base(n), Data: data})
	}
	e, problems := estate.Parse(files, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	return e
}

// one words an estate with one check, whose expressions stand on lines of their own.
func one(lines ...string) string {
	return "checks:\n  - id: user-box\n    title: T\n    kind: box\n    requirements: [A.5.2.1]\n    " + strings.Join(lines, "\n    ") + "\n"
}

// compile makes the one check of an estate and fails unless it is sound.
func compile(t *testing.T, text string) (*check.Check, check.Catalogue, *estate.Estate) {
	t.Helper()
	e := folder(t, text)
	checks, settings, problems := usercheck.Compile(e.Checks, sources)
	if len(checks) != 1 || len(problems) != 0 {
		t.Fatalf("got %d checks, problems %v", len(checks), problems)
	}
	return checks[0], settings, e
}

// judge gives the outcome of an expression over a fact.
func judge(t *testing.T, b box, lines ...string) check.Outcome {
	t.Helper()
	c, settings, e := compile(t, one(lines...))
	out := check.Judge(c, settings, []fact.Observation{{Subject: "prod/web-1", Kind: b.Kind(), Fact: b, ObservedAt: now}}, e, now)
	return out[0]
}

func TestGoodCheck(t *testing.T) {
	c, settings, e := compile(t, `checks:
  - id: user-box-port
    title: The box listens on its port
    doc: Why.
    remedy: How.
    kind: box
    requirements: [A.5.2.1]
    references: [House rule 7]
    severity: high
    level: should
    expr: fact.port == params.port && fact.users.all(u, u.uid != 0 || u.name == "root")
    key: '"port:" + string(int(fact.port))'
    params: {port: 2222}
    examples:
      - {name: its port, fact: {port: 2222, users: [{name: root, uid: 0}]}, passes: true}
      - {name: another, fact: {port: 22, users: []}, passes: false}
      - {name: a second root, fact: {port: 2222, users: [{name: toor, uid: 0}]}, passes: false}
`)
	if c.ID != "user-box-port" || c.Title == "" || c.Doc != "Why." || c.Remedy != "How." || c.Rule.Kind != (fact.Kind{Name: "box", Version: 3}) {
		t.Errorf("check %+v", c)
	}
	if d := cmp.Diff([]string{"A.5.2.1", "House rule 7"}, append(append([]string{}, c.Requirements...), c.References...)); d != "" {
		t.Error(d)
	}
	set := settings.For(c.ID)
	if set.Severity != check.High || set.LevelFor("A.5.2.1") != check.Should || set.MaxAge != 48*time.Hour {
		t.Errorf("settings %+v", set)
	}
	for name, tc := range map[string]struct {
		fact box
		want check.Verdict
		key  string
	}{
		"holds":         {box{Port: 2222, Users: []user{{"root", 0}}}, check.Pass, ""},
		"does not hold": {box{Port: 22, Users: []user{}}, check.Fail, "port:22"},
	} {
		t.Run(name, func(t *testing.T) {
			o := check.Judge(c, settings, []fact.Observation{{Subject: "prod/web-1", Kind: tc.fact.Kind(), Fact: tc.fact, ObservedAt: now}}, e, now)[0]
			if o.Verdict != tc.want || (tc.key == "") != (len(o.Violations) == 0) || tc.key != "" && o.Violations[0].Key != tc.key {
				t.Errorf("got %s (%s) %+v, want %s %s", o.Verdict, o.Detail, o.Violations, tc.want, tc.key)
			}
		})
	}
}

// The verdicts of expressions: what cannot be evaluated is never a pass.
func TestVerdicts(t *testing.T) {
	root := []user{{"root", 0}}
	for _, tc := range []struct {
		rule  string
		lines []string
		fact  box
		want  check.Verdict
		says  string // part of the detail
	}{
		{"whole numbers are whole", []string{"expr: fact.port + 1 == 23 && fact.port % 2 == 0"}, box{Port: 22}, check.Pass, ""},
		{"true passes", []string{"expr: fact.port == 22"}, box{Port: 22}, check.Pass, "fact.port == 22"},
		{"false fails", []string{"expr: fact.port == 22"}, box{Port: 23}, check.Fail, ""},
		{"a field that the fact lacks is unknown", []string{"expr: fact.pord == 22"}, box{Port: 22}, check.Unknown, "pord"},
		{"a field that was left out is unknown", []string{"expr: fact.port != 22"}, box{}, check.Unknown, "port"},
		{"unless it is asked for", []string{"expr: '!has(fact.port) || fact.port != 22'"}, box{}, check.Pass, ""},
		{"a place beyond the end is unknown", []string{`expr: fact.users[5].name == "root"`}, box{Users: root}, check.Unknown, ""},
		{"an operator that does not fit is unknown", []string{`expr: fact.users > 3`}, box{Users: root}, check.Unknown, ""},
		{"a division by zero is unknown", []string{`expr: 1 / int(size(fact.users)) == 1`}, box{Users: []user{}}, check.Unknown, ""},
		{"a parameter that is not given is unknown", []string{"expr: fact.port == params.port"}, box{Port: 22}, check.Unknown, "port"},
		{"what is neither true nor false is an error", []string{"expr: fact.port"}, box{Port: 22}, check.Error, "want true or false"},
		{"a text is no truth", []string{"expr: fact.users[0].name"}, box{Users: root}, check.Error, "want true or false"},
		{"a key that cannot be evaluated is an error", []string{"expr: 'false'", "key: fact.nothing.there"}, box{}, check.Error, "key"},
		{"a key that is no text is an error", []string{"expr: 'false'", "key: fact.users"}, box{Users: root}, check.Error, "want a text"},
		{"an empty key is an error", []string{"expr: 'false'", `key: '""'`}, box{}, check.Error, "want a text"},
		{"a pass with a part unseen is unknown", []string{"expr: fact.users.all(u, u.uid != 0)"}, box{Users: []user{}, Gaps: fact.Gaps{"shadow": denied}}, check.Unknown, denied.Error()},
		{"a fault stands in spite of it", []string{"expr: fact.users.all(u, u.uid != 0)"}, box{Users: root, Gaps: fact.Gaps{"shadow": denied}}, check.Fail, denied.Error()},
		{"an expression that looks at gaps decides itself", []string{"expr: '!has(fact.gaps.passwd) && fact.users.all(u, u.uid != 1)'"}, box{Users: root, Gaps: fact.Gaps{"shadow": denied}}, check.Pass, ""},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			o := judge(t, tc.fact, tc.lines...)
			if o.Verdict != tc.want || !strings.Contains(o.Detail, tc.says) {
				t.Errorf("got %s %q, want %s with %q", o.Verdict, o.Detail, tc.want, tc.says)
			}
		})
	}
}

// What was not seen at all is unknown, as for every check.
func TestUnseen(t *testing.T) {
	c, settings, e := compile(t, one("expr: 'true'"))
	for _, o := range []fact.Observation{{Subject: "prod/web-1", Kind: box{}.Kind(), Problem: &denied}, {Subject: "prod/web-1", Kind: box{}.Kind()},
		{Subject: "prod/web-1", Kind: box{}.Kind(), Fact: box{}, ObservedAt: now.AddDate(0, 0, -3)}} {
		if got := check.Judge(c, settings, []fact.Observation{o}, e, now)[0]; got.Verdict != check.Unknown {
			t.Errorf("got %s %s", got.Verdict, got.Detail)
		}
	}
}

// Without a key the check itself is at fault, so that the finding is the same tomorrow.
func TestKey(t *testing.T) {
	o := judge(t, box{Port: 23}, "expr: fact.port == 22")
	if len(o.Violations) != 1 || o.Violations[0].Key != "check:user-box" {
		t.Errorf("violations %+v", o.Violations)
	}
}

// Expressions see what is declared for the subject, and that nothing is.
func TestDeclared(t *testing.T) {
	const expr = `expr: declared.declared && declared.system == "web-1" && declared.environment == "prod" && declared.stage == "production" && declared.labels.tier == "front" && "nginx" in declared.runs && declared.applications == ["shop"]`
	if o := judge(t, box{}, expr); o.Verdict != check.Pass {
		t.Errorf("declared: %s %s %+v", o.Verdict, o.Detail, o.Violations)
	}
	c, settings, _ := compile(t, one(`expr: '!declared.declared && declared.system == "" && declared.applications == [] && declared.runs == [] && declared.labels == {}'`))
	o := check.Judge(c, settings, []fact.Observation{{Subject: "host:x", Kind: box{}.Kind(), Fact: box{}, ObservedAt: now}}, nil, now)[0]
	if o.Verdict != check.Pass {
		t.Errorf("undeclared: %s %s %+v", o.Verdict, o.Detail, o.Violations)
	}
}

// What is wrong with a check is told with its place in the estate, and the check is not judged;
// others are.
func TestProblems(t *testing.T) {
	for _, tc := range []struct {
		rule  string
		lines []string
		want  []string
	}{
		{"a syntax error", []string{"expr: fact.port =="}, []string{"expr: ", "Syntax error"}},
		{"an operator with wrong types", []string{`expr: '1 + "a" == 2'`}, []string{"expr: ", "no matching overload"}},
		{"a name that nobody knows", []string{"expr: fact_.port == 1"}, []string{"expr: ", "fact_"}},
		{"an expression that is no truth", []string{`expr: '"yes"'`}, []string{"expr: ", "gives string, want bool"}},
		{"a syntax error in the key", []string{"expr: 'true'", "key: fact."}, []string{"key: ", "Syntax error"}},
		{"a key that is no text", []string{"expr: 'true'", "key: '1'"}, []string{"key: ", "gives int, want string"}},
		{"an example that should pass fails", []string{"expr: fact.port == 22", "examples:", "  - {name: good one, fact: {port: 23}, passes: true}"}, []string{`example "good one"`, "want pass, got fail"}},
		{"an example that should fail passes", []string{"expr: fact.port == 22", "examples:", "  - {name: bad one, fact: {port: 22}, passes: false}"}, []string{`example "bad one"`, "want fail, got pass"}},
		{"an example that cannot be evaluated", []string{"expr: fact.port == 22", "examples:", "  - {name: empty one, fact: {other: 1}, passes: false}"}, []string{`example "empty one"`, "want fail, got unknown"}},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			good := "  - {id: user-good, title: T, kind: box, expr: 'true'}\n"
			checks, settings, problems := usercheck.Compile(folder(t, one(tc.lines...)+good).Checks, sources)
			if len(checks) != 1 || checks[0].ID != "user-good" || len(settings) != 1 {
				t.Errorf("judged are %v with settings %v, want user-good alone", checks, settings)
			}
			if len(problems) != 1 {
				t.Fatalf("problems %v, want one", problems)
			}
			p := problems[0]
			if p.File != "checks.yaml" || p.Line != 2 || p.Column < 3 || p.Warning {
				t.Errorf("it stands at %s:%d:%d (warning %v), want checks.yaml:2 and a column", p.File, p.Line, p.Column, p.Warning)
			}
			for _, w := range append(tc.want, "check user-box: ") {
				if !strings.Contains(p.Text, w) {
					t.Errorf("%q does not say %q", p.Text, w)
				}
			}
		})
	}
}

func TestUnknownKind(t *testing.T) {
	for kind, want := range map[string]string{"bxo": `; did you mean "box"?`, "zebra": ""} {
		text := strings.Replace(one("expr: 'true'"), "kind: box", "kind: "+kind, 1)
		_, _, problems := usercheck.Compile(folder(t, text).Checks, sources)
		if len(problems) != 1 {
			t.Fatalf("problems %v", problems)
		}
		if says := fmt.Sprintf("kind: there is no fact of kind %q%s", kind, want); !strings.HasSuffix(problems[0].Text, says) {
			t.Errorf("got %q, want %q", problems[0].Text, says)
		}
	}
}

// An expression that would take for ever ends soon, and is unknown.
func TestCostIsBounded(t *testing.T) {
	words := make([]string, 500)
	for i := range words {
		words[i] = strings.Repeat("a", 2000)
	}
	o := judge(t, box{Words: words}, `expr: fact.words.all(a, fact.words.all(b, fact.words.all(c, fact.words.all(d, a.contains(d)))))`)
	if o.Verdict != check.Unknown || !strings.Contains(o.Detail, "cost limit") {
		t.Errorf("got %s %q, want unknown for its cost", o.Verdict, o.Detail)
	}
	o = judge(t, box{Words: []string{strings.Repeat("a", 40) + "!"}}, `expr: '!fact.words[0].matches("^(a+)+$")'`)
	if o.Verdict != check.Pass {
		t.Errorf("a pattern that backtracks elsewhere: %s %s", o.Verdict, o.Detail)
	}
}

func TestDepthIsBounded(t *testing.T) {
	deep := strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000)
	_, _, problems := usercheck.Compile(folder(t, one("expr: '"+deep+"'")).Checks, sources)
	if len(problems) != 1 {
		t.Errorf("problems %v, want one", problems)
	}
}

// A check of two thousand entries is far below the limit.
func TestCostLeavesRoom(t *testing.T) {
	var us []user
	for i := range 2000 {
		us = append(us, user{fmt.Sprintf("user%d", i), i + 1})
	}
	if o := judge(t, box{Users: us}, `expr: fact.users.all(u, u.uid > 0 && u.name.startsWith("user"))`); o.Verdict != check.Pass {
		t.Errorf("got %s %s", o.Verdict, o.Detail)
	}
}

// FuzzExpression: whatever is written, a check judges in bounded time and never breaks.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`fact.port == 22`, `fact.users.all(u, u.uid != 0 || u.name == "root")`, `"a"`, `params.x`, `declared.runs.exists(r, r == "x")`,
		`[1,2].map(x, [1,2].map(y, x*y)) == fact`, `!has(fact.gaps)`, `1/0 == 1`, `fact.users[0].name.matches("(a+)+$")`, `{1: fact}[1].port > 0`, `dyn(1)`} {
		f.Add(s, `"x:" + fact.users[0].name`)
	}
	b := box{Port: 22, Users: []user{{"root", 0}, {"sam", 1000}}}
	f.Fuzz(func(t *testing.T, expr, key string) {
		own := []estate.Check{{ID: "user-fuzz", Title: "T", Kind: "box", Expr: expr, Key: key}}
		checks, settings, problems := usercheck.Compile(own, sources)
		if len(checks)+len(problems) != 1 {
			t.Fatalf("%d checks and problems %v", len(checks), problems)
		}
		for _, c := range checks {
			obs := []fact.Observation{{Subject: "a", Kind: b.Kind(), Fact: b, ObservedAt: now}}
			first, second := check.Judge(c, settings, obs, nil, now)[0], check.Judge(c, settings, obs, nil, now)[0]
			if d := cmp.Diff(first.Result, second.Result); d != "" {
				t.Fatalf("judged twice it differs: %s", d)
			}
			if strings.Contains(first.Detail, "please report it") {
				t.Fatalf("%s: %s", first.Verdict, first.Detail)
			}
		}
	})
}
