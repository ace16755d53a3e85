package app

import (
	"context"
	"errors"

	"holdfast.example/holdfast/internal/trace"
	"holdfast.example/holdfast/internal/web"
)

// TraceOptions say whom to tell of how long things take. The zero TraceOptions tell nobody.
type TraceOptions struct {
	URL   string  // of a collector that takes OTLP over HTTP
	Ratio float64 // how much is told, from 0 to 1
}

// traced makes what begins under a context known to a collector. What it gives last is called at the end.
func traced(ctx context.Context, o ServeOptions) (context.Context, web.Watch, func(), error) {
	if o.Traces.URL == "" {
		return ctx, nil, func() {}, nil
	}
	t, err := trace.Start(ctx, trace.Options{URL: o.Traces.URL, Ratio: o.Traces.Ratio, Version: o.Version, Log: o.Log})
	var usage trace.UsageError
	if errors.As(err, &usage) {
		return ctx, nil, nil, &UsageError{usage.Error()}
	}
	if err != nil {
		return ctx, nil, nil, err
	}
	return t.Into(ctx), t.Request, t.End, nil
}
