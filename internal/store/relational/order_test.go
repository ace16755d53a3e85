package relational

import (
	"fmt"
	"math/rand"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// TestOrder: what the database gives first is what package finding puts first.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	epss := []float64{0, 0.1, 0.9}
	odd := &check.Check{ID: "door-odd", Title: "Doors", Rule: check.On(func(d door, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, o := range d.Open {
			vs = append(vs, check.Violation{Key: "door:" + o, Detail: o, Severity: []check.Severity{check.Critical, check.High, check.Low}[r.Intn(3)],
				Threat: &check.Threat{Exploited: r.Intn(4) == 0, EPSS: &epss[r.Intn(3)], Running: r.Intn(2) == 0}})
		}
		return check.Failed("", vs)
	})}
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	for i := range 20 {
		var d door
		for n := range 20 {
			d.Open = append(d.Open, fmt.Sprint(i, "-", n))
		}
		at := noon.Add(time.Duration(i%5) * time.Hour)
		data, err := fact.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		obs := []fact.Observation{{Subject: fmt.Sprint("s", i), Kind: d.Kind(), Fact: d, Digest: fact.Digest(data), ObservedAt: at, Collector: "test"}}
		stand := func(f finding.Finding) finding.Standing {
			st := finding.Standing{Environment: "prod", Internet: i%2 == 0}
			if i%3 > 0 {
				due := noon.AddDate(0, 0, i%3)
				st.FirstDue, st.Due = &due, &due
			}
			return st
		}
		if _, err := s.Record(t.Context(), run.Run{ID: fmt.Sprint(i), Started: at, Finished: at, Version: "test"}, obs, check.Judge(odd, nil, obs, nil, at), stand); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Findings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, finding.Next)
	var want []string
	for _, f := range all {
		want = append(want, f.ID)
	}
	list, err := s.Next(t.Context(), noon, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range list {
		got = append(got, f.ID)
	}
	if d := cmp.Diff(want, got); d != "" || len(want) != 400 {
		t.Errorf("%d findings, -want +got:\n%s", len(want), d)
	}
}
