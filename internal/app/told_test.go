package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/waiver"
)

// TestApprovalsAreTold: approvals of baselines enter the ledger beside the decisions, and what the database says otherwise is named.
func TestApprovalsAreTold(t *testing.T) {
	state := t.TempDir()
	store, err := openStore(t.Context(), state, "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range 2 {
		a := drift.Approval{At: at.Add(time.Duration(i) * time.Hour), Subject: "prod/web-1", Actor: waiver.Actor{Person: "sam"}, Reason: "go-live"}
		if _, err := store.Approve(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
		if err := enter(t.Context(), store, state); err != nil {
			t.Fatal(err)
		}
	}
	v, err := VerifyLedger(t.Context(), state, "")
	if err != nil || v.Approvals != 2 || v.Decisions != 0 || v.Checkpoint.Size != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	all, err := toldBy(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	files := ledgerOf(state).FS()
	for want, change := range map[string]func([]drift.Approval) []drift.Approval{
		"approval/1 in the database is not what entry 0": func(a []drift.Approval) []drift.Approval { a[0].Reason = "x"; return a },
		"no longer in the database":                      func(a []drift.Approval) []drift.Approval { return a[:1] },
		"approval/3 of the database is not in the ledger": func(a []drift.Approval) []drift.Approval {
			return append(a, drift.Approval{Seq: 3})
		},
	} {
		if err := (told{approvals: change(slices.Clone(all.approvals))}).sameAs(files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
