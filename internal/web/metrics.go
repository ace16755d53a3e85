package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Figures are how the control plane is, in numbers.
type Figures interface {
	Figures(ctx context.Context) (Numbers, error)
}

// Numbers are figures of one moment.
type Numbers struct {
	Open, Settled, Overdue        int // findings
	Agents, AgentsSilent, Revoked int
	LastRun                       time.Time // end of the newest run; zero: there is none
	Bus                           *bool     // reports of agents are kept; nil: none are listened for
}

// metrics are what a Prometheus asks for.
type metrics struct {
	figures  Figures
	watch    Watch // nil: nobody does
	requests *prometheus.HistogramVec
	registry *prometheus.Registry
	findings *prometheus.GaugeVec
	agents   *prometheus.GaugeVec
	lastRun  prometheus.Gauge
	up       prometheus.Gauge
	bus      *prometheus.GaugeVec
}

func newMetrics(f Figures, version string) *metrics {
	m := &metrics{figures: f, registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_http_request_seconds", Help: "Time to answer, by route and status.", Buckets: []float64{.005, .02, .1, .2, .5, 2}}, []string{"route", "status"}),
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_findings", Help: "Findings that are open, settled by a decision, or overdue (among the open)."}, []string{"state"}),
		agents:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_agents", Help: "Agents that report, are silent, or were revoked."}, []string{"state"}),
		lastRun:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_last_run_timestamp_seconds", Help: "End of the newest run."}),
		up:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_database_up", Help: "1 when the database could be read for these figures."}),
	}
	m.bus = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "holdfast_bus_up", Help: "1 when reports of agents are kept; absent when none are listened for."}, nil)
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.findings, m.agents, m.lastRun, m.up, m.bus, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Metrics answer a Prometheus. They belong on an address of their own: beside the pages a proxy would show them to all.
func (s *Server) Metrics() http.Handler { return s.metrics }

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := m.figures.Figures(r.Context())
	m.up.Set(0)
	if err == nil {
		m.up.Set(1)
		m.findings.WithLabelValues("open").Set(float64(n.Open))
		m.findings.WithLabelValues("settled").Set(float64(n.Settled))
		m.findings.WithLabelValues("overdue").Set(float64(n.Overdue))
		m.agents.WithLabelValues("reporting").Set(float64(n.Agents))
		m.agents.WithLabelValues("silent").Set(float64(n.AgentsSilent))
		m.agents.WithLabelValues("revoked").Set(float64(n.Revoked))
		if n.Bus != nil {
			m.bus.WithLabelValues().Set(map[bool]float64{true: 1}[*n.Bus])
		}
		if !n.LastRun.IsZero() {
			m.lastRun.Set(float64(n.LastRun.Unix()))
		}
	}
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// Watch is told of a request when it begins, and by what it gives when it ended: by the pattern of its route, never by what was
// asked for.
type Watch func(ctx context.Context, method string) (context.Context, func(route string, status int))

// measured times what a mux answers, by its routes and not by what was asked: ids would be labels without end.
func (m *metrics) measured(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &status{ResponseWriter: w, code: http.StatusOK}
		if m.watch != nil {
			ctx, done := m.watch(r.Context(), r.Method)
			r = r.WithContext(ctx)
			defer func() { done(cmp.Or(answer.route, r.Pattern, "none"), answer.code) }()
		}
		mux.ServeHTTP(answer, r)
		m.requests.WithLabelValues(cmp.Or(answer.route, r.Pattern, "none"), strconv.Itoa(answer.code)).Observe(time.Since(began).Seconds())
	})
}

// status notes how a request was answered.
type status struct {
	http.ResponseWriter
	code  int
	route string // of those behind the session
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController through.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
