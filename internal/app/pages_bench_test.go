package app

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/web"
)

// benchPages asks for every page over HTTP, and gives the slowest page's 95th percentile and the largest page.
func benchPages(b *testing.B, db, estate string) {
	rules, err := access.LoadRules(catalog.FS)
	if err != nil {
		b.Fatal(err)
	}
	p := &pages{o: ServeOptions{State: b.TempDir(), DB: "sqlite:" + db, Estate: estate}, rules: rules, happened: make(chan struct{}, 1)}
	ts := httptest.NewUnstartedServer(nil)
	s, err := web.New(web.Options{Data: p, Decisions: p, Operations: p, Pictures: p, Tokens: p, Figures: p, People: p, Version: "bench", Now: time.Now, Origin: "http://localhost", Hosts: []string{ts.Listener.Addr().String()}})
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
	ask := func(method, path string) []byte {
		req, err := http.NewRequestWithContext(b.Context(), method, ts.URL+path, nil)
		if err != nil {
			b.Fatal(err)
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
	first := regexp.MustCompile(`/findings/F-[A-Z2-7]{10}`).Find(ask("GET", "/findings"))
	paths := []string{"/", "/findings", string(first), "/decisions", "/agents", "/runs", "/ledger", "/passkeys"}
	times, largest := map[string][]time.Duration{}, 0
	for b.Loop() {
		for _, path := range paths {
			began := time.Now()
			n := len(ask("GET", path))
			times[path] = append(times[path], time.Since(began))
			largest = max(largest, n)
		}
	}
	worst := time.Duration(0)
	for _, path := range paths {
		t := times[path]
		slices.Sort(t)
		p95 := t[len(t)*95/100]
		worst = max(worst, p95)
		b.Logf("%-22s p95 %s of %d", path, p95.Round(100*time.Microsecond), len(t))
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(largest)/1000, "largest-kB")
}
