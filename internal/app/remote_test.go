package app

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/waiver"
	"holdfast.example/holdfast/internal/web"
)

// TestRemote: over the API somebody gets what they would get here, of what they see, and asks in their own name.
func TestRemote(t *testing.T) {
	p, _ := galleryOf(t)
	ts := httptest.NewUnstartedServer(nil)
	s, err := web.New(web.Options{Data: p, Decisions: p, Operations: p, Pictures: p, Places: p, Drifts: p, Tokens: p, Figures: p, People: p, Version: "1.0", Now: time.Now, Origin: "http://localhost", Hosts: []string{ts.Listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = s.Handler()
	ts.Start()
	defer ts.Close()
	dial := func(person string, scope ...access.Permission) *Remote {
		t.Helper()
		tok, secret, digest, err := access.NewToken(p.as(t, person), "test", scope, time.Now().Add(time.Hour), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.AddToken(t.Context(), tok, digest); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Dial(ts.URL, "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	sam, erika, otto := dial("sam", access.SeeFindings, access.SeeAgents), dial("erika", access.SeeFindings, access.SeeDecisions, access.Request), dial("otto", access.SeeFindings)
	here, err := Findings(t.Context(), FindingQuery{State: p.o.State, Estate: p.o.Estate, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	there, err := sam.Findings(t.Context(), FindingQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(here, there); d != "" {
		t.Error(d)
	}
	if two, err := sam.Findings(t.Context(), FindingQuery{Limit: 2}); err != nil || len(two.Findings) != 2 || two.Open != here.Open {
		t.Error(len(two.Findings), err)
	}
	var id string
	for _, f := range here.Findings {
		if f.Subject == "prod/web-1" && f.Check == "sshd-root-login" {
			id = f.ID
		}
	}
	one, err := erika.Finding(t.Context(), strings.ToLower(id))
	local, err2 := Finding(t.Context(), p.o.State, "", id)
	local.References = nil // pages of checks have them
	if d := cmp.Diff(local, one); d != "" || err != nil || err2 != nil {
		t.Error(d, err, err2)
	}
	if _, err := otto.Finding(t.Context(), id); err == nil || !strings.Contains(err.Error(), "nothing of that id that you may see") {
		t.Error(err)
	}
	if _, err := otto.Agents(t.Context()); err == nil || !strings.Contains(err.Error(), "none of your roles gives this") {
		t.Error(err)
	}
	if all, err := sam.Agents(t.Context()); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
	mine, err := erika.Certificates(t.Context(), CertificateQuery{Now: time.Now()})
	local2, err2 := Certificates(t.Context(), CertificateQuery{State: p.o.State, Estate: p.o.Estate, Now: time.Now()})
	if err != nil || err2 != nil || len(mine) > len(local2) {
		t.Error(mine, local2, err, err2)
	}
	for _, r := range []*Remote{sam, erika, otto} {
		groups, known, err := r.Drift(t.Context(), DriftQuery{})
		here, hereKnown, err2 := Drift(t.Context(), DriftQuery{State: p.o.State})
		if err != nil || err2 != nil || known != hereKnown || len(groups) > len(here) {
			t.Error(groups, known, err, err2)
		}
	}
	if _, err := otto.SBOM(t.Context(), "prod/web-1", "cyclonedx"); err == nil || !strings.Contains(err.Error(), "nothing of that id that you may see") {
		t.Error(err)
	}
	if data, err := erika.SBOM(t.Context(), "prod/web-1", "cyclonedx"); err != nil || !strings.Contains(string(data), `"CycloneDX"`) || !strings.Contains(string(data), "prod/web-1") {
		t.Errorf("%s %v", data, err)
	}
	if _, _, err := otto.Ledger(t.Context()); err == nil || !strings.Contains(err.Error(), "none of your roles gives this") {
		t.Error(err)
	}
	if list, all, err := dial("sam", access.SeeLedger).Ledger(t.Context()); err != nil || uint64(len(list)) != all {
		t.Error(list, all, err)
	}
	ask := WaiverOptions{Selection: Selection{Findings: []string{id}}, Waiver: waiver.Waiver{Kind: waiver.Extension, Reason: "the supplier is late"}, Until: time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}
	if err := erika.Ask(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	list, err := erika.Waivers(t.Context(), false)
	if err != nil || len(list) != 1 || list[0].RequestedBy.Person != "erika" || list[0].State != waiver.Requested || list[0].Covers[0].Finding != id {
		t.Errorf("%+v %v", list, err)
	}
	if err := otto.Ask(t.Context(), ask); err == nil {
		t.Error("somebody asks about what they do not see")
	}
	ask.Until = "yesterday"
	if err := erika.Ask(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "yesterday") {
		t.Error(err)
	}
}

// TestDial: a token goes nowhere where others could read it, or that nobody named.
func TestDial(t *testing.T) {
	for _, server := range []string{"", "hub.example", "http://hub.example", "https://", "ftp://hub.example", "https://user:x@hub.example", "https://hub.example/api", "https://hub.example?x=y", "http://192.0.2.1:80"} {
		if _, err := Dial(server, "x"); err == nil {
			t.Error(server)
		} else if strings.Contains(err.Error(), "user:x") && !strings.Contains(server, "@") {
			t.Error(err)
		}
	}
	for _, token := range []string{"", "file:/nonexistent"} {
		if _, err := Dial("https://hub.example", token); err == nil {
			t.Error(token)
		}
	}
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached = true }))
	defer elsewhere.Close()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }))
	defer ts.Close()
	r, err := Dial(ts.URL, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Findings(t.Context(), FindingQuery{}); err == nil || reached {
		t.Error("a token followed a redirect", err)
	}
}
