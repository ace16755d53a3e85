package local

import (
	"testing"

	"holdfast.example/holdfast/internal/host"
)

func BenchmarkWalkMachine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := Machine().walk(b.Context())
		b.ReportMetric(float64(s.Count), "files")
	}
}

func BenchmarkProcesses(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := Machine().Gather(b.Context(), host.Processes(), host.NewEvidence()); err != nil {
			b.Fatal(err)
		}
	}
}
