package trace_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/trace"
)

// TestNobodyAsked: where nobody asked for traces they cost nothing.
func TestNobodyAsked(t *testing.T) {
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		in, span := trace.Begin(ctx, "look")
		span.Say(trace.Text("kind", "host"), trace.Count("results", 3))
		span.End(nil)
		if in != ctx {
			t.Fatal("another context")
		}
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

func TestUsage(t *testing.T) {
	for _, o := range []trace.Options{{URL: ""}, {URL: "127.0.0.1:4318"}, {URL: "grpc://127.0.0.1:4317"}, {URL: "http://user:secret@127.0.0.1"}, {URL: "http://127.0.0.1?token=secret"}, {URL: "http://127.0.0.1", Ratio: 1.5}, {URL: "http://127.0.0.1", Ratio: -1}} {
		var usage trace.UsageError
		if _, err := trace.Start(t.Context(), o); !errors.As(err, &usage) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestStuck: a collector that takes in nothing holds up neither who tells it nor the end.
func TestStuck(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
	came, release := make(chan struct{}, 100), make(chan struct{})
	stuck := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{}; <-release }))
	defer stuck.Close()
	defer close(release)
	tr, err := trace.Start(t.Context(), trace.Options{URL: stuck.URL, Ratio: 1, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	ctx := tr.Into(context.Background())
	began := time.Now()
	for range 10_000 {
		_, span := trace.Begin(ctx, "look")
		span.End(nil)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Error("who tells waits:", took)
	}
	<-came
	began = time.Now()
	tr.End()
	if took := time.Since(began); took > 7*time.Second {
		t.Error("the end waits:", took)
	}
}
