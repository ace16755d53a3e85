package web

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/requirement"
)

func (d data) Overview(ctx context.Context, v access.Viewer) (Overview, error) {
	all, err := d.Findings(ctx, v, FindingQuery{})
	o := Overview{At: now, Open: all.Open, Settled: all.Settled, Overdue: min(all.Open, 1), Next: all.List, Severities: []Count{{"high", 1}},
		Sections:     []Section{{ID: "A.5.1", Title: evil, Tally: Tally{Fail: 1, Pass: 2}}},
		Applications: []Application{{Name: evil, Team: evil, Class: evil, Open: 1, Overdue: 1}},
		Calendar:     []Day{{now, 1}, {now.AddDate(0, 0, 1), 0}}, Trend: []Point{{Date: now, Open: 3, Overdue: 1}, {Date: now, Open: 2, Overdue: 1}},
		Since: &Changes{Since: now, Opened: 1, New: all.List, Requirements: []Moved{{ID: "A.5.1.1", Title: evil, Was: requirement.Pass, Is: requirement.Fail, Worse: true, ComparedTo: now}}}}
	return o, err
}

func (d data) req() Requirement {
	r := &requirement.Requirement{ID: "A.5.1.1", Title: evil, Section: evil, Level: requirement.Must, HoldsWhen: evil}
	return Requirement{Requirement: r, At: now, Judged: requirement.Judgement{ID: r.ID, Level: r.Level, Status: requirement.Fail, Reason: evil,
		Scopes: []requirement.ScopeJudgement{{Scope: requirement.Scope{Application: evil}, Status: requirement.Fail, Counts: true}}},
		Checks: []CheckTally{{Check: &check.Check{ID: "x", Title: evil}, Level: check.Must, Fail: 1, No: 1, Why: evil}}}
}

func (d data) Requirements(context.Context, access.Viewer) (Requirements, error) {
	if d.broken {
		return Requirements{}, io.ErrUnexpectedEOF
	}
	return Requirements{now, []Requirement{d.req()}}, nil
}

func (d data) Requirement(ctx context.Context, v access.Viewer, id string) (Requirement, error) {
	if id != "A.5.1.1" {
		return Requirement{}, ErrNone
	}
	r := d.req()
	all, err := d.Findings(ctx, v, FindingQuery{})
	r.Faults, r.Open = all.List, all.Open
	return r, err
}

func (d data) Systems(_ context.Context, v access.Viewer, query string, after, limit int) (Systems, error) {
	if !v.Sees(nil, []string{"shop"}) {
		return Systems{}, nil
	}
	s := Systems{All: 1000}
	for i := range limit {
		s.List = append(s.List, System{Name: fmt.Sprint("prod/", after+i, query, evil), Applications: []string{evil}, Fail: 1, Open: 2, Overdue: 1, Seen: now.AddDate(0, 0, -3)})
	}
	return s, nil
}

func (d data) System(_ context.Context, v access.Viewer, name string) (SystemDetail, error) {
	if name != "prod/web-1" || !v.Sees(nil, []string{"shop"}) {
		return SystemDetail{}, ErrNone
	}
	return SystemDetail{System: System{Name: name, Applications: []string{evil}, Target: evil}, Titles: map[string]string{"x": evil},
		Findings: []finding.Finding{{ID: "F-AAAAAAAAAA", Detail: evil}},
		Subjects: []picture.Subject{{Name: name + ":443/tcp", Marks: []picture.Mark{{Check: "x", Verdict: check.Fail, Detail: evil, Faults: 2}, {Check: "y", Verdict: check.Pass}, {Check: "z", Verdict: check.Error}}}}}, nil
}

func (d data) Vulnerabilities(context.Context, access.Viewer) (Vulnerabilities, error) {
	return Vulnerabilities{[]Vulnerability{{ID: evil, Severity: check.High, Findings: 3, Systems: 2, Due: now.AddDate(0, 0, -1), Exploited: true, EPSS: 0.5}}, 7}, nil
}

func (d data) Search(_ context.Context, _ access.Viewer, query string) ([]Hit, error) {
	if query == "nothing" {
		return nil, nil
	}
	return []Hit{{"system", evil, query, "/systems/x"}}, nil
}

