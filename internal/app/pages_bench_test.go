package app

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/web"
)

// benchPages asks for every page over HTTP, and gives the slowest page's 95th percentile and the largest page.
func benchPages(b *testing.B, db, estate string) {
	rules, err := access.LoadRules(catalog.FS)
	if err != nil {
		b.Fatal(err)
	}
	p := &pages{o: ServeOptions{State: b.TempDir(), DB: db, Estate: estate}, rules: rules, happened: make(chan struct{}, 1)}
	ts := httptest.NewUnstartedServer(nil)
	s, err := web.New(web.Options{Data: p, Decisions: p, Operations: p, Pictures: p, Places: p, Drifts: p, Tokens: p, Figures: p, People: p, Version: "bench", Now: time.Now, Origin: "http://localhost", Hosts: []string{ts.Listener.Addr().String()}})
	if err != nil {
		b.Fatal(err)
	}
	ts.Config.Handler = s.Handler()
	ts.Start()
	defer ts.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	bearer := ""
	ask := func(method, path string) []byte {
		req, err := http.NewRequestWithContext(b.Context(), method, ts.URL+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		if bearer != "" {
			req.Header.Set("Authorization", bearer)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(path, resp.StatusCode, err)
		}
		return body
	}
	ask("POST", "/log-in/"+s.Link())
	began := time.Now()
	ask("GET", "/requirements") // the first drawing, which later pages find
	b.ReportMetric(time.Since(began).Seconds(), "first-drawing-s")
	for _, who := range []string{"link", "otto"} { // who sees all, and who sees one application of fifty
		if who != "link" {
			v, err := p.Viewer(b.Context(), who)
			if err != nil {
				b.Fatal(err)
			}
			tok, secret, digest, err := access.NewToken(v, "bench", []access.Permission{access.SeeFindings, access.SeeDecisions}, time.Now().Add(time.Hour), time.Now())
			if err != nil {
				b.Fatal(err)
			}
			if err := p.AddToken(b.Context(), tok, digest); err != nil {
				b.Fatal(err)
			}
			bearer = "Bearer " + secret
		}
		timed(b, who, ask)
	}
	b.ReportMetric(peak(), "peak-MiB")
}

// timed asks for every page again and again.
func timed(b *testing.B, who string, ask func(method, path string) []byte) {
	b.Helper()
	paths := []string{"/", "/findings", "/findings?severity=low", "/findings?due=overdue&after=5000", "/findings?only=vulnerabilities-known", "/findings?only=sshd-root-login", "/findings?application=app-49", "/requirements", "/requirements/A.5.2.1",
		"/systems", "/systems?q=app-7", "/systems/prod%2Fweb-49", "/vulnerabilities", "/search?q=web-49", "/decisions", "/agents", "/runs", "/ledger", "/passkeys", "/tokens"}
	if who == "link" {
		paths = append(paths, string(regexp.MustCompile(`/findings/F-[A-Z2-7]{10}`).Find(ask("GET", "/findings"))))
	} else {
		paths = []string{"/api/v1/overview", "/api/v1/findings", "/api/v1/findings?severity=low", "/api/v1/findings?only=vulnerabilities-known", "/api/v1/requirements", "/api/v1/systems", "/api/v1/systems/prod%2Fweb-49", "/api/v1/vulnerabilities", "/api/v1/decisions"}
	}
	times, sizes, largest := map[string][]time.Duration{}, map[string]int{}, 0
	for range 60 {
		for _, path := range paths {
			began := time.Now()
			n := len(ask("GET", path))
			times[path] = append(times[path], time.Since(began))
			largest, sizes[path] = max(largest, n), n
		}
	}
	worst := time.Duration(0)
	for _, path := range paths {
		t := times[path]
		slices.Sort(t)
		p95 := t[len(t)*95/100]
		worst = max(worst, p95)
		fmt.Fprintf(os.Stderr, "%-5s %-45s median %s p95 %s of %d, %d kB\n", who, path, t[len(t)/2].Round(100*time.Microsecond), p95.Round(100*time.Microsecond), len(t), sizes[path]/1000)
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, who+"-p95-ms")
	b.ReportMetric(float64(largest)/1000, who+"-largest-kB")
}

// BenchmarkDraw draws how 5,000 systems stand, of what 300 checks came to on each: once of what was just seen, once of what is
// too old.
func BenchmarkDraw(b *testing.B) {
	w, err := load(Options{Estate: fleetFile(b, "")})
	if err != nil {
		b.Fatal(err)
	}
	monday := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)
	known := map[string]*thin{}
	for name, marks := range benchMarks(0, benchSystems, monday) {
		known[name] = w.thinned(picture.Subject{Name: name, At: monday, Marks: marks})
	}
	subjects := slices.Collect(maps.Values(known))
	for name, at := range map[string]time.Time{"fresh": monday.Add(time.Hour), "old": monday.AddDate(0, 0, 10)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if d := draw(w, subjects, nil, nil, at); len(d.judged) != 58 {
					b.Fatal(len(d.judged))
				}
			}
			b.ReportMetric(peak(), "peak-MiB")
		})
	}
}
