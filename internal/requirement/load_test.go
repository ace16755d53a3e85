package requirement

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.example/holdfast/catalog"
)

func load(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t testing.TB, id string) *Requirement {
	t.Helper()
	r, ok := load(t).Get(id)
	if !ok {
		t.Fatalf("the catalogue has no %s", id)
	}
	return r
}

// sections is how many requirements each section of the standard has.
var sections = []int{6, 12, 6, 4, 7, 8, 4, 3, 2, 5, 1}

func TestCatalogueHasEveryRequirementInOrder(t *testing.T) {
	var want []string
	for i, n := range sections {
		for k := 1; k <= n; k++ {
			want = append(want, fmt.Sprintf("A.5.%d.%d", i+1, k))
		}
	}
	var got []string
	for _, r := range load(t).All() {
		got = append(got, r.ID)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") || len(got) != 58 {
		t.Errorf("%d requirements: %v", len(got), got)
	}
}

func TestCatalogueSaysOfEachRequirement(t *testing.T) {
	iso := regexp.MustCompile(`^A\.([5-8])\.([1-9][0-9]?)$`)
	isoLast := map[string]int{"5": 37, "6": 8, "7": 14, "8": 34}
	nist := regexp.MustCompile(`^(AC|AT|AU|CA|CM|CP|IA|IR|MA|MP|PE|PL|PM|PS|PT|RA|SA|SC|SI|SR)-[1-9][0-9]?(\([1-9][0-9]?\))?$`)
	cis := regexp.MustCompile(`^([1-9]|1[0-8])\.([1-9]|1[0-4])$`)
	cisLast := []int{0, 5, 7, 14, 12, 6, 8, 7, 12, 7, 7, 5, 8, 11, 9, 7, 14, 9, 5}
	used := map[string]bool{}
	titles := map[string]string{}
	for _, r := range load(t).All() {
		if other := titles[r.Title]; other != "" {
			t.Errorf("%s and %s share the title %q", r.ID, other, r.Title)
		}
		titles[r.Title] = r.ID
		if !strings.HasSuffix(r.HoldsWhen, ".") || strings.Contains(r.HoldsWhen, "\n") || strings.Count(r.HoldsWhen, ". ") > 3 {
			t.Errorf("%s: holds_when is one to four sentences in one paragraph: %q", r.ID, r.HoldsWhen)
		}
		for _, k := range r.Needs {
			used[k.Name] = true
		}
		for _, p := range r.Parts {
			for _, k := range p.Needs {
				used[k.Name] = true
			}
		}
		for _, d := range r.DecidedBy {
			if d.By == ByNothing && strings.HasSuffix(d.What, ".") {
				t.Errorf("%s: a reason stands inside a sentence and ends without a full stop: %q", r.ID, d.What)
			}
		}
		if !r.decidedByMachine() && r.undecided() == "" {
			t.Errorf("%s: no machine decides it, and nothing says why", r.ID)
		}
		for _, k := range r.Needs {
			if !k.Collected && r.undecided() == "" {
				t.Errorf("%s: needs %s, which is not collected, and no decided_by says so", r.ID, k.Name)
			}
		}
		for _, id := range r.Crosswalk.ISO27001 {
			m := iso.FindStringSubmatch(id)
			if m == nil || atoi(m[2]) > isoLast[m[1]] {
				t.Errorf("%s: ISO/IEC 27001:2022 has no %q", r.ID, id)
			}
		}
		for _, id := range r.Crosswalk.NIST80053 {
			if !nist.MatchString(id) {
				t.Errorf("%s: NIST SP 800-53 has no %q", r.ID, id)
			}
		}
		for _, id := range r.Crosswalk.CIS8 {
			m := cis.FindStringSubmatch(id)
			if m == nil || atoi(m[2]) > cisLast[atoi(m[1])] {
				t.Errorf("%s: CIS Controls v8 has no %q", r.ID, id)
			}
		}
	}
	for _, k := range load(t).Kinds() {
		if !used[k.Name] && k.Name != "kubernetes" {
			t.Errorf("kinds.yaml: nothing needs %s", k.Name)
		}
	}
}

func atoi(s string) int {
	n := 0
	_, _ = fmt.Sscan(s, &n)
	return n
}

