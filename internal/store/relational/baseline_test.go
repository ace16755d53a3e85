package relational

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/waiver"
)

func TestBaselines(t *testing.T) {
	s, err := opened(t, filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	data := []byte(`{"a":1}`)
	b := drift.Baseline{Subject: "prod/web-1", Kind: "sshd/1", Digest: fact.Digest(data), Fact: "f", Known: []string{"a"}, Missing: []string{"host_keys"}, By: "sam", At: at, Reason: "go-live", Data: data}
	approval := drift.Approval{At: at, Subject: b.Subject, Actor: waiver.Actor{Person: "sam"}, Reason: "go-live", Covers: []drift.Covered{{Kind: b.Kind, After: b.Digest}}}
	if _, err := s.Approve(t.Context(), approval, []drift.Baseline{b}); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"", b.Subject} {
		got, err := s.Baselines(t.Context(), subject)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		full, err := s.Filled(t.Context(), got[0])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b, full); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	}
	if got, err := s.Baselines(t.Context(), "prod/web-2"); err != nil || len(got) != 0 {
		t.Error(got, err)
	}

	// The second sees that the first was faster.
	if _, err := s.Approve(t.Context(), approval, []drift.Baseline{b}); err == nil || !strings.Contains(err.Error(), "at the same time") {
		t.Errorf("got %v", err)
	}
	if all, err := s.Approvals(t.Context()); err != nil || len(all) != 1 || drift.Verify(all) != nil {
		t.Error(all, err)
	}
	approval.Covers[0].Before = b.Digest
	approval.At = at.Add(-time.Hour)
	if _, err := s.Approve(t.Context(), approval, []drift.Baseline{b}); err == nil {
		t.Error("an approval is written into the past")
	}
	approval.At = at.Add(time.Hour)
	if _, err := s.Approve(t.Context(), approval, []drift.Baseline{b}); err != nil {
		t.Error(err)
	}
	if _, err := s.db.ExecContext(t.Context(), "UPDATE approvals SET data = ''"); err == nil {
		t.Error("approvals can be changed")
	}
	if _, err := s.db.ExecContext(t.Context(), "DELETE FROM approvals"); err == nil {
		t.Error("approvals can be deleted")
	}
	if _, err := s.db.ExecContext(t.Context(), "UPDATE baselines SET digest = 'x'"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Baselines(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Filled(t.Context(), got[0]); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

func TestDifferences(t *testing.T) {
	s, err := opened(t, filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	open := func(subject, kind, path string) drift.Open {
		return drift.Open{Subject: subject, Kind: kind, Change: drift.Change{Path: path, Sort: drift.Changed, Before: "1", After: "2"}, FirstSeen: at, Group: path}
	}
	a, b, c := open("a", "sshd/1", "x"), open("a", "sudo/1", "y"), open("b", "sshd/1", "x")
	of := func(o drift.Open) drift.Baseline { return drift.Baseline{Subject: o.Subject, Kind: o.Kind} }
	if err := s.Differ(t.Context(), []drift.Baseline{of(a), of(b), of(c)}, []drift.Open{a, b, c}); err != nil {
		t.Fatal(err)
	}
	if err := s.Differ(t.Context(), []drift.Baseline{of(a)}, nil); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string][]drift.Open{"": {b, c}, "a": {b}, "c": nil} {
		got, err := s.Differences(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: -want +got:\n%s", subject, d)
		}
	}
}
