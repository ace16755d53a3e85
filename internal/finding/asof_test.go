package finding_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// Listing as of a past moment shows what was known then.
func TestAsOf(t *testing.T) {
	var m memory
	m.run("r0", outcome(0, check.Fail, "user:toor"))
	m.run("r1", outcome(1, check.Fail, "user:toor"))
	m.run("r2", outcome(2, check.Pass))
	m.run("r4", outcome(4, check.Fail, "user:toor", "user:late"))
	m.run("r5", outcome(5, check.Unknown))
	m.run("r6", outcome(6, check.Fail, "user:late"))

	type known struct {
		State                 finding.State
		Occurrence            int
		Identified, FirstSeen time.Time
		ClosedBy              string
	}
	open := func(occurrence, identified, first int) known {
		return known{finding.Open, occurrence, day(identified), day(first), ""}
	}
	for _, tc := range []struct {
		at   time.Time
		rule string
		want map[string]known
	}{
		{day(0).Add(-time.Nanosecond), "before it was seen it was not known", map[string]known{}},
		{day(0), "the moment itself counts", map[string]known{"user:toor": open(1, 0, 0)}},
		{day(1), "still there", map[string]known{"user:toor": open(1, 0, 0)}},
		{day(2), "gone", map[string]known{"user:toor": {finding.Closed, 1, day(0), day(0), "r2"}}},
		{day(3), "still gone", map[string]known{"user:toor": {finding.Closed, 1, day(0), day(0), "r2"}}},
		{day(4), "back, and another", map[string]known{"user:toor": open(2, 4, 0), "user:late": open(1, 4, 4)}},
		{day(5), "an unknown changes nothing", map[string]known{"user:toor": open(2, 4, 0), "user:late": open(1, 4, 4)}},
		{day(6), "gone again", map[string]known{"user:toor": {finding.Closed, 2, day(4), day(0), "r6"}, "user:late": open(1, 4, 4)}},
		{day(99), "later nothing has changed", map[string]known{"user:toor": {finding.Closed, 2, day(4), day(0), "r6"}, "user:late": open(1, 4, 4)}},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			got := map[string]known{}
			for _, f := range finding.AsOf(m.all(), m.events, tc.at) {
				got[f.Key] = known{f.State, f.Occurrence, f.Identified, f.FirstSeen, f.ClosedBy}
				if f.LastSeen.After(tc.at) || f.LastSeen.Before(f.FirstSeen) {
					t.Errorf("%s was last seen %s, as of %s", f.Key, f.LastSeen, tc.at)
				}
				if (f.ClosedAt != nil) != (f.State == finding.Closed) || f.ClosedAt != nil && f.ClosedAt.After(tc.at) {
					t.Errorf("%s is %s, closed at %v, as of %s", f.Key, f.State, f.ClosedAt, tc.at)
				}
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	if d := cmp.Diff(m.all(), finding.AsOf(m.all(), m.events, day(99))); d != "" {
		t.Errorf("as of the end it is not what is known now:\n%s", d)
	}
}