// TestPictures: what a page says of how everything stands, what leads on from there, and who does not see it.
func TestPictures(t *testing.T) {
	s, _, visit := serving(t, data{})
	v := visit()
	v.do("POST", "/log-in/"+s.Link())
	other, _ := logged(t, s, visit, "champion")
	for _, x := range []struct{ path, says string }{
		{"/", "was pass at the end of 2026-11-26, is"}, {"/", `href="/findings?due=overdue"`}, {"/", `aria-label="Findings due on each`},
		{"/requirements", `href="/requirements/A.5.1.1"`}, {"/requirements/A.5.1.1", "unknown, for example"},
		{"/systems?q=abc", `value="abc"`}, {"/systems?q=abc&after=150", `href="/systems?after=0&amp;q=abc"`}, {"/systems?q=abc", `href="/systems?after=150&amp;q=abc"`},
		{"/systems/prod%2Fweb-1", "2 findings"}, {"/systems/prod%2Fweb-1", "1 are unknown"},
		{"/vulnerabilities", "50.0 %"}, {"/search?q=web", "system: "}, {"/search?q=nothing", "Nothing that you may see"},
		{"/findings?severity=high&due=overdue", `value="high" selected`},
	} {
		if status, text, _ := v.do("GET", x.path); status != 200 || !strings.Contains(text, x.says) {
			t.Errorf("%s: %d, does not say %q:\n%s", x.path, status, x.says, text)
		}
	}
	for _, path := range []string{"/requirements/A.5.9.9", "/requirements/%2e%2e%2f", "/systems/prod%2Fnone", "/systems/%00"} {
		if status, _, _ := v.do("GET", path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _, _ := other.do("GET", "/systems/prod%2Fweb-1"); status != 404 {
		t.Error("a system of somebody else is not as good as none:", status)
	}
	if status, _, _ := v.do("GET", "/systems?after=-1&q="+strings.Repeat("x", 5000)); status != 200 {
		t.Error(status)
	}
}

// TestCharts: what is drawn lies within its frame, also of nothing.
func TestCharts(t *testing.T) {
	if got := line([]int{0, 5, 10}, 10, 100, 50); got != "M0.0 49.0L50.0 25.0L100.0 1.0" {
		t.Error(got)
	}
	if got := line([]int{1}, 1, 100, 50); !strings.HasSuffix(got, "h-100.0") {
		t.Error(got)
	}
	if line(nil, 1, 100, 50) != "" || len(bars(nil, 1, 1)) != 0 {
		t.Error("nothing is drawn as something")
	}
	for _, b := range bars([]int{0, 1, 1000}, 300, 60) {
		if b.Y < 0 || b.Y+b.Height > 60.01 || b.X+b.Width > 300 {
			t.Error(b)
		}
	}
	if b := bars([]int{1, 1000}, 300, 60); b[0].Height < 2 {
		t.Error("what is due is not seen", b)
	}
	due, first := now.AddDate(0, 0, -1), now.AddDate(0, 0, -5)
	c := clockOf(now.AddDate(0, 0, -10), &first, &due, now)
	if c.Today != 100 || c.First != 50 || c.Due != 90 || !c.Late {
		t.Errorf("%+v", c)
	}
	if c := clockOf(now, nil, nil, now); c.HasDue || c.HasFirst || c.Today != 100 {
		t.Errorf("%+v", c)
	}
	f := finding.Finding{Identified: now.AddDate(0, 0, -10)}
	if got := clockWords(f, now); got != "Identified on 2026-11-16; no deadline." {
		t.Error(got)
	}
	f.Due, f.FirstDue = &due, &first
	if got := clockWords(f, now); got != "Identified on 2026-11-16, first due on 2026-11-21, now on 2026-11-25: overdue by 24 hours." {
		t.Error(got)
	}
	later := now.Add(72 * time.Hour)
	f.Due, f.FirstDue = &later, nil
	if got := clockWords(f, now); got != "Identified on 2026-11-16, due on 2026-11-29: 3 days left." {
		t.Error(got)
	}
}

func (d data) Endpoints(context.Context, access.Viewer) ([]Endpoint, error) {
	return []Endpoint{{Address: evil, IP: evil, Grade: "A+", Protocols: []string{evil}, Applications: []string{evil}, Subject: evil, Issuer: evil, NotAfter: now.AddDate(0, 0, -1)}, {Address: "b", NotAfter: now.AddDate(0, 0, 20)}, {Address: "c"}}, nil
}

func (d data) SBOM(_ context.Context, v access.Viewer, name, form string) ([]byte, error) {
	if name != "prod/web-1" || !v.Sees(nil, []string{"shop"}) {
		return nil, ErrNone
	}
	return []byte(`{"form":"` + form + `"}`), nil
}

func (d data) Certificates(context.Context, access.Viewer) ([]Certificate, error) {
	return []Certificate{{Subject: evil, Names: []string{evil}, UsedAt: []Use{{Endpoint: evil}}}}, nil
}

func (d data) Estate(context.Context, access.Viewer) (Estate, error) {
	return Estate{Organization: evil, Environments: []Environment{{Name: evil, Stage: evil, Nodes: []Node{{ID: "prod/a", Name: evil, Zone: evil, Path: "/systems/prod%2Fa"}, {ID: "prod/b", Name: "b", Overdue: 1}}}, {Name: "test", Nodes: []Node{{ID: "test/c", Name: "c"}}}},
		Flows: []Flow{{From: "internet", To: "prod/a", Port: "443", Protocol: evil, Reason: evil, ApprovedBy: evil, Until: "2026-01-01", Ended: true}, {From: "prod/a", To: "prod/b"}, {From: "test/c", To: "prod/b"}, {From: "elsewhere", To: "prod/b"}}}, nil
}

func (d data) Drift(_ context.Context, v access.Viewer) ([]DriftGroup, bool, error) {
	if !v.Sees(nil, []string{"shop"}) {
		return nil, false, nil
	}
	return []DriftGroup{{Subject: "prod/web-1", Key: evil, FirstSeen: now, Changes: []drift.Open{{Change: drift.Change{Path: evil, Sort: drift.Changed, Before: evil, After: evil}}, {Change: drift.Change{Path: "x", Sort: drift.Moved}}}},
		{Subject: "prod/web-1", Key: "packages:curl", Proposed: evil}}, true, nil
}

var approved []string

func (d data) ApproveDrift(_ context.Context, v access.Viewer, subject, key, reason string) error {
	if subject != "prod/web-1" {
		return ErrNone
	}
	approved = append(approved, strings.Join([]string{v.Person, subject, key, reason}, "|"))
	return nil
}

func (d data) Settings(context.Context) ([]Setting, error) {
	return []Setting{{evil, evil, evil}}, nil
}

// TestPlaces: endpoints, the estate as a graph, drift and settings.
func TestPlaces(t *testing.T) {
	s, c, visit := serving(t, data{})
	sam, _ := logged(t, s, visit, "sam")
	for _, x := range []struct{ path, says string }{
		{"/endpoints", "ended 2026-11-25"}, {"/endpoints", "20 days left"}, {"/estate", `class="flow late"`}, {"/estate", `href="/systems/prod%2Fa"`}, {"/drift", "Not expected."}, {"/drift", "Expected: "}, {"/settings", "It is changed where it was started"},
	} {
		if status, text, _ := sam.do("GET", x.path); status != 200 || !strings.Contains(text, x.says) {
			t.Errorf("%s: %d, does not say %q:\n%s", x.path, status, x.says, text)
		}
	}
	other, _ := logged(t, s, visit, "champion")
	if _, text, _ := other.do("GET", "/drift"); strings.Contains(text, "prod/web-1") {
		t.Error("drift of somebody else is shown")
	}
	approved = nil
	approve := form(url.Values{"subject": {"prod/web-1"}, "key": {"packages:curl"}, "reason": {"the patch day"}})
	if status, _, _ := sam.do("POST", "/drift/approve", approve); status != 200 || len(approved) != 1 || approved[0] != "sam|prod/web-1|packages:curl|the patch day" {
		t.Error(status, approved)
	}
	if status, _, _ := sam.do("POST", "/drift/approve", form(url.Values{"subject": {"prod/other"}})); status != 404 {
		t.Error(status)
	}
	c.at = c.at.Add(freshTime)
	if status, _, _ := sam.do("POST", "/drift/approve", approve); status != 403 || len(approved) != 1 {
		t.Error("a baseline is approved without a passkey:", status)
	}
}

// TestGraph: what is drawn lies in its frame, and every flow between what is drawn is a line.
func TestGraph(t *testing.T) {
	e, err := data{}.Estate(t.Context(), access.Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	g := drawn(e)
	if len(g.Edges) != 3 {
		t.Errorf("%+v", g.Edges)
	}
	for _, b := range g.Boxes {
		for _, n := range b.Nodes {
			if n.X < 0 || n.Y < 0 || n.X+n.Width > g.Width || n.Y+n.Height > g.Height {
				t.Errorf("%+v in %f x %f", n, g.Width, g.Height)
			}
		}
	}
	if g := drawn(Estate{}); g.Width <= 0 || len(g.Edges) > 0 {
		t.Errorf("%+v", g)
	}
}
