package hub_test

import (
	"sync/atomic"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/test/targets"
)

// BenchmarkDeliver delivers small reports of 64 agents, one of each under way: each is on disk, synced, before it is
// acknowledged; on a cluster on the disks of two servers of three, which share this machine's.
func BenchmarkDeliver(b *testing.B) {
	b.Run("disk", func(b *testing.B) { deliver(b, newSite(b)) })
	b.Run("cluster", func(b *testing.B) {
		s := &site{t: b, dir: b.TempDir(), book: newBook(), taken: make(chan hub.Received, 1000)}
		var err error
		if s.authority, err = hub.OpenAuthority(s.dir, time.Now()); err != nil {
			b.Fatal(err)
		}
		if s.cluster, err = hub.ParseCluster(targets.NATS(b, 3, "").Addresses()); err != nil {
			b.Fatal(err)
		}
		s.start("127.0.0.1:0")
		b.Cleanup(func() { s.hub.Close() })
		deliver(b, s)
	})
}

func deliver(b *testing.B, s *site) {
	var members []*member
	for range 64 {
		members = append(members, s.dial(s.join("production")))
	}
	for id := newID(); members[0].link.Deliver(b.Context(), id, report(id)) != nil; { // until the cluster has its stream
		time.Sleep(100 * time.Millisecond)
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
