package web

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/waiver"
)

// data is a company with two findings, one of a host that names itself a script.
type data struct{ broken bool }

const evil = `<script>alert(1)</script>"><img src=x>`

func (d data) Ready(context.Context) error {
	if d.broken {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (d data) Findings(_ context.Context, v access.Viewer, _ FindingQuery) (Findings, error) {
	if d.broken {
		return Findings{}, io.ErrUnexpectedEOF
	}
	if !v.Sees(nil, []string{"shop"}) {
		return Findings{}, nil
	}
	past := now.AddDate(0, 0, -1)
	a := finding.Finding{ID: "F-AAAAAAAAAA", Title: "Root cannot log in", Subject: evil, Detail: evil, Severity: "high"}
	a.Due = &past
	return Findings{List: []finding.Finding{a, {ID: "F-BBBBBBBBBB", Title: "Second", Subject: "web-2", Severity: "low"}}, Open: 2, Settled: 1}, nil
}

func (d data) Finding(_ context.Context, v access.Viewer, id string) (Detail, error) {
	if id != "F-AAAAAAAAAA" || !v.Sees(nil, []string{"shop"}) {
		return Detail{}, ErrNone
	}
	return Detail{Finding: finding.Finding{ID: id, Title: evil, Detail: evil, Source: evil}, Doc: evil, Remedy: evil, Requirements: []string{evil},
		History: []finding.Event{{At: now, Happened: "opened", Reason: evil}}}, nil
}

func (d data) Ledger(context.Context, int) (Ledger, error) {
	return Ledger{Size: 1, Root: []byte{1}, Key: evil, Entries: []Entry{{At: now, ID: "decision/1", Words: evil}}}, nil
}

func (d data) Figures(context.Context) (Numbers, error) {
	if d.broken {
		return Numbers{}, io.ErrUnexpectedEOF
	}
	return Numbers{Open: 2, Settled: 1, Overdue: 1, Agents: 3, AgentsSilent: 1, LastRun: now}, nil
}

func (d data) Runs(context.Context, int) ([]run.Run, error) {
	return []run.Run{{ID: "0199a1b2-0000-7000-8000-000000000001", Started: now, Finished: now.Add(time.Second), Version: evil, Targets: []string{evil}}}, nil
}

func (d data) Agents(context.Context) ([]Agent, error) {
	return []Agent{{Agent: agent.Agent{ID: "A-AAAAAAAAAA", Environment: evil, Said: agent.Said{Name: evil, Program: evil, Gaps: map[string]string{evil: evil}}}, Words: evil, Silent: true}}, nil
}

// desk keeps what was decided.
type desk struct {
	done []string
	list []Decision
	err  error
}

func (d *desk) Decisions(_ context.Context, v access.Viewer) ([]Decision, error) {
	if !v.Sees(nil, []string{"shop"}) {
		return nil, nil
	}
	return d.list, nil
}

func (d *desk) Ask(_ context.Context, v access.Viewer, finding string, w waiver.Waiver, until string) error {
	d.done = append(d.done, strings.Join([]string{v.Person, "asks", finding, string(w.Kind), w.Reason, w.Done, w.Effect, w.Reference, until}, " "))
	return d.err
}

func (d *desk) Decide(_ context.Context, v access.Viewer, id string, action waiver.Action, why string) error {
	d.done = append(d.done, strings.Join([]string{v.Person, string(action), id, why}, " "))
	return d.err
}

func decided() []Decision {
	by := waiver.Actor{Person: "sam"}
	w := waiver.Waiver{ID: "W-AAAAAAAAAA", Kind: waiver.Extension, Covers: []waiver.Covered{{Finding: "F-AAAAAAAAAA"}}, Reason: evil, Done: evil, Effect: evil, Reference: evil, Until: now, RequestedBy: waiver.Actor{Person: "erika"}, RequestedAt: now}
	f := w
	f.ID, f.DecidedBy, f.DecidedAt, f.Approved, f.Why = "W-BBBBBBBBBB", &by, &now, true, evil
	return []Decision{{Waiver: w, State: waiver.Requested}, {Waiver: f, State: waiver.InForce, Hides: 1, Note: evil}}
}

var now = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

type visitor struct {
	t *testing.T
	*http.Client
	base string
}

func serving(t *testing.T, d Data) (*Server, *clock, func() visitor) {
	t.Helper()
	c := &clock{now}
	ts := httptest.NewUnstartedServer(nil)
	s, err := New(Options{Data: d, Decisions: &desk{list: decided()}, Operations: d.(data), Pictures: d.(data), Places: d.(data), Drifts: d.(data), Tokens: &tokens{}, Factors: &factors{}, Seals: plainSeals{}, Breached: func(s string) bool { return s == "correct horse battery staple" }, Figures: d.(data), People: newPeople(t), Version: "1.0", Now: c.now,
		Origin: "http://localhost:" + strings.TrimPrefix(ts.Listener.Addr().String(), "127.0.0.1:"), Hosts: []string{ts.Listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = s.Handler()
	ts.Start()
	t.Cleanup(ts.Close)
	return s, c, func() visitor {
		jar, _ := cookiejar.New(nil)
		return visitor{t, &http.Client{Jar: jar}, ts.URL}
	}
}

func (v visitor) do(method, path string, change ...func(*http.Request)) (int, string, http.Header) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range change {
		c(req)
	}
	resp, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), resp.Header
}

// TestRoutes is every route without and with a session: what is not open is closed, whether it exists or not.
func TestRoutes(t *testing.T) {
	s, _, visit := serving(t, data{})
	in, out := visit(), visit()
	if status, body, _ := in.do("POST", "/log-in/"+s.Link()); status != 200 || !strings.Contains(body, "Overview") {
		t.Fatal(status, body)
	}
	for _, x := range []struct {
		method, path    string
		without, within int
	}{
		{"GET", "/healthz", 200, 200}, {"GET", "/metrics", 401, 404}, {"GET", "/readyz", 200, 200}, {"GET", "/static/style.css", 200, 200}, {"GET", "/log-in/x", 200, 200},
		{"GET", "/", 401, 200}, {"GET", "/findings", 401, 200}, {"GET", "/findings/F-AAAAAAAAAA", 401, 200}, {"GET", "/ledger", 401, 200}, {"GET", "/passkeys", 401, 200}, {"GET", "/decisions", 401, 200}, {"GET", "/agents", 401, 200},
		{"POST", "/findings/F-AAAAAAAAAA/decisions", 401, 403}, {"POST", "/decisions/W-AAAAAAAAAA/approve", 401, 403}, {"POST", "/step-up/begin", 401, 403}, {"POST", "/step-up/finish", 401, 403},
		{"POST", "/passkeys/begin", 401, 404}, {"POST", "/passkeys/finish", 401, 403}, {"POST", "/passkeys/remove", 401, 404},
		{"POST", "/log-in/passkey/begin", 200, 200}, {"POST", "/log-in/passkey/finish", 403, 403},
		{"GET", "/findings/F-NOTTHERE00", 401, 404}, {"GET", "/nothing", 401, 404}, {"GET", "/api/v1/findings", 401, 200}, {"GET", "/api/v1/nothing", 401, 404},
		{"POST", "/", 401, 404}, {"DELETE", "/findings", 401, 404}, {"POST", "/log-in/x", 403, 403}, {"GET", "/log-out", 401, 404}, {"GET", "/static/", 401, 404}, {"GET", "/static/nothing", 404, 404},
		{"GET", "/static/../web.go", 401, 404}, {"GET", "/findings/..%2f..%2fetc%2fpasswd", 401, 404}, {"GET", "/findings/'%20OR%201=1", 401, 404},
	} {
		if got, _, _ := out.do(x.method, x.path); got != x.without {
			t.Errorf("%s %s without a session: %d, want %d", x.method, x.path, got, x.without)
		}
		if got, _, _ := in.do(x.method, x.path); got != x.within {
			t.Errorf("%s %s with one: %d, want %d", x.method, x.path, got, x.within)
		}
	}
}

func TestLink(t *testing.T) {
	s, c, visit := serving(t, data{})
	old := s.Link()
	link := s.Link()
	v := visit()
	if status, _, _ := v.do("POST", "/log-in/"+old); status != 403 {
		t.Error("a link that a newer one replaced:", status)
	}
	for range 3 { // looking does not use it up
		if _, body, _ := visit().do("GET", "/log-in/"+link); !strings.Contains(body, "<button") {
			t.Error(body)
		}
	}
	if status, _, _ := v.do("POST", "/log-in/"+link); status != 200 {
		t.Error(status)
	}
	if status, _, _ := visit().do("POST", "/log-in/"+link); status != 403 {
		t.Error("a link works twice:", status)
	}
	link = s.Link()
	c.at = c.at.Add(linkTime)
	if status, _, _ := visit().do("POST", "/log-in/"+link); status != 403 {
		t.Error("a link works after ten minutes:", status)
	}
}

func TestSession(t *testing.T) {
	s, c, visit := serving(t, data{})
	v := visit()
	status, _, _ := v.do("POST", "/log-in/"+s.Link(), func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: "chosen"}) })
	if status != 200 {
		t.Fatal(status)
	}
	base, _ := url.Parse(v.base)
	for _, k := range v.Jar.Cookies(base) {
		if k.Value == "chosen" || len(k.Value) < 43 {
			t.Error("the session was named by who logged in:", k.Value)
		}
	}
	stranger := visit()
	if status, _, _ := stranger.do("GET", "/", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: "chosen"}) }); status != 401 {
		t.Error(status)
	}
	for range 20 { // in use
		c.at = c.at.Add(20 * time.Minute)
		if status, _, _ := v.do("GET", "/"); status != 200 {
			t.Fatal("a session that is used ends:", status)
		}
	}
	c.at = c.at.Add(idleTime)
	if status, _, _ := v.do("GET", "/"); status != 401 {
		t.Error("an idle session goes on:", status)
	}
	v = visit()
	v.do("POST", "/log-in/"+s.Link())
	for range 40 {
		c.at = c.at.Add(20 * time.Minute)
		status, _, _ = v.do("GET", "/")
	}
	if status != 401 {
		t.Error("a session goes on for ever:", status)
	}
	v = visit()
	v.do("POST", "/log-in/"+s.Link())
	kept := v.Jar.Cookies(base)
	if status, _, _ := v.do("POST", "/log-out"); status != 200 {
		t.Error(status)
	}
	if status, _, _ := visit().do("GET", "/", func(r *http.Request) { r.AddCookie(kept[0]) }); status != 401 {
		t.Error("a session goes on after it was ended:", status)
	}
}

