package app

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes traces as a collector does.
type receiver struct {
	*httptest.Server
	came chan struct{}

	mu    sync.Mutex
	spans []*otlp.Span
	all   string // everything that came, as text
	asked []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{came: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var body io.Reader = q.Body
		if q.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(q.Body); err != nil {
				t.Error(err)
				return
			}
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		var m collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(raw, &m); err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, q.URL.Path+" "+q.Header.Get("Api-Key"))
		r.all += m.String() + string(raw)
		for _, x := range m.ResourceSpans {
			for _, y := range x.ScopeSpans {
				r.spans = append(r.spans, y.Spans...)
			}
		}
		select {
		case r.came <- struct{}{}:
		default:
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// span waits for one by its name, and gives what is told of it.
func (r *receiver) span(t *testing.T, name string) (*otlp.Span, map[string]string) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		var names []string
		for _, s := range r.spans {
			names = append(names, s.Name)
			if s.Name == name {
				r.mu.Unlock()
				facts := map[string]string{}
				for _, a := range s.Attributes {
					if facts[a.Key] = a.Value.GetStringValue(); facts[a.Key] == "" {
						facts[a.Key] = a.Value.String()
					}
				}
				return s, facts
			}
		}
		r.mu.Unlock()
		select {
		case <-r.came:
		case <-limit:
			t.Fatalf("no %q among %q", name, names)
		}
	}
}

// TestTraces: a collector is told of requests by their routes, of looks, of what is recorded and entered; and of no secret.
func TestTraces(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=abc")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=hub")
	r := newReceiver(t)
	dir := t.TempDir()
	put(t, dir, map[string]string{
		"root/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "root/etc/ssh/sshd_config": "PermitRootLogin yes\n", "root/usr/sbin/sshd": "",
		"estate.yaml": "organization: Northwind\napplications:\n  - {name: shop}\nenvironments:\n  - {name: prod, stage: production}\nsystems:\n  - {name: web-1, environment: prod, applications: [shop], target: \"rootfs:" + filepath.Join(dir, "root") + "\"}\n",
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, ended := make(chan Served, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: t.TempDir(), Estate: filepath.Join(dir, "estate.yaml"), Listen: "127.0.0.1:0", Scan: true, Version: "1.0", Traces: TraceOptions{URL: r.URL, Ratio: 1}, Log: t.Logf, Ready: func(s Served) { ready <- s }})
	}()
	var s Served
	select {
	case s = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	ask := func(method, at string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := ask("POST", s.Link); status != http.StatusOK {
		t.Fatal(status)
	}
	at, _ := url.Parse(s.Address)
	cookies := jar.Cookies(at)
	if len(cookies) == 0 {
		t.Fatal("no session")
	}
	ask("GET", s.Address+"findings?severity=high&secret=q-u-e-r-y")
	ask("GET", s.Address+"findings/F-NOBODYKNOW")
	ask("BREW", s.Address+"findings")
	for name, want := range map[string]map[string]string{
		"POST /log-in/{token}": {"http.route": "/log-in/{token}", "http.request.method": "POST"},
		"GET /findings":        {"http.route": "/findings", "http.response.status_code": "int_value:200"},
		"GET /findings/{id}":   {"http.response.status_code": "int_value:404"},
		"look":                 {"holdfast.target.kind": "rootfs", "holdfast.environment": "prod"},
		"assess":               {"holdfast.targets": "int_value:1"},
		"record run":           {},
		"record change":        {},
		"enter ledger":         {},
	} {
		span, facts := r.span(t, name)
		for k, v := range want {
			if facts[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, facts[k], v)
			}
		}
		if span.EndTimeUnixNano <= span.StartTimeUnixNano {
			t.Error(name, "takes no time")
		}
	}
	if _, facts := r.span(t, "enter ledger"); facts["holdfast.entries"] == "" || facts["holdfast.entries"] == "int_value:0" {
		t.Error(facts) // the estate and the log-in, together or one by one
	}
	whole, facts := r.span(t, "assess")
	if facts["holdfast.results"] == "" || facts["holdfast.results"] == "int_value:0" {
		t.Error(facts)
	}
	if part, _ := r.span(t, "look"); string(part.ParentSpanId) != string(whole.SpanId) {
		t.Error("a look belongs to no assessment")
	}
	if asked, _ := r.span(t, "GET /findings"); len(asked.ParentSpanId) != 0 {
		t.Error("the caller says to which trace it belongs")
	}
	browser.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked[0] != "/v1/traces abc" || !strings.Contains(r.all, "deployment.environment.name") {
		t.Error("the standard variables do not count:", r.asked[0])
	}
	_, link, _ := strings.Cut(s.Link, "/log-in/")
	for _, secret := range []string{link, cookies[0].Value, "q-u-e-r-y", "F-NOBODYKNOW", "BREW", "0af7651916cd43dd", dir, "web-1", "Northwind"} {
		if strings.Contains(r.all, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

// TestTracesAway: a collector that is away is said once, and nobody waits for it.
func TestTracesAway(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	said := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, ended := make(chan Served, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", Traces: TraceOptions{URL: away.URL, Ratio: 1}, Log: func(format string, args ...any) { said <- format }, Ready: func(s Served) { ready <- s }})
	}()
	s := <-ready
	began := time.Now()
	for range 100 {
		resp, err := http.Get(s.Address + "healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Error("100 pages took", took)
	}
	http.DefaultClient.CloseIdleConnections()
	if first := <-said; !strings.HasPrefix(first, "traces: ") {
		t.Error(first)
	}
	began = time.Now()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Error("the end took", took)
	}
	close(said)
	for text := range said {
		if strings.HasPrefix(text, "traces: ") {
			t.Error("said again:", text)
		}
	}
	var usage *UsageError
	if err := Serve(t.Context(), ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", Traces: TraceOptions{URL: "nonsense", Ratio: 1}}); !errors.As(err, &usage) {
		t.Error(err)
	}
}
