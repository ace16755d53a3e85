package finding_test

import (
	"slices"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// TestNext: what to do next stands first, and the words say why.
func TestNext(t *testing.T) {
	due := func(n int) func(*finding.Finding) {
		return func(f *finding.Finding) { d := day(n); f.Due = &d }
	}
	likely := 0.6
	threat := func(x check.Threat) func(*finding.Finding) { return func(f *finding.Finding) { f.Threat = &x } }
	want := []struct {
		id, why string
		change  func(*finding.Finding)
	}{
		{"overdue longest", "overdue for 8 days", due(1)},
		{"overdue", "overdue for 1 day", due(8)},
		{"due tomorrow", "due in 2 days", due(11)},
		{"due later", "due in 20 days", due(29)},
		{"exploited", "known to be exploited, no deadline", threat(check.Threat{Exploited: true})},
		{"likely", "likely to be exploited (60 %), no deadline", threat(check.Threat{EPSS: &likely})},
		{"internet", "no deadline", func(f *finding.Finding) { f.Internet = true }},
		{"running", "no deadline", threat(check.Threat{Running: true})},
		{"severe", "no deadline", func(f *finding.Finding) { f.Severity = check.Critical }},
		{"old", "no deadline", func(f *finding.Finding) { f.Identified = day(0) }},
		{"rest", "no deadline", func(*finding.Finding) {}},
		{"closed", "no deadline", func(f *finding.Finding) { f.State = finding.Closed }},
	}
	var list []finding.Finding
	for _, w := range want {
		f := finding.Finding{ID: w.id, State: finding.Open, Severity: check.High, Identified: day(5)}
		w.change(&f)
		if got := f.WhyNext(day(9)); got != w.why {
			t.Errorf("%s: %q, want %q", w.id, got, w.why)
		}
		list = append(list, f)
	}
	slices.Reverse(list)
	slices.SortFunc(list, finding.Next)
	for i, w := range want {
		if list[i].ID != w.id {
			t.Errorf("%d is %s, want %s", i, list[i].ID, w.id)
		}
	}
}