func TestLevelsFollowTheStandard(t *testing.T) {
	c := load(t)
	for id, want := range map[string]string{
		"A.5.1.5": "must high", "A.5.3.2": "must high", "A.5.8.1": "must high", "A.5.8.2": "should high",
		"A.5.8.3": "must high", "A.5.7.4": "should high", "A.5.2.8": "should", "A.5.5.6": "may",
		"A.5.5.7": "should", "A.5.6.5": "should", "A.5.6.6": "should", "A.5.6.8": "should",
		"A.5.7.3": "should", "A.5.10.2": "should", "A.5.10.5": "may",
	} {
		r, _ := c.Get(id)
		if got := strings.TrimSpace(string(r.Level) + " " + string(r.From)); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	for _, r := range c.All() {
		want := InProduction
		if r.Section == "System hardening" {
			want = InPreProduction
		}
		if r.Section == "Environment separation" && r.ID != "A.5.1.5" && r.ID != "A.5.1.6" {
			want = InPairs
		}
		if r.Reach != want {
			t.Errorf("%s: scope %q, want %q", r.ID, r.Reach, want)
		}
	}
}

func TestNearest(t *testing.T) {
	c := load(t)
	for in, want := range map[string]string{
		"A.5.2.1": "A.5.2.1", "5.2.1": "A.5.2.1", "a.5.2.12": "A.5.2.12", "A5.2.1": "A.5.2.1",
		"A.5.2.13": "A.5.2.1", "A.5.11.2": "A.5.1.2", "sshd-root-login": "", "": "",
	} {
		if got := c.Nearest(in); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBefore(t *testing.T) {
	ordered := []string{"A.5", "A.5.1", "A.5.2.9", "A.5.2.10", "A.5.10", "A.5.x", "B.1"}
	for i, a := range ordered {
		for k, b := range ordered {
			if Before(a, b) != (i < k) {
				t.Errorf("Before(%q, %q) = %v", a, b, Before(a, b))
			}
		}
	}
}

func TestLoadNamesFileAndLine(t *testing.T) {
	kinds := "sshd: {collected: true, what: the settings}\n"
	good := "section: A.5.2\ntitle: Hardening\nscope: production\nrequirements:\n  - id: A.5.2.1\n    title: T\n    level: must\n    holds_when: H.\n    needs: [sshd]\n    decided_by: [{by: checks, what: w}]\n"
	for name, tc := range map[string]struct{ kinds, file, want string }{
		"good":             {kinds, good, ""},
		"no kinds":         {"", good, "kinds.yaml:1: the file must hold one YAML document"},
		"unknown kind":     {kinds, strings.Replace(good, "[sshd]", "[shd]", 1), `A.yaml:9: "shd" is not a kind of evidence`},
		"bad level":        {kinds, strings.Replace(good, "must", "most", 1), `A.yaml:7: level: "most" is not one of must, should, may`},
		"unknown key":      {kinds, strings.Replace(good, "title: T", "titel: T", 1), "A.yaml:6: titel: is not a key"},
		"other section":    {kinds, strings.Replace(good, "id: A.5.2.1", "id: A.5.3.1", 1), `A.yaml:5: id: "A.5.3.1" is not in section`},
		"twice":            {kinds, good + good[strings.Index(good, "  - id"):], `A.yaml:11: id: "A.5.2.1" stands there twice`},
		"not yaml":         {kinds, "section: [", "A.yaml:1:"},
		"a list":           {kinds, "- a\n", "A.yaml:1: a mapping of keys"},
		"no level":         {kinds, strings.Replace(good, "    level: must\n", "", 1), "A.yaml:"},
		"lowered by raise": {kinds, good + "    raised: {from: high, level: may}\n", "A.yaml:11: raised: must be more binding"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"kinds.yaml": {Data: []byte(tc.kinds)}, "requirements/A.yaml": {Data: []byte(tc.file)}}
			_, err := Load(fsys)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("an empty catalogue loads")
	}
}

func FuzzLoad(f *testing.F) {
	names, err := fs.Glob(catalog.FS, "requirements/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(catalog.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 3000 { // the fuzzer takes minutes to shorten the long ones
			f.Add(data)
		}
	}
	kinds, err := fs.ReadFile(catalog.FS, "kinds.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(fstest.MapFS{"kinds.yaml": {Data: kinds}, "requirements/A.yaml": {Data: data}})
		if (c == nil) != (err != nil) {
			t.Fatalf("catalogue %v with error %v", c, err)
		}
	})
}

// BenchmarkLoad is what most commands pay at their start: 11 to 14 ms on two busy cores of a Xeon at
// 2.8 GHz (2026-11-23), nearly all of it in the YAML parser.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(catalog.FS); err != nil {
			b.Fatal(err)
		}
	}
}
