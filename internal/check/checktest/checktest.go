// Package checktest holds what every check of every subject promises. A subject's test calls Run.
package checktest

import (
	"regexp"
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

var idForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)

// Run tests the source and all checks of one subject.
func Run(t *testing.T, src host.Source, checks []*check.Check) {
	t.Helper()
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.ID, func(t *testing.T) { Check(t, c, cat, src) })
	}
}

// Check tests one check: its texts, its examples, and that it never passes without evidence.
func Check(t *testing.T, c *check.Check, cat check.Catalogue, src host.Source) {
	t.Helper()
	if !idForm.MatchString(c.ID) {
		t.Errorf("id %q: want lower-case words joined by hyphens", c.ID)
	}
	for name, text := range map[string]string{"Title": c.Title, "Doc": c.Doc, "Remedy": c.Remedy} {
		if text == "" || strings.Contains(text, "FILL IN") {
			t.Errorf("%s is missing", name)
		}
	}
	if len(c.Requirements) == 0 {
		t.Error("names no requirement")
	}
	if _, ok := cat[c.ID]; !ok {
		t.Errorf("catalog/checks has no entry %q", c.ID)
	}
	passes, fails := 0, 0
	for _, x := range c.Examples {
		if err := x.Verify(c, cat); err != nil {
			t.Error(err)
		}
		switch x.Want {
		case check.Pass:
			passes++
		case check.Fail:
			fails++
		}
	}
	if passes == 0 || fails == 0 {
		t.Errorf("has %d passing and %d failing examples, want at least one each", passes, fails)
	}
	if src.Parse != nil && src.Kind == c.Rule.Kind {
		blind(t, c, cat, src)
	}
}

// blind judges a fact of which nothing could be seen: neither a pass nor a fail may come of it.
func blind(t *testing.T, c *check.Check, cat check.Catalogue, src host.Source) {
	t.Helper()
	f := src.Parse(host.NewEvidence(), fact.Key{})
	o := fact.Observation{Subject: check.ExampleSubject, Kind: f.Kind(), Fact: f, ObservedAt: check.ExampleNow}
	for _, r := range check.Judge(c, cat, []fact.Observation{o}, nil, check.ExampleNow) {
		if r.Verdict != check.Unknown {
			t.Errorf("with no evidence at all the verdict is %s (%s), want unknown: name the parts in Needs", r.Verdict, r.Detail)
		}
	}
}
