package finding_test

import (
	"testing"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/sla"
	"holdfast.example/holdfast/internal/waiver"
)

// A severity that changes is an event of the history, and the deadline follows from both.
func TestRerated(t *testing.T) {
	var m memory
	rated := func(day int, s check.Severity) check.Outcome {
		o := outcome(day, check.Fail, "user:toor")
		o.Violations[0].Severity = s
		return o
	}
	m.run("r0", rated(0, check.High))
	m.run("r1", rated(1, check.High))
	m.run("r2", rated(2, check.Critical))
	m.run("r3", rated(3, check.Moderate))
	f := m.all()[0]
	want := []finding.Rating{{Since: day(0), Severity: check.High}, {Since: day(2), Severity: check.Critical}, {Since: day(3), Severity: check.Moderate}}
	if len(f.Ratings) != len(want) {
		t.Fatalf("%+v", f.Ratings)
	}
	for i := range want {
		if f.Ratings[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, f.Ratings[i], want[i])
		}
	}
	if got := finding.AsOf(m.all(), m.events, day(2))[0]; got.Severity != check.Critical || got.Occurrence != 1 || got.Identified != day(0) {
		t.Errorf("as of the second day: %+v", got)
	}
	m.run("r4", outcome(4, check.Pass))
	m.run("r5", rated(5, check.Low))
	if f := m.all()[0]; len(f.Ratings) != 1 || f.Ratings[0].Since != day(5) {
		t.Errorf("a new occurrence goes on with old severities: %+v", f.Ratings)
	}
}

const northwind = `organization: Northwind
timezone: Europe/Berlin
calendar: de-by
people: [{id: erika, name: E}]
teams: [{name: checkout, lead: erika, members: [erika]}, {name: platform, lead: erika, members: [erika]}]
environments: [{name: prod, stage: production}, {name: test, stage: test}]
applications:
  - {name: shop, team: checkout, management: erika, criticality: high, exposure: internet, environments: [prod, test], releases: [2026-12-15]}
  - {name: wiki, team: platform, management: erika, criticality: low, exposure: internal, environments: [prod]}
systems:
  - {name: web, application: shop, environment: prod}
  - {name: wiki, application: wiki, environment: prod}
  - {name: both, applications: [wiki, shop], environment: prod}
  - {name: wide, application: wiki, environment: prod, exposure: internet}
  - {name: web, application: shop, environment: test}
`

// TestStand: the row follows from the estate, the strictest of several; what is in no application has the strictest of all.
func TestStand(t *testing.T) {
	table, err := sla.LoadTable(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, problems := estate.Parse([]estate.File{{Name: "e.yaml", Data: []byte(northwind)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	identified := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // a Monday, 10:00 in Berlin
	for subject, x := range map[string]struct {
		severity check.Severity
		due      string
		teams    int
	}{
		"prod/web":  {check.Critical, "2026-11-24T22:59:59Z", 1},
		"prod/wiki": {check.High, "2027-01-22T09:00:00Z", 1},
		"prod/both": {check.High, "2026-11-30T09:00:00Z", 2},
		"prod/wide": {check.High, "2026-12-14T09:00:00Z", 1},
		"host:vm":   {check.High, "2026-11-30T09:00:00Z", 0},
		"test/web":  {check.Critical, "", 1},
	} {
		clock, err := finding.NewClock(table, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := finding.Finding{ID: "F-1", Subject: subject, Severity: x.severity, Identified: identified}
		s := clock.Stand(f, identified)
		got := ""
		if s.Due != nil {
			got = s.Due.Format(time.RFC3339)
		}
		if got != x.due || len(s.Teams) != x.teams || s.Rule == "" {
			t.Errorf("%s: %+v, due %s, want %s", subject, s, got, x.due)
		}
	}
	moderate, err := finding.NewClock(table, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := moderate.Stand(finding.Finding{ID: "F-1", Subject: "prod/web", Severity: check.Moderate, Identified: identified}, identified); s.Due.Format(time.DateOnly) != "2026-12-15" {
		t.Errorf("a moderate one is due %s, not with the release", s.Due)
	}
	none, err := finding.NewClock(table, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := none.Stand(finding.Finding{ID: "F-1", Subject: "host:vm", Severity: check.Critical, Identified: identified}, identified); s.Due != nil || s.Rule == "" {
		t.Errorf("without an estate: %+v", s)
	}
	// A decision about it, and none about another.
	at := identified.AddDate(0, 0, 1)
	w := waiver.Waiver{ID: "W-1", Kind: waiver.Acceptance, Covers: []waiver.Covered{{Finding: "F-1"}}, Approved: true, DecidedAt: &at, Until: identified.AddDate(0, 0, 10)}
	settled, err := finding.NewClock(table, e, []waiver.Waiver{w})
	if err != nil {
		t.Fatal(err)
	}
	f := finding.Finding{ID: "F-1", Subject: "prod/web", Severity: check.Critical, Identified: identified}
	s := settled.Stand(f, at)
	if s.SettledBy != "W-1" || s.Overdue(identified.AddDate(0, 0, 5)) || !s.Overdue(identified.AddDate(0, 0, 11)) {
		t.Errorf("%+v", s)
	}
	f.ID = "F-2"
	if s := settled.Stand(f, at); s.SettledBy != "" || !s.Overdue(identified.AddDate(0, 0, 5)) {
		t.Errorf("%+v", s)
	}
}
