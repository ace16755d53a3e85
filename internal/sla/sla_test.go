package sla_test

import (
	"testing"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/sla"
)

func table(t testing.TB) sla.Table {
	t.Helper()
	out, err := sla.LoadTable(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func calendar(t testing.TB, region, zone string) sla.Calendar {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sla.NewCalendar(region, loc, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func day(t testing.TB, s string) sla.Day {
	t.Helper()
	d, err := scalar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return sla.Day{Date: d}
}

// TestWorkedExamples: the examples of the specification, row by row.
func TestWorkedExamples(t *testing.T) {
	internetHigh, internetLow := sla.Row{Internet: true, Critical: true}, sla.Row{Internet: true}
	internalHigh, internalLow := sla.Row{Critical: true}, sla.Row{}
	for _, x := range []struct {
		identified, region string
		row                sla.Row
		column             sla.Column
		release            string
		due                string // UTC; empty for none
	}{
		{"2026-12-23T15:00:00+01:00", "de-by", internetHigh, sla.Critical, "", "2026-12-24T22:59:59Z"},
		{"2026-12-24T09:00:00+01:00", "de-by", internetHigh, sla.Critical, "", "2026-12-28T22:59:59Z"},
		{"2026-11-27T18:30:00+01:00", "de-by", internetHigh, sla.Critical, "", "2026-11-30T22:59:59Z"},
		{"2026-11-29T23:30:00Z", "de-by", internetHigh, sla.Critical, "", "2026-12-01T22:59:59Z"},
		{"2027-01-05T23:59:00+01:00", "de-by", internetHigh, sla.Critical, "", "2027-01-07T22:59:59Z"},
		{"2027-01-05T23:59:00+01:00", "de-be", internetHigh, sla.Critical, "", "2027-01-06T22:59:59Z"},
		{"2026-04-02T16:00:00+02:00", "de-by", internetHigh, sla.Critical, "", "2026-04-07T21:59:59Z"},
		{"2026-10-23T12:00:00+02:00", "de-by", internetHigh, sla.Critical, "", "2026-10-26T22:59:59Z"},
		{"2027-03-25T10:00:00+01:00", "de-by", internetHigh, sla.High, "", "2027-04-01T08:00:00Z"},
		{"2027-03-21T02:30:00+01:00", "de-by", internalHigh, sla.Critical, "", "2027-03-28T01:30:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internetLow, sla.High, "", "2026-12-14T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internalHigh, sla.High, "", "2026-12-23T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internalLow, sla.High, "", "2027-01-22T09:00:00Z"},
		{"2026-08-31T12:00:00+02:00", "de-by", internetHigh, sla.Moderate, "", "2027-02-28T11:00:00Z"},
		{"2026-12-15T08:00:00+01:00", "de-by", internetHigh, sla.Moderate, "2026-12-15", "2027-06-15T06:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internalHigh, sla.Moderate, "2026-12-15", "2026-12-15T22:59:59Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internalLow, sla.Moderate, "", ""},
		// Not in the specification: others of the table, a time that comes twice, no severity that has deadlines.
		{"2026-11-23T10:00:00+01:00", "de-by", internetLow, sla.Critical, "", "2026-11-30T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internalLow, sla.Critical, "", "2026-12-14T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internetLow, sla.Moderate, "2026-12-15", ""},
		{"2026-10-18T02:30:00+02:00", "de-by", internalHigh, sla.Critical, "", "2026-10-25T00:30:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", internetHigh, "low", "", ""},
		{"2026-11-23T10:00:00+01:00", "", internetHigh, sla.Critical, "", "2026-11-24T22:59:59Z"},
		{"2027-06-15T10:00:00+02:00", "de-by", internetHigh, sla.Moderate, "2029-01-01", "2027-12-15T09:00:00Z"},
	} {
		rules := sla.Rules{Table: table(t), Row: x.row, Calendar: calendar(t, x.region, "Europe/Berlin")}
		if x.release != "" {
			rules.Releases = []sla.Day{day(t, "2020-01-01"), day(t, x.release), day(t, "2031-01-01")}
		}
		got := "" // none
		if due := rules.Due(at(t, x.identified), []sla.Rating{{Since: at(t, x.identified), Column: x.column}}); due != nil {
			got = due.Format(time.RFC3339)
		}
		if got != x.due {
			t.Errorf("%s %s %s %s: due %q, want %q", x.identified, x.region, x.row, x.column, got, x.due)
		}
	}
}

// TestSeverityChanges: a rise counts from when it was known and never gives more time; a fall counts from identification.
func TestSeverityChanges(t *testing.T) {
	start := at(t, "2026-11-23T10:00:00+01:00") // a Monday
	rules := sla.Rules{Table: table(t), Row: sla.Row{Internet: true, Critical: true}, Calendar: calendar(t, "de-by", "Europe/Berlin")}
	after := func(days int) time.Time { return start.AddDate(0, 0, days) }
	for name, x := range map[string]struct {
		ratings []sla.Rating
		due     string
	}{
		"high":                            {[]sla.Rating{{start, sla.High}}, "2026-11-30T09:00:00Z"},
		"rises after two days":            {[]sla.Rating{{start, sla.High}, {after(2), sla.Critical}}, "2026-11-26T22:59:59Z"},
		"rises on the last day":           {[]sla.Rating{{start, sla.High}, {after(7), sla.Critical}}, "2026-11-30T09:00:00Z"},
		"rises when it is overdue":        {[]sla.Rating{{start, sla.High}, {after(30), sla.Critical}}, "2026-11-30T09:00:00Z"},
		"rises from no deadline":          {[]sla.Rating{{start, "low"}, {after(30), sla.High}}, "2026-12-30T09:00:00Z"},
		"falls":                           {[]sla.Rating{{start, sla.Critical}, {after(3), sla.High}}, "2026-11-30T09:00:00Z"},
		"falls to no deadline":            {[]sla.Rating{{start, sla.Critical}, {after(3), "low"}}, ""},
		"rises and falls":                 {[]sla.Rating{{start, sla.High}, {after(1), sla.Critical}, {after(2), sla.High}}, "2026-11-30T09:00:00Z"},
		"falls and rises":                 {[]sla.Rating{{start, sla.Critical}, {after(1), sla.High}, {after(2), sla.Critical}}, "2026-11-26T22:59:59Z"},
		"stays through a second sighting": {[]sla.Rating{{start, sla.High}, {after(2), sla.High}}, "2026-11-30T09:00:00Z"},
	} {
		got := ""
		if due := rules.Due(start, x.ratings); due != nil {
			got = due.Format(time.RFC3339)
		}
		if got != x.due {
			t.Errorf("%s: due %q, want %q", name, got, x.due)
		}
	}
}

func TestOverdue(t *testing.T) {
	due := at(t, "2026-11-24T22:59:59Z")
	if sla.Overdue(due, due) || !sla.Overdue(due, due.Add(1)) {
		t.Error("the instant itself is in time, the next is not")
	}
}

func TestStricter(t *testing.T) {
	rows := []sla.Row{{Internet: true, Critical: true}, {Internet: true}, {Critical: true}, {}}
	for i, a := range rows {
		for j, b := range rows {
			if a.Stricter(b) != (i < j) {
				t.Errorf("%s stricter than %s: %v", a, b, a.Stricter(b))
			}
		}
	}
}

func TestRegions(t *testing.T) {
	for region, want := range map[string]string{"de-xx": "de", "de-yb": "de", "xx": "", "dee": "de", "au": "au-act", "us-ca": "us"} {
		_, err := sla.NewCalendar(region, nil, nil)
		unknown, ok := err.(sla.UnknownRegion)
		if !ok {
			t.Errorf("%s: %v", region, err)
			continue
		}
		if got := unknown.Nearest(); want != "" && got == "" || want != "" && got[:2] != want[:2] {
			t.Errorf("%s: nearest %q, want %q", region, got, want)
		}
	}
	for _, r := range sla.Regions() {
		c, err := sla.NewCalendar(r, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		working := 0
		for d := day(t, "2026-01-01"); d.Year == 2026; d = d.Next() {
			if c.Working(d) {
				working++
			}
		}
		if working < 235 || working > 257 {
			t.Errorf("%s has %d working days in 2026", r, working)
		}
	}
}

// TestClosures: days of the organisation's own are no working days; nor are holidays far from today.
func TestClosures(t *testing.T) {
	c, err := sla.NewCalendar("de-by", nil, []sla.Day{day(t, "2026-11-24")})
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]bool{"2026-11-23": true, "2026-11-24": false, "2026-11-28": false, "2099-12-25": false, "2099-12-23": true, "2010-01-06": false} {
		if c.Working(day(t, d)) != want {
			t.Errorf("%s: working %v", d, !want)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	rules := sla.Rules{Table: table(b), Row: sla.Row{Internet: true, Critical: true}, Calendar: calendar(b, "de-by", "Europe/Berlin")}
	start := at(b, "2026-12-24T09:00:00+01:00")
	ratings := []sla.Rating{{start, sla.Critical}}
	b.ReportAllocs()
	for b.Loop() {
		rules.Due(start, ratings)
	}
}
