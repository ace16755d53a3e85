package hub_test

import (
	"sync/atomic"
	"testing"
)

// BenchmarkDeliver delivers small reports of 64 agents, one of each under way: each is on disk, synced, before it is
// acknowledged.
func BenchmarkDeliver(b *testing.B) {
	s := newSite(b)
	var members []*member
	for range 64 {
		members = append(members, s.dial(s.join("production")))
	}
	var next atomic.Int64
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-s.taken:
			case <-stop:
				return
			}
		}
	}()
	defer close(stop)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		m := members[int(next.Add(1))%len(members)]
		for pb.Next() {
			id := newID()
			if err := m.link.Deliver(b.Context(), id, report(id)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
}
