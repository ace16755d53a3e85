package check_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

func load(t *testing.T, files map[string]string) (check.Catalogue, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return check.LoadCatalogue(fsys)
}

func TestLoadCatalogue(t *testing.T) {
	cat, err := load(t, map[string]string{
		"checks/box.yaml": `
box-plain: {}
box-set: {severity: high, level: should, levels: {A.5.2.1: must}, interval: 1h, max_age: 90m}
box-often: {interval: 6h, params: {days: 30}}
`,
		"checks/crate.yaml": "crate-one: {severity: critical}\n",
		"other/x.yaml":      "box-plain: {severity: low}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := check.Catalogue{
		"box-plain": check.DefaultSettings,
		"box-set": {Severity: check.High, Level: check.Should, Levels: map[string]check.Level{"A.5.2.1": check.Must},
			Interval: time.Hour, MaxAge: 90 * time.Minute},
		"box-often": {Severity: check.Moderate, Level: check.Must, Params: map[string]any{"days": uint64(30)}, Interval: 6 * time.Hour, MaxAge: 12 * time.Hour},
		"crate-one": {Severity: check.Critical, Level: check.Must, Interval: 24 * time.Hour, MaxAge: 48 * time.Hour},
	}
	if d := cmp.Diff(want, cat); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff(check.DefaultSettings, cat.For("never-heard-of")); d != "" {
		t.Errorf("a check that the catalogue does not mention: %s", d)
	}
	set := cat.For("box-set")
	if set.LevelFor("A.5.2.1") != check.Must || set.LevelFor("A.5.2.2") != check.Should {
		t.Errorf("levels %s and %s, want that of the requirement, else that of the check", set.LevelFor("A.5.2.1"), set.LevelFor("A.5.2.2"))
	}
}

// A mistake in the catalogue is told with its file, and never becomes a default.
func TestLoadCatalogueRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"an unknown setting":        {"box-a:\n  severity: high\n  sevrity: low\n", []string{"bad.yaml", "sevrity", "3"}},
		"broken YAML":               {"box-a: {severity: high\n", []string{"bad.yaml"}},
		"a duration without unit":   {"box-a: {interval: soon}\n", []string{"bad.yaml"}},
		"an unknown severity":       {"box-a: {severity: hihg}\n", []string{"bad.yaml", "box-a", `"hihg"`}},
		"an unknown level":          {"box-a: {level: perhaps}\n", []string{"bad.yaml", "box-a", `"perhaps"`}},
		"a negative age":            {"box-a: {max_age: -1h}\n", []string{"bad.yaml", "box-a", "-1h"}},
		"an unknown level of one":   {"box-a: {levels: {A.5.2.1: mst}}\n", []string{"bad.yaml", "box-a", `"mst"`}},
		"a check that stands twice": {"box-good: {}\n", []string{"box-good", "two files"}},
	} {
		t.Run(name, func(t *testing.T) {
			cat, err := load(t, map[string]string{"checks/bad.yaml": tc.text, "checks/good.yaml": "box-good: {}\n"})
			if err == nil || cat != nil {
				t.Fatalf("got %v, %v, want an error and no catalogue", cat, err)
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}

func TestSeverityRank(t *testing.T) {
	for i, s := range []check.Severity{check.Critical, check.High, check.Moderate, check.Low, check.Info} {
		if s.Rank() != i {
			t.Errorf("%s ranks %d, want %d", s, s.Rank(), i)
		}
	}
	if got := check.Severity("hihg").Rank(); got < check.Info.Rank() {
		t.Errorf("an unknown word ranks %d, before the least", got)
	}
}

// A rule reads parameters of its own check from the catalogue, and the time that it is given.
func TestParams(t *testing.T) {
	cat, err := load(t, map[string]string{"checks/box.yaml": `
box-rule: {params: {days: 30, least: -2, word: yes please, list: [a, 2, true], none: [], part: 1.5, whole: 2.0}}
box-other: {params: {secret: 1}}
`})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(f func(p check.Params) any) (got any, o check.Outcome) {
		c := rule(func(_ box, _ estate.View, p check.Params) check.Result { got = f(p); return check.Passed("") })
		return got, check.Judge(c, cat, []fact.Observation{seen("a", users())}, nil, now)[0]
	}
	for name, tc := range map[string]struct {
		ask  func(check.Params) any
		want any
	}{
		"a whole number":            {func(p check.Params) any { return p.Int("days") }, 30},
		"a negative number":         {func(p check.Params) any { return p.Int("least") }, -2},
		"a whole number with a dot": {func(p check.Params) any { return p.Int("whole") }, 2},
		"days of 24 hours":          {func(p check.Params) any { return p.Days("days") }, 720 * time.Hour},
		"a text":                    {func(p check.Params) any { return p.String("word") }, "yes please"},
		"a list of texts":           {func(p check.Params) any { return p.Strings("list") }, []string{"a", "2", "true"}},
		"an empty list":             {func(p check.Params) any { return p.Strings("none") }, []string{}},
		"a word in a list":          {func(p check.Params) any { return p.Has("list", "a") }, true},
		"a word not in it":          {func(p check.Params) any { return p.Has("list", "b") }, false},
		"the time of judging":       {func(p check.Params) any { return p.Now }, now},
	} {
		t.Run(name, func(t *testing.T) {
			got, o := ask(tc.ask)
			if o.Verdict != check.Pass {
				t.Fatalf("got %s: %s", o.Verdict, o.Detail)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	for name, tc := range map[string]struct {
		ask  func(check.Params) any
		says string
	}{
		"a parameter that the catalogue lacks":     {func(p check.Params) any { return p.Int("dyas") }, `no parameter "dyas" for box-rule`},
		"a parameter of another check":             {func(p check.Params) any { return p.Int("secret") }, `no parameter "secret" for box-rule`},
		"a text where a number is wanted":          {func(p check.Params) any { return p.Int("word") }, `"word" of box-rule`},
		"a fraction where a whole one is wanted":   {func(p check.Params) any { return p.Int("part") }, `"part" of box-rule`},
		"a number where a text is wanted":          {func(p check.Params) any { return p.String("days") }, `"days" of box-rule`},
		"a text where a list is wanted":            {func(p check.Params) any { return p.Strings("word") }, `"word" of box-rule`},
		"a text where a list to look in is wanted": {func(p check.Params) any { return p.Has("word", "yes") }, `"word" of box-rule`},
		"a text where days are wanted":             {func(p check.Params) any { return p.Days("word") }, `"word" of box-rule`},
	} {
		t.Run(name+" is an error", func(t *testing.T) {
			got, o := ask(tc.ask)
			if o.Verdict != check.Error || !strings.Contains(o.Detail, tc.says) {
				t.Errorf("got %v, %s %q, want error with %q", got, o.Verdict, o.Detail, tc.says)
			}
		})
	}
}

// NewParams is for tests and users' checks: values as Go writes them.
func TestNewParams(t *testing.T) {
	p := check.NewParams(now, map[string]any{"n": 3, "i": int64(4), "list": []string{"a"}})
	if p.Int("n") != 3 || p.Int("i") != 4 || !p.Has("list", "a") || !p.Now.Equal(now) {
		t.Errorf("got %+v", p)
	}
}

// The age that a check allows is the catalogue's.
func TestMaxAgeIsTheCatalogues(t *testing.T) {
	cat := check.Catalogue{"box-toor": {MaxAge: time.Hour}}
	for age, want := range map[time.Duration]check.Verdict{time.Hour: check.Pass, time.Hour + time.Second: check.Unknown} {
		o := seen("a", users("root"))
		o.ObservedAt = now.Add(-age)
		out := check.Judge(noToor(), cat, []fact.Observation{o}, nil, now)[0]
		if out.Verdict != want {
			t.Errorf("after %s: %s (%s), want %s", age, out.Verdict, out.Detail, want)
		}
		if out.Settings.MaxAge != time.Hour {
			t.Errorf("the outcome says %s", out.Settings.MaxAge)
		}
	}
}

// FuzzLoadCatalogue: an error comes with no catalogue, and what is read has no empty setting.
func FuzzLoadCatalogue(f *testing.F) {
	f.Add("box-a: {severity: high, level: may, levels: {A.5.2.1: must}, interval: 1h, params: {a: [1, x]}}\nbox-b:\n")
	f.Add("box-a: &a {max_age: -1h}\nbox-b: *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		cat, err := load(t, map[string]string{"checks/x.yaml": text})
		if err != nil && cat != nil {
			t.Fatalf("an error comes with %v", cat)
		}
		for id, s := range cat {
			if s.Severity == "" || s.Level == "" || s.Interval <= 0 || s.MaxAge <= 0 {
				t.Fatalf("%s: %+v", id, s)
			}
		}
	})
}
