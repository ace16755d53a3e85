// Package trace tells a collector, by OTLP over HTTP, how long what the control plane does takes. It is the one place that knows
// OpenTelemetry. What it tells is of the program and not of people: routes as patterns, kinds, counts and durations; never what
// was asked for, who asked, or an error's text.
package trace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options say whom to tell. Headers, certificates, compression and limits of the queue are as the standard variables
// OTEL_EXPORTER_OTLP_…, OTEL_BSP_… and OTEL_RESOURCE_ATTRIBUTES say.
type Options struct {
	URL     string  // of the collector, http://127.0.0.1:4318; without a path it is /v1/traces
	Ratio   float64 // of what begins here, how much is told: 0 nothing, 1 all
	Version string
	Log     func(format string, args ...any)
}

// UsageError says that options cannot be meant so.
type UsageError string

func (e UsageError) Error() string { return string(e) }

// Tracer tells of what goes on. Make it by Start, and end it.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	told     *told
}

// endTime is how long is waited at the end for who takes in what is left.
const endTime = 5 * time.Second

// Start makes a tracer. Nobody waits for the collector: what it does not take in time is let go of.
func Start(ctx context.Context, o Options) (*Tracer, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, UsageError("--traces: want the address of a collector, http://127.0.0.1:4318 for example")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, UsageError("--traces: want an address alone; what the collector wants to know besides goes into OTEL_EXPORTER_OTLP_HEADERS")
	case !(o.Ratio >= 0 && o.Ratio <= 1):
		return nil, UsageError(fmt.Sprintf("--traces-ratio %v: want a part from 0 to 1", o.Ratio))
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	to, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()))
	if err != nil {
		return nil, fmt.Errorf("prepare to tell %s of traces: %w", u, err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "holdfast"), attribute.String("service.version", o.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &told{Exporter: to, to: u.String(), log: o.Log}
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))), sdk.WithBatcher(t))
	return &Tracer{provider, provider.Tracer("holdfast.example/holdfast"), t}, nil
}

// told says once that the collector does not take what it is told, and once that it does again.
type told struct {
	*otlptrace.Exporter
	to  string
	log func(format string, args ...any)

	mu   sync.Mutex
	ill  bool
	over bool // nothing is sent or said any more
}

func (t *told) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	t.mu.Lock()
	over := t.over
	t.mu.Unlock()
	if over {
		return nil
	}
	err := t.Exporter.ExportSpans(ctx, spans)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over:
	case err != nil && !t.ill && ctx.Err() == nil:
		t.log("traces: %s does not take what it is told, and that is lost until it does: %v; nothing waits for it", t.to, err)
	case err != nil && !t.ill:
		t.log("traces: %s is too slow, and what it is told is lost until it is faster; nothing waits for it", t.to)
	case err == nil && t.ill:
		t.log("traces: %s takes them again", t.to)
	}
	t.ill = err != nil
	return nil // it is said
}

// End tells what is left, for five seconds at the most.
func (t *Tracer) End() {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
	t.told.mu.Lock()
	t.told.over = true // what is stuck in it ends by itself and says nothing
	t.told.mu.Unlock()
}

type key struct{}

// Into makes what begins under a context known to the tracer.
func (t *Tracer) Into(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, t) }

// Fact is one thing that is told of what goes on.
type Fact struct {
	name, text string
	n          int
	number     bool
}

// Text is a word of a small set: a kind, an environment. Never what somebody typed.
func Text(name, text string) Fact { return Fact{name: name, text: text} }

// Count is how many.
func Count(name string, n int) Fact { return Fact{name: name, n: n, number: true} }

func (f Fact) attribute() attribute.KeyValue {
	if f.number {
		return attribute.Int(f.name, f.n)
	}
	return attribute.String(f.name, f.text)
}

// Span is something that goes on. Nil is one that is told to nobody.
type Span struct{ span trace.Span }

// Begin begins something. Where nobody asked for traces it gives what it got.
func Begin(ctx context.Context, name string) (context.Context, *Span) {
	t, ok := ctx.Value(key{}).(*Tracer)
	if !ok {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, &Span{span}
}

// Say adds to what is told.
func (s *Span) Say(facts ...Fact) {
	if s == nil {
		return
	}
	for _, f := range facts {
		s.span.SetAttributes(f.attribute())
	}
}

// End ends it. Of an error its type is told: its text may name what is nobody else's.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
		s.span.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", root(err))))
	}
	s.span.End()
}

// root is the error at the bottom.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// methods are those that are told by name.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// Request begins a request, and gives what ends it: by the pattern of its route and how it was answered. What the caller says
// of traces of its own is not believed.
func (t *Tracer) Request(ctx context.Context, method string) (context.Context, func(route string, status int)) {
	name := method
	if !slices.Contains(methods, method) {
		method, name = "_OTHER", "HTTP"
	}
	ctx, span := t.tracer.Start(t.Into(ctx), name, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", method)))
	return ctx, func(route string, status int) {
		if _, path, ok := strings.Cut(route, " "); ok {
			route = path
		}
		span.SetName(name + " " + route)
		span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
