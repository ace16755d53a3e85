package all

import (
	"slices"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/requirement"
)

// TestEveryCheck holds the promises of all checks, whether or not their subject's own test lists them.
func TestEveryCheck(t *testing.T) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	reqs, err := requirement.Load(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]host.Source{}
	for _, s := range Sources() {
		if _, twice := sources[s.Kind.Name]; twice {
			t.Errorf("two sources of kind %s", s.Kind.Name)
		}
		sources[s.Kind.Name] = s
	}
	seen := map[string]bool{}
	for _, c := range Checks() {
		t.Run(c.ID, func(t *testing.T) {
			if seen[c.ID] {
				t.Error("two checks have this id")
			}
			seen[c.ID] = true
			checktest.Check(t, c, cat, sources[c.Rule.Kind.Name])
			for _, r := range c.Requirements {
				if _, ok := reqs.Get(r); !ok {
					t.Errorf("names %s, which is no requirement", r)
				}
			}
		})
	}
	for id := range cat {
		if !seen[id] {
			t.Errorf("catalog/checks has settings for %q, which is no check", id)
		}
	}
}

// TestEveryRequirementIsDecided: one that names checks has some, and one that has checks says so.
func TestEveryRequirementIsDecided(t *testing.T) {
	reqs, err := requirement.Load(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reqs.All() {
		has := slices.ContainsFunc(Checks(), func(c *check.Check) bool { return slices.Contains(c.Requirements, r.ID) })
		if says := r.Decides(requirement.ByChecks); says && !has {
			t.Errorf("%s says that checks decide it, but none is bound to it", r.ID)
		} else if has && !says {
			t.Errorf("%s has checks, but its catalogue entry does not say so", r.ID)
		}
		if len(r.DecidedBy) == 0 {
			t.Errorf("%s does not say what decides it", r.ID)
		}
	}
}

// TestFactsAreTotal: with no evidence each source gives a fact, of which parts are missing, and the
// fact survives being recorded.
func TestFactsAreTotal(t *testing.T) {
	for _, s := range Sources() {
		t.Run(s.Kind.Name, func(t *testing.T) {
			f := s.Parse(host.NewEvidence(), fact.Key{})
			if len(f.Missing()) == 0 {
				t.Error("without evidence nothing is missing")
			}
			data, err := fact.Canonical(f)
			if err != nil {
				t.Fatal(err)
			}
			back, err := s.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := fact.Canonical(back); string(again) != string(data) {
				t.Errorf("recorded and decoded it differs:\n%s\n%s", data, again)
			}
		})
	}
}
