// Package planted holds whole assessments of file trees with faults that were put there on purpose:
// each is found, nothing else is, and no tree makes an assessment fail or look outside. It tests
// through package app, as the command does, and builds its trees in temporary folders only.
package planted

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

// judged is when all trees are judged: the package lists of the clean tree are valid then.
var judged = time.Date(2026, 3, 23, 12, 0, 0, 0, time.UTC)

// assess judges trees with a state of its own.
func assess(t *testing.T, o app.Options) *report.Assessment {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if o.State == "" {
		o.State = t.TempDir()
	}
	o.Version = "test"
	if o.Now.IsZero() {
		o.Now = judged
	}
	a, err := app.Assess(ctx, o)
	if err != nil && !errors.Is(err, app.ErrNoTarget) {
		t.Fatalf("assess %v: %v", o.Targets, err)
	}
	return a
}

// look judges one tree under the name "web".
func (r tree) look() *report.Assessment {
	r.t.Helper()
	return assess(r.t, app.Options{Targets: []string{"rootfs:" + r.dir}, Subject: "web"})
}

// fault is a check and the key of a violation.
type fault struct{ check, key string }

// faults gives all violations with their details. The key of a secret ends in a fingerprint that is
// different in each state; it is cut off.
func faults(a *report.Assessment) map[fault]string {
	out := map[fault]string{}
	for _, r := range a.Results {
		for _, v := range r.Violations {
			key := v.Key
			if parts := strings.SplitN(key, ":", 3); parts[0] == "secret" && len(parts) == 3 {
				key = parts[0] + ":" + parts[1]
			}
			out[fault{r.Check, key}] = v.Detail
		}
	}
	return out
}

// same compares faults and shows the details of those that were not expected.
func same(t *testing.T, want []fault, a *report.Assessment) {
	t.Helper()
	got := faults(a)
	order := func(x, y fault) int {
		return cmp.Or(strings.Compare(x.check, y.check), strings.Compare(x.key, y.key))
	}
	sorted := slices.SortedFunc(maps.Keys(got), order)
	want = slices.Compact(slices.SortedFunc(slices.Values(want), order))
	if len(want) == 0 && len(sorted) == 0 {
		return
	}
	if d := gocmp.Diff(want, sorted, gocmp.AllowUnexported(fault{})); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
		for _, f := range sorted {
			if !slices.Contains(want, f) {
				t.Logf("%s %s: %s", f.check, f.key, got[f])
			}
		}
	}
}

// verdicts gives the verdict of each check on a subject.
func verdicts(a *report.Assessment, subject string) map[string]check.Verdict {
	out := map[string]check.Verdict{}
	for _, r := range a.Results {
		if r.Subject == subject {
			out[r.Check] = r.Verdict
		}
	}
	return out
}

func TestCleanTreeIsSilent(t *testing.T) {
	t.Parallel()
	a := clean(t).look()
	same(t, nil, a)
	for _, r := range a.Results {
		if r.Verdict == check.Fail {
			t.Errorf("%s fails: %s", r.Check, r.Detail)
		}
		if testing.Verbose() && r.Verdict != check.Pass {
			t.Logf("%s %s: %s", r.Verdict, r.Check, r.Detail)
		}
	}
}
