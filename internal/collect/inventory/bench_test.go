package inventory

import (
	"testing"
)

// BenchmarkMachine looks through this machine as an assessment does.
func BenchmarkMachine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f := Machine(b.Context(), false)
		b.ReportMetric(float64(len(f.Packages)), "components")
	}
}