// TestGuard is what other sites, other names and other machines could try.
func TestGuard(t *testing.T) {
	s, _, visit := serving(t, data{})
	v := visit()
	_, _, header := v.do("POST", "/log-in/"+s.Link())
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
	if status, body, _ := v.do("GET", "/", func(r *http.Request) { r.Host = "rebound.example" }); status != 421 || strings.Contains(body, "Overview") {
		t.Error("another name:", status)
	}
	if status, _, _ := v.do("POST", "/log-out", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); status != 403 {
		t.Error("another site:", status)
	}
	if status, _, _ := v.do("POST", "/log-out", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); status != 403 {
		t.Error("another origin:", status)
	}
	if status, _, _ := v.do("GET", "/"); status != 200 {
		t.Error("what was refused ended the session:", status)
	}
	resp, err := v.Get(v.base + "/log-in/x")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, k := range resp.Cookies() {
		t.Error("a cookie without a log-in:", k)
	}
}

func TestNothingIsRun(t *testing.T) {
	s, _, visit := serving(t, data{})
	v := visit()
	v.do("POST", "/log-in/"+s.Link())
	for _, path := range []string{"/", "/findings", "/findings/F-AAAAAAAAAA", "/ledger", "/passkeys", "/decisions", "/agents", "/runs", "/log-in/" + url.PathEscape(evil),
		"/requirements", "/requirements/A.5.1.1", "/systems", "/systems/prod%2Fweb-1", "/vulnerabilities", "/endpoints", "/estate", "/drift", "/settings", "/tokens", "/search?q=" + url.QueryEscape(evil), "/systems?q=" + url.QueryEscape(evil), "/findings?only=" + url.QueryEscape(evil)} {
		_, body, _ := v.do("GET", path)
		for _, ours := range []string{"passkey.js", "keys.js", "live.js"} {
			body = strings.Replace(body, `<script src="/static/`+ours+`" defer></script>`, "", 1)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "style=") || strings.Contains(body, "onclick") {
			t.Errorf("%s: %s", path, body)
		}
		if strings.Contains(body, "http://") || strings.Contains(body, "https://") {
			t.Errorf("%s asks another host: %s", path, body)
		}
	}
	_, body, _ := v.do("GET", "/findings")
	if !strings.Contains(body, "OVERDUE since 2026-11-25") || !strings.Contains(body, "no deadline") {
		t.Error(body)
	}
}

