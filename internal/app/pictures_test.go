package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/subject/tlsserver"
	"holdfast.example/holdfast/internal/web"
)

const twoTeams = `organization: Northwind
people: [{id: erika}, {id: sam}, {id: otto}]
roles: {security: [sam]}
teams: [{name: checkout, members: [erika]}, {name: platform, members: [otto]}]
environments: [{name: prod, stage: production}]
applications:
  - {name: shop, team: checkout, criticality: high, exposure: internet, environments: [prod]}
  - {name: wiki, team: platform, criticality: low, exposure: internal, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod, target: "rootfs:ROOT/web-1"}
  - {name: web-2, application: shop, environment: prod, target: "rootfs:ROOT/web-2"}
  - {name: wiki-1, application: wiki, environment: prod, target: "rootfs:ROOT/wiki-1"}
`

// gallery gives pages of an estate of two teams with three hosts, two of them with a fault, that were looked at, and the
// report of that look.
func galleryOf(t *testing.T) (*pages, *report.Assessment) {
	t.Helper()
	dir := t.TempDir()
	for host, root := range map[string]string{"web-1": "yes", "web-2": "no", "wiki-1": "yes"} {
		put(t, filepath.Join(dir, host), map[string]string{"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "etc/ssh/sshd_config": "PermitRootLogin " + root + "\n", "usr/sbin/sshd": "", "etc/machine-id": strings.Repeat(host[len(host)-1:], 32) + "\n"})
	}
	path := filepath.Join(dir, "estate.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(twoTeams, "ROOT", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{State: t.TempDir(), Estate: path}
	a, err := Assess(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := access.LoadRules(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	return &pages{o: ServeOptions{State: o.State, Estate: path, Log: t.Logf}, rules: rules, happened: make(chan struct{}, 1)}, a
}

func (p *pages) as(t *testing.T, person string) access.Viewer {
	t.Helper()
	v, err := p.Viewer(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSeesOwnCertificates: endpoints and certificates are those of whoever asks, in the pages and over the API.
func TestSeesOwnCertificates(t *testing.T) {
	p, _ := galleryOf(t)
	s, err := openStore(t.Context(), p.o.State, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var obs []fact.Observation
	at := time.Now().Add(-time.Minute)
	for _, name := range []string{"web-1", "wiki-1"} {
		saw := tlsserver.Fact{Name: name, Address: "192.0.2.1:443", Chain: []tlsserver.Certificate{{Subject: "CN=" + name, Fingerprint: name, NotAfter: at.AddDate(0, 1, 0)}}}
		data, err := fact.Canonical(saw)
		if err != nil {
			t.Fatal(err)
		}
		obs = append(obs, fact.Observation{Subject: "prod/" + name + ":443/tcp", Kind: saw.Kind(), Fact: saw, Digest: fact.Digest(data), ObservedAt: at, Collector: "tls://" + name})
	}
	if _, err := s.Record(t.Context(), run.Run{ID: "tls", Started: at, Finished: at, Targets: []string{"tls://web-1"}}, obs, nil, nil); err != nil {
		t.Fatal(err)
	}
	for person, want := range map[string]string{"erika": "CN=web-1", "otto": "CN=wiki-1", "sam": "CN=web-1 CN=wiki-1"} {
		var ends, certs []string
		e, err := p.Endpoints(t.Context(), p.as(t, person))
		c, err2 := p.Certificates(t.Context(), p.as(t, person))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for _, x := range e {
			ends = append(ends, x.Subject)
		}
		for _, x := range c {
			certs = append(certs, x.Subject)
		}
		slices.Sort(ends)
		slices.Sort(certs)
		if strings.Join(ends, " ") != want || strings.Join(certs, " ") != want {
			t.Errorf("%s sees %v and %v", person, ends, certs)
		}
	}
}

// TestDrawing: what is drawn from what was kept is what the assessment said.
func TestDrawing(t *testing.T) {
	p, a := galleryOf(t)
	all, err := p.Requirements(t.Context(), p.as(t, "sam"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID, Level, Status, Reason string
		Failing, Subjects         int
		Applications              []report.Application
	}
	var want, got []row
	for _, r := range a.Requirements {
		want = append(want, row{r.ID, r.Level, r.Status, r.Reason, r.Failing, r.Subjects, r.Applications})
	}
	for _, r := range all.List {
		x := row{r.ID, string(r.Judged.Level), string(r.Judged.Status), r.Judged.Reason, r.Judged.Failing, r.Judged.Subjects, []report.Application{}}
		for _, y := range r.Judged.Applications() {
			x.Applications = append(x.Applications, report.Application{Name: y.Name, RiskClass: string(y.Class), Status: string(y.Status)})
		}
		got = append(got, x)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	o, err := p.Overview(t.Context(), p.as(t, "sam"))
	if err != nil || o.Open != a.Summary.FindingsOpen || o.Overdue != a.Summary.Overdue || len(o.Trend) != 1 || o.Trend[0].Fail != a.Summary.Fail || o.Trend[0].Unknown != a.Summary.Unknown {
		t.Errorf("%+v %v\nwant %+v", o, err, a.Summary)
	}
}

// TestSeesOwn: who sees their own sees nothing else in any page.
func TestSeesOwn(t *testing.T) {
	p, _ := galleryOf(t)
	erika, otto, sam := p.as(t, "erika"), p.as(t, "otto"), p.as(t, "sam")
	names := func(v access.Viewer, query string) (out []string) {
		s, err := p.Systems(t.Context(), v, query, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range s.List {
			out = append(out, x.Name)
		}
		slices.Sort(out)
		return out
	}
	for _, x := range []struct {
		v     access.Viewer
		query string
		want  []string
	}{
		{erika, "", []string{"prod/web-1", "prod/web-2"}}, {otto, "", []string{"prod/wiki-1"}}, {sam, "", []string{"prod/web-1", "prod/web-2", "prod/wiki-1"}},
		{sam, "SHOP prod", []string{"prod/web-1", "prod/web-2"}}, {sam, "shop wiki", nil}, {otto, "web", nil},
	} {
		if d := cmp.Diff(x.want, names(x.v, x.query)); d != "" {
			t.Errorf("%s as %s: %s", x.query, x.v.Person, d)
		}
	}
	if _, err := p.System(t.Context(), otto, "prod/web-1"); err != web.ErrNone {
		t.Error(err)
	}
	one, err := p.System(t.Context(), erika, "prod/web-1")
	if err != nil || len(one.Findings) == 0 || len(one.Subjects) != 1 || one.Fail == 0 {
		t.Errorf("%+v %v", one.System, err)
	}
	root := one.Findings[slices.IndexFunc(one.Findings, func(f finding.Finding) bool { return f.Check == "sshd-root-login" })]
	for _, q := range []web.FindingQuery{{}, {Only: "sshd-root-login"}, {Only: "A.5.2.1"}, {Severity: root.Severity}, {System: "prod/web-1"}, {Application: "shop"}, {Limit: 1, Only: "sshd-root-login"}} {
		for _, v := range []access.Viewer{erika, otto, sam} {
			list, err := p.Findings(t.Context(), v, q)
			if err != nil {
				t.Fatal(err)
			}
			has := slices.ContainsFunc(list.List, func(f finding.Finding) bool { return f.ID == root.ID })
			if has != v.Sees([]string{"checkout"}, []string{"shop"}) {
				t.Errorf("%+v as %s: %t", q, v.Person, has)
			}
			if slices.ContainsFunc(list.List, func(f finding.Finding) bool { return !v.Sees(f.Teams, f.Applications) }) {
				t.Errorf("%+v as %s shows what is of others", q, v.Person)
			}
		}
	}
	// Page by page it is the same list.
	whole, err := p.Findings(t.Context(), sam, web.FindingQuery{})
	if err != nil || len(whole.List) < 3 {
		t.Fatal(len(whole.List), err)
	}
	for _, v := range []access.Viewer{sam, erika} {
		whole, _ := p.Findings(t.Context(), v, web.FindingQuery{})
		var skipped, after []string
		var want []string
		for i, f := range whole.List {
			want = append(want, f.ID)
			page, err := p.Findings(t.Context(), v, web.FindingQuery{Skip: i, Limit: 1})
			if err != nil || page.More != (i+1 < len(whole.List)) {
				t.Fatal(i, page.More, err)
			}
			skipped = append(skipped, page.List[0].ID)
			q := web.FindingQuery{Limit: 1}
			if i > 0 {
				q.After = whole.List[i-1].ID
			}
			if page, err = p.Findings(t.Context(), v, q); err != nil || len(page.List) != 1 {
				t.Fatal(i, err)
			}
			after = append(after, page.List[0].ID)
		}
		if d := cmp.Diff(want, skipped); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(want, after); d != "" {
			t.Error(d)
		}
	}
	r, err := p.Requirement(t.Context(), otto, "A.5.2.1")
	if err != nil || strings.Contains(r.Judged.Reason, "shop") || slices.ContainsFunc(r.Faults, func(f finding.Finding) bool { return f.Subject != "prod/wiki-1" }) {
		t.Errorf("%+v %v", r, err)
	}
	for _, v := range []access.Viewer{otto, erika} {
		o, err := p.Overview(t.Context(), v)
		if err != nil || len(o.Applications) != 1 || o.Open == 0 || slices.ContainsFunc(o.Next, func(f finding.Finding) bool { return !v.Sees(f.Teams, f.Applications) }) {
			t.Errorf("%+v %v", o, err)
		}
		if o.Trend[0].Open != o.Open {
			t.Errorf("the trend says %d open, the page %d", o.Trend[0].Open, o.Open)
		}
	}
	hits, err := p.Search(t.Context(), otto, "web-1")
	if err != nil || len(hits) != 0 {
		t.Errorf("%+v %v", hits, err)
	}
	if hits, err = p.Search(t.Context(), otto, root.ID); err != nil || len(hits) != 0 {
		t.Errorf("%+v %v", hits, err)
	}
	if hits, err = p.Search(t.Context(), erika, strings.ToLower(root.ID)); err != nil || len(hits) != 1 || hits[0].Path != "/findings/"+root.ID {
		t.Errorf("%+v %v", hits, err)
	}
}

// TestSince: who comes back is told what happened meanwhile, of their own.
func TestSince(t *testing.T) {
	p, _ := galleryOf(t)
	erika := p.as(t, "erika")
	if o, err := p.Overview(t.Context(), erika); err != nil || o.Since != nil {
		t.Errorf("%+v %v", o.Since, err)
	}
	yesterday := time.Now().Add(-2 * time.Hour).UTC().Format("2006-01-02T15:04:05.000000000Z")
	falsify(t, p.o.State+"/holdfast.db", "UPDATE visits SET seen = '"+yesterday+"'")
	o, err := p.Overview(t.Context(), erika)
	if err != nil || o.Since == nil || o.Since.Opened != o.Open || o.Since.Closed != 0 || len(o.Since.New) != min(5, o.Open) {
		t.Errorf("%+v %v", o.Since, err)
	}
	again, err := p.Overview(t.Context(), erika)
	if err != nil || again.Since == nil || !again.Since.Since.Equal(o.Since.Since) {
		t.Errorf("a page that is loaded again tells of another visit: %+v %v", again.Since, err)
	}
}
