package finding_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/waiver"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestDeadlinesKept: one finding of each fate, counted by hand.
func TestDeadlinesKept(t *testing.T) {
	now := date("2026-12-10")
	on := func(s string) *time.Time { d := date(s); return &d }
	waivers := map[string][]waiver.Waiver{}
	decide := func(id string, kind waiver.Kind, decided, until string) {
		waivers[id] = append(waivers[id], waiver.Waiver{ID: "W-" + id, Kind: kind, Covers: []waiver.Covered{{Finding: id}}, DecidedAt: on(decided), Approved: true, Until: date(until)})
	}
	var list []finding.Finding
	add := func(id, identified, firstDue, closed string, team ...string) *finding.Finding {
		f := finding.Finding{ID: id, State: finding.Open, Occurrence: 1, Identified: date(identified), FirstSeen: date(identified), Severity: check.High}
		f.Teams, f.Applications = team, team
		if firstDue != "" {
			f.FirstDue, f.Due = on(firstDue), on(firstDue)
		}
		if closed != "" {
			f.State, f.ClosedAt = finding.Closed, on(closed)
		}
		list = append(list, f)
		return &list[len(list)-1]
	}
	add("closed in time", "2026-10-01", "2026-10-08", "2026-10-08", "a")
	add("closed late", "2026-10-01", "2026-10-08", "2026-10-09", "a")
	add("closed after an extension", "2026-10-05", "2026-10-12", "2026-10-20", "a")
	decide("closed after an extension", waiver.Extension, "2026-10-10", "2026-10-31")
	add("open and overdue", "2026-11-20", "2026-11-27", "", "a", "b")
	add("open and running", "2026-12-08", "2026-12-15", "", "b")
	add("mitigated in time", "2026-11-01", "2026-11-08", "", "b")
	decide("mitigated in time", waiver.Mitigation, "2026-11-05", "2026-12-31")
	list[len(list)-1].SettledBy, list[len(list)-1].SettledAs, list[len(list)-1].Until = "W-1", waiver.Mitigation, on("2026-12-31")
	add("mitigation over", "2026-11-01", "2026-11-08", "", "b")
	decide("mitigation over", waiver.Mitigation, "2026-11-05", "2026-12-01")
	accepted := add("accepted", "2026-09-01", "2026-09-08", "", "b")
	accepted.SettledBy, accepted.SettledAs, accepted.Until = "W-2", waiver.Acceptance, on("2026-12-31")
	add("no deadline", "2026-12-09", "", "")
	add("not yet known", "2026-12-11", "2026-12-18", "", "a")
	add("closes tomorrow", "2026-12-01", "2026-12-08", "2026-12-11", "b")

	got := finding.NewDeadlines(list, waivers, finding.Period{Now: now})
	want := finding.Deadlines{
		Total:        finding.Figures{Met: 2, Extended: 1, Missed: 4, Running: 1, Accepted: 1, NoDeadline: 1},
		Teams:        []finding.Figure{{"a", finding.Figures{Met: 1, Extended: 1, Missed: 2}}, {"b", finding.Figures{Met: 1, Missed: 3, Running: 1, Accepted: 1}}, {"none", finding.Figures{NoDeadline: 1}}},
		Applications: []finding.Figure{{"a", finding.Figures{Met: 1, Extended: 1, Missed: 2}}, {"b", finding.Figures{Met: 1, Missed: 3, Running: 1, Accepted: 1}}, {"none", finding.Figures{NoDeadline: 1}}},
		Months: []finding.Figure{{"2026-09", finding.Figures{Accepted: 1}}, {"2026-10", finding.Figures{Met: 1, Extended: 1, Missed: 1}}, {"2026-11", finding.Figures{Met: 1, Missed: 2}},
			{"2026-12", finding.Figures{Missed: 1, Running: 1, NoDeadline: 1}}},
		Ageing: []finding.Age{{"0-7", 2, 0}, {"8-30", 2, 2}, {"31-90", 1, 1}, {">90", 0, 0}},
		Trend:  []finding.Trend{{"2026-09", 1, 0, 1}, {"2026-10", 3, 3, 1}, {"2026-11", 3, 0, 4}, {"2026-12", 3, 0, 7}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if p, ok := got.Total.Percent(got.Total.Met); !ok || p < 28.5 || p > 28.6 {
		t.Errorf("met in %v %% of the decided ones, want 2 of 7", p)
	}
	if _, ok := (finding.Figures{Running: 3}).Percent(0); ok {
		t.Error("a percentage of nothing")
	}
	some := finding.NewDeadlines(list, waivers, finding.Period{Now: now, From: date("2026-10-01"), To: date("2026-11-01")})
	if d := cmp.Diff(finding.Figures{Met: 1, Extended: 1, Missed: 1}, some.Total); d != "" {
		t.Errorf("October alone: -want +got:\n%s", d)
	}
}

// TestAgeing: the edges of the buckets, on a day that has 25 hours too.
func TestAgeing(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	since := time.Date(2026, 10, 20, 12, 0, 0, 0, zone) // clocks go back on the 25th
	for _, x := range []struct {
		now  time.Time
		want int
	}{
		{since, 0}, {since.AddDate(0, 0, 8).Add(-1), 0}, {since.AddDate(0, 0, 8), 1}, {since.AddDate(0, 0, 31).Add(-1), 1}, {since.AddDate(0, 0, 31), 2},
		{since.AddDate(0, 0, 91).Add(-1), 2}, {since.AddDate(0, 0, 91), 3},
	} {
		d := finding.NewDeadlines([]finding.Finding{{ID: "x", State: finding.Open, Identified: since.UTC()}}, nil, finding.Period{Now: x.now, Zone: zone})
		for i, a := range d.Ageing {
			if (a.Open == 1) != (i == x.want) {
				t.Errorf("at %s: %+v, want bucket %d", x.now, d.Ageing, x.want)
			}
		}
	}
}

// TestOccurrences: what came back is counted each time that it came.
func TestOccurrences(t *testing.T) {
	f := finding.Finding{ID: "x", State: finding.Open, Occurrence: 2, Identified: date("2026-11-20"), FirstSeen: date("2026-10-01"), Severity: check.High}
	history := []finding.Event{{Finding: "x", At: date("2026-10-01"), Happened: finding.Opened}, {Finding: "x", At: date("2026-10-02"), Happened: finding.Claimed},
		{Finding: "x", At: date("2026-10-05"), Happened: finding.Ended, Run: "r"}, {Finding: "x", At: date("2026-11-20"), Happened: finding.Reopened}}
	due := date("2026-10-08")
	got := finding.Occurrences(f, history, func(p finding.Finding) finding.Standing { return finding.Standing{FirstDue: &due} })
	if len(got) != 2 || got[0].State != finding.Closed || !got[0].Identified.Equal(date("2026-10-01")) || !got[0].ClosedAt.Equal(date("2026-10-05")) || got[0].FirstDue == nil || got[1].State != finding.Open {
		t.Errorf("%+v", got)
	}
	if d := finding.NewDeadlines(got, nil, finding.Period{Now: date("2026-11-25")}); d.Total.Met != 1 || d.Total.NoDeadline != 1 {
		t.Errorf("%+v", d.Total)
	}
	// Closed for good: no occurrence is counted twice.
	f.Occurrence, f.State, f.ClosedAt = 1, finding.Closed, &history[2].At
	if got := finding.Occurrences(f, history[:3], nil); len(got) != 1 {
		t.Errorf("%d occurrences of one", len(got))
	}
}