// TestMetrics: figures, and requests by their routes.
func TestMetrics(t *testing.T) {
	s, _, visit := serving(t, data{})
	v := visit()
	v.do("POST", "/log-in/"+s.Link())
	v.do("GET", "/findings/F-AAAAAAAAAA")
	v.do("GET", "/findings/F-SECRET0000")
	metrics := func(s *Server) string {
		w := httptest.NewRecorder()
		s.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		return w.Body.String()
	}
	text := metrics(s)
	for _, want := range []string{
		`holdfast_findings{state="open"} 2`, `holdfast_findings{state="overdue"} 1`, `holdfast_agents{state="silent"} 1`, `holdfast_database_up 1`, `holdfast_build_info{version="1.0"} 1`,
		`holdfast_http_request_seconds_count{route="GET /findings/{id}",status="200"} 1`, `holdfast_http_request_seconds_count{route="GET /findings/{id}",status="404"} 1`, "holdfast_last_run_timestamp_seconds 1.7",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "SECRET") {
		t.Error("what was asked for is a label")
	}
	s, _, _ = serving(t, data{broken: true})
	if text := metrics(s); !strings.Contains(text, "holdfast_database_up 0") {
		t.Error(text)
	}
}

func TestBroken(t *testing.T) {
	s, _, visit := serving(t, data{broken: true})
	v := visit()
	if status, body, _ := v.do("GET", "/readyz"); status != 503 || strings.Contains(body, "EOF") {
		t.Error(status, body)
	}
	if status, body, _ := v.do("POST", "/log-in/"+s.Link()); status != 500 || strings.Contains(body, "EOF") || !strings.Contains(body, "holdfast doctor") {
		t.Error(status, body)
	}
}
