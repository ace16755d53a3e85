package finding_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// TestImportedFollow: what a report does to one finding, by who has seen it before.
func TestImportedFollow(t *testing.T) {
	const key = "vulnerability:CVE-1@npm/x"
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	place := finding.Place{Check: "vulnerabilities-known", Kind: "vulnerabilities", Subject: "a"}
	sighting := finding.Sighting{Violation: check.Violation{Key: key, Detail: "as trivy words it", Severity: check.Low}}
	old := func(state finding.State, closed time.Time, sources ...string) *finding.Finding {
		f := finding.Finding{ID: finding.ID(place.Check, place.Kind, place.Subject, key), Check: place.Check, Kind: place.Kind, Subject: "a", Key: key, Detail: "as it was", State: state, Occurrence: 1,
			Identified: noon, FirstSeen: noon, LastSeen: noon, Severity: check.High, Ratings: []finding.Rating{{Since: noon, Severity: check.High}}, Sources: sources}
		if !closed.IsZero() {
			f.ClosedAt = &closed
		}
		return &f
	}
	hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	for _, x := range []struct {
		name    string
		before  *finding.Finding
		at      time.Time
		seen    bool
		given   time.Time // date of the report
		want    string    // happenings
		state   finding.State
		sources string
		since   time.Time
		detail  string
	}{
		{"new", nil, hour(1), true, time.Time{}, "opened", finding.Open, "trivy", hour(1), "as trivy words it"},
		{"new, with an earlier date", nil, hour(1), true, hour(-48), "opened", finding.Open, "trivy", hour(-48), "as trivy words it"},
		{"new, with a later date", nil, hour(1), true, hour(48), "opened", finding.Open, "trivy", hour(1), "as trivy words it"},
		{"seen by holdfast", old(finding.Open, time.Time{}), hour(1), true, time.Time{}, "joined seen", finding.Open, "holdfast, trivy", noon, "as it was"},
		{"seen by holdfast, earlier in the report", old(finding.Open, time.Time{}), hour(1), true, hour(-1), "joined seen", finding.Open, "holdfast, trivy", hour(-1), "as it was"},
		{"seen by both", old(finding.Open, time.Time{}, "holdfast", "trivy"), hour(1), true, time.Time{}, "seen", finding.Open, "holdfast, trivy", noon, "as it was"},
		{"seen by trivy alone: its words count", old(finding.Open, time.Time{}, "trivy"), hour(1), true, time.Time{}, "rated", finding.Open, "trivy", noon, "as trivy words it"},
		{"seen by grype first: its words count", old(finding.Open, time.Time{}, "grype"), hour(1), true, time.Time{}, "joined seen", finding.Open, "grype, trivy", noon, "as it was"},
		{"lacks what holdfast sees", old(finding.Open, time.Time{}), hour(1), false, time.Time{}, "", "", "", time.Time{}, ""},
		{"lacks what grype sees", old(finding.Open, time.Time{}, "grype"), hour(1), false, time.Time{}, "", "", "", time.Time{}, ""},
		{"lacks what holdfast sees too", old(finding.Open, time.Time{}, "holdfast", "trivy"), hour(1), false, time.Time{}, "left", finding.Open, "", noon, "as it was"},
		{"lacks what it alone saw", old(finding.Open, time.Time{}, "trivy"), hour(1), false, time.Time{}, "closed", finding.Closed, "trivy", noon, "as it was"},
		{"closed, and reported since", old(finding.Closed, hour(1)), hour(2), true, hour(-48), "reopened", finding.Open, "trivy", hour(2), "as trivy words it"},
		{"closed, and the report is older", old(finding.Closed, hour(2)), hour(1), true, time.Time{}, "", "", "", time.Time{}, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := finding.Imported{Place: place, Source: "trivy", At: x.at, Now: hour(3), Run: "import of trivy"}
			if x.seen {
				s := sighting
				s.Identified = x.given
				r.Seen = []finding.Sighting{s}
			}
			var before []finding.Finding
			if x.before != nil {
				before = append(before, *x.before)
			}
			changes := r.Follow(before)
			var happened []string
			for _, c := range changes {
				happened = append(happened, string(c.Happened))
			}
			if got := strings.Join(happened, " "); got != x.want {
				t.Fatalf("%s, want %s", got, x.want)
			}
			if len(changes) == 0 {
				return
			}
			f := changes[len(changes)-1].Finding
			if f.State != x.state || strings.Join(f.Sources, ", ") != x.sources || !f.Identified.Equal(x.since) || f.Detail != x.detail {
				t.Errorf("%s by %v since %s: %s", f.State, f.Sources, f.Identified, f.Detail)
			}
			if !f.Ratings[0].Since.Equal(f.Identified) {
				t.Errorf("rated since %s, identified %s", f.Ratings[0].Since, f.Identified)
			}
			// The same report again changes nothing that is kept.
			if f.State == finding.Open && x.seen {
				again := r.Follow([]finding.Finding{f})
				if len(again) != 1 || again[0].Happened != finding.Still || !slices.Equal(again[0].Sources, f.Sources) || again[0].LastSeen != f.LastSeen {
					t.Errorf("again: %+v", again)
				}
			}
		})
	}
}
