package check_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
)

func TestExamplesAreTests(t *testing.T) {
	for _, x := range noToor().Examples {
		if err := x.Verify(noToor(), check.Catalogue{}); err != nil {
			t.Error(err)
		}
	}
	gap := users("root").lacking("users")
	for name, tc := range map[string]struct {
		c    *check.Check
		x    check.Example
		want string // part of the error; empty when the example holds
	}{
		"a pass that passes":                  {noToor(), check.Passes("x", users("root")), ""},
		"a pass that fails":                   {noToor(), check.Passes("x", users("toor")), "want pass, got fail"},
		"a pass that is unknown":              {noToor(), check.Passes("x", gap), "want pass, got unknown (/etc/shadow: permission denied"},
		"a pass that does not apply":          {noToor(), check.Passes("x", users()), "want pass, got not_applicable"},
		"a pass without a fact shows nothing": {noToor(), check.Passes("x"), "no fact"},
		"a fail that fails":                   {noToor(), check.Fails("x", users("toor"), "user:toor"), ""},
		"a fail that passes":                  {noToor(), check.Fails("x", users("root"), "user:toor"), "want fail, got pass"},
		"a fail with another key":             {noToor(), check.Fails("x", users("toor"), "user:root"), "want violations [user:root], got [user:toor]"},
		"a fail with a key too many":          {noToor(), check.Fails("x", users("toor"), "user:root", "user:toor"), "want violations"},
		"a fail that names no key":            {noToor(), check.Fails("x", users("toor")), "want violations [], got [user:toor]"},
		"a skip that skips":                   {noToor(), check.Skips("x", users()), ""},
		"a skip that passes":                  {noToor(), check.Skips("x", users("root")), "want not_applicable, got pass"},
		"one that stays unknown":              {noToor(), check.Leaves("x", gap), ""},
		"one that does not stay unknown":      {noToor(), check.Leaves("x", users("root")), "want unknown, got pass"},
		"together":                            {shared(), check.FailsTogether("x", []fact.Fact{users("a", "b"), users("b"), users("c")}, "user:b"), ""},
		"together, apart":                     {shared(), check.FailsTogether("x", []fact.Fact{users("a"), users("b")}, "user:b"), "want fail, got pass"},
		"the worst of several counts":         {noToor(), check.Passes("x", users("root"), users("toor")), "want pass, got fail"},
		"unknown is worse than a pass":        {noToor(), check.Passes("x", users("root"), gap), "want pass, got unknown"},
		"a rule that breaks":                  {&check.Check{ID: "box-none"}, check.Passes("x", users()), "want pass, got error"},
		"an estate that is not valid":         {noToor(), check.Passes("x", users("root")).Given("nonsense: 1\n"), "its estate is not valid"},
		"an estate that is":                   {noToor(), check.Passes("x", users("root")).Given(oneSystem), ""},
		"a key that names no sort":            {says(failing(check.Violation{Key: "toor", Detail: "d"})), check.Fails("x", users(), "toor"), "not of the form sort:name"},
		"a violation without a detail":        {says(failing(check.Violation{Key: "user:a"})), check.Fails("x", users(), "user:a"), "detail of one line"},
		"a detail of two lines":               {says(failing(check.Violation{Key: "user:a", Detail: "a\nb"})), check.Fails("x", users(), "user:a"), "detail of one line"},
		"a pointer that is none":              {says(failing(check.Violation{Key: "user:a", Detail: "d", At: "users"})), check.Fails("x", users(), "user:a"), "no JSON pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.x.Verify(tc.c, check.Catalogue{})
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), `example "x"`)):
				t.Errorf("got %v, want example \"x\" with %q", err, tc.want)
			}
		})
	}
}

func failing(v check.Violation) check.Result { return check.Failed("", []check.Violation{v}) }

// The facts of an example are observations of subjects that an estate can declare, seen when it is judged.
func TestExampleFacts(t *testing.T) {
	x := check.Passes("x", users("a"), users("b"), users("c"))
	var got []string
	for _, o := range x.Facts {
		got = append(got, o.Subject)
		if o.Kind != (box{}).Kind() || !o.ObservedAt.Equal(check.ExampleNow) || o.Problem != nil {
			t.Errorf("observation %+v", o)
		}
	}
	if d := cmp.Diff([]string{check.ExampleSubject, "test/web-1", "prod/web-2"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
