package relational

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// dump is all that is kept of findings, byte by byte.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"findings", "finding_events", "settings", "vulnerability_names"} {
		rows, err := s.db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				fmt.Fprintf(&b, "%v|", *c.(*any))
			}
			b.WriteString("\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestTakeTwice: the same report again, later and after another look, leaves every byte as it was; an older one is refused.
func TestTakeTwice(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	report := func(at, now time.Time, keys ...string) finding.Imported {
		r := finding.Imported{Place: finding.Place{Check: "door-shut", Kind: "door", Subject: "a"}, Source: "trivy", At: at, Now: now, Run: "import of trivy", Title: "Doors are shut"}
		for _, k := range keys {
			r.Seen = append(r.Seen, finding.Sighting{Violation: check.Violation{Key: k, Detail: k + " is open", Severity: check.High}})
		}
		return r
	}
	if _, err := look(t, s, "1", "a", noon, door{Open: []string{"front"}}); err != nil {
		t.Fatal(err)
	}
	changes, err := s.Take(t.Context(), report(noon.Add(time.Hour), noon.Add(time.Hour), "door:front", "door:back"), "one", nil)
	if err != nil || len(changes) != 3 {
		t.Fatalf("%v, %v", changes, err)
	}
	before := dump(t, s)
	// A report without a time of its own is taken as of when it came first.
	if _, err := s.Take(t.Context(), report(noon.Add(9*time.Hour), noon.Add(9*time.Hour), "door:front", "door:back"), "one", nil); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, s); after != before {
		t.Errorf("the second import changed\n%s\nto\n%s", before, after)
	}
	if _, err := s.Take(t.Context(), report(noon, noon.Add(9*time.Hour)), "older", nil); !errors.Is(err, run.ErrHistory) {
		t.Errorf("an older report: %v", err)
	}
	if after := dump(t, s); after != before {
		t.Error("the refused report left something")
	}
	// Holdfast's look closes what it alone saw, and neither what trivy reports too nor what only trivy does.
	if _, err := look(t, s, "2", "a", noon.Add(10*time.Hour), door{}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"door:front", "door:back"} {
		f, _, err := s.Finding(t.Context(), finding.ID("door-shut", "door", "a", key))
		if err != nil || f.State != finding.Open || strings.Join(f.SeenBy(), " ") != "trivy" {
			t.Errorf("%s: %s by %v, %v", key, f.State, f.SeenBy(), err)
		}
	}
	// A further look has nothing more to tell of them.
	before = dump(t, s)
	if _, err := look(t, s, "3", "a", noon.Add(11*time.Hour), door{}); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, s); after != before {
		t.Errorf("a further look changed\n%s\nto\n%s", before, after)
	}
}
