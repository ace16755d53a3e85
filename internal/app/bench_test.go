package app

import (
	"fmt"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
)

// BenchmarkObserveMachine collects and parses all facts of this machine.
func BenchmarkObserveMachine(b *testing.B) {
	w, err := load(Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := observe(b.Context(), local.Machine(), w.sources, fact.Key{}); s.problem != nil {
			b.Fatal(s.problem)
		}
	}
}

// BenchmarkJudge judges this machine's facts as those of many recorded hosts, by all checks, up to
// the statuses of all requirements. The time for a host must not grow with the number of hosts.
func BenchmarkJudge(b *testing.B) {
	for _, hosts := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			w, err := load(Options{})
			if err != nil {
				b.Fatal(err)
			}
			s := observe(b.Context(), local.Machine(), w.sources, fact.Key{})
			s.at = time.Now()
			var obs []fact.Observation
			for i := range hosts {
				obs = append(obs, s.observations(fmt.Sprintf("host:h%04d", i), "recorded", w.sources)...)
			}
			b.ReportAllocs()
			for b.Loop() {
				a := &report.Assessment{}
				w.fill(a, w.judge(withClaims(obs), s.at), map[string]finding.Finding{}, s.at)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(hosts), "ms/host")
		})
	}
}
