package cli

import (
	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

// traceFlags are those of traces.
func traceFlags(c *cobra.Command, o *app.TraceOptions) {
	c.Flags().StringVar(&o.URL, "traces", env("HOLDFAST_TRACES", ""), "address of a collector that takes OpenTelemetry traces over HTTP, http://127.0.0.1:4318 for example; empty: none are made")
	c.Flags().Float64Var(&o.Ratio, "traces-ratio", 1, "part of the traces that is sent, from 0 to 1")
}
