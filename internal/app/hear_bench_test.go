package app

import (
	"fmt"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
)

// BenchmarkUnchanged takes reports that tell nothing new, of a thousand agents, 64 at a time: one synced transaction for each 64.
func BenchmarkUnchanged(b *testing.B) {
	const agents = 1000
	o := ServeOptions{State: b.TempDir(), Version: "1.0"}
	s, err := openStore(b.Context(), o.State, "")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	i := &intake{o: o, store: s, again: func(agent.Agent) {}, log: b.Logf}
	id := func(n int) string {
		return fmt.Sprintf("A-AAAAAA%c%c%c%c", 'A'+n/1000%26, 'A'+n/100%10, 'A'+n/10%10, 'A'+n%10)
	}
	report := func(n, round int) hub.Received {
		r := agent.Report{Version: 1, ID: fmt.Sprintf("%08d-0000-7000-8000-%012d", round, n), At: time.Now(), Host: id(n), Every: 5 * time.Minute}
		for k := range 25 {
			r.Facts = append(r.Facts, agent.Fact{Kind: fmt.Sprintf("kind-%d/1", k), Digest: fmt.Sprintf("%064d", k)})
		}
		return hub.Received{Agent: id(n), At: time.Now(), Report: r}
	}
	var known []agent.Agent
	for n := range agents {
		now := time.Now()
		if err := s.Invite(b.Context(), agent.Invitation{Digest: id(n), Environment: "production", Made: now, Until: now.Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
		a := agent.Agent{ID: id(n), Environment: "production", Joined: now}
		a.Name, a.Judged = "host:"+a.ID, agent.Judged{Content: report(n, 0).Report.Content(), Under: "1.0", At: now.Add(time.Minute)}
		if err := s.Admit(b.Context(), id(n), a, now); err != nil {
			b.Fatal(err)
		}
		known = append(known, a)
	}
	if err := s.Heard(b.Context(), known); err != nil {
		b.Fatal(err)
	}
	taken, round := 0, 0
	for b.Loop() {
		round++
		for first := 0; first < agents; first += 64 {
			var batch []hub.Received
			for n := first; n < min(first+64, agents); n++ {
				batch = append(batch, report(n, round))
			}
			if err := i.take(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			taken += len(batch)
		}
	}
	if all, err := s.Runs(b.Context(), 1); err != nil || len(all) > 0 {
		b.Fatal("they were judged", err)
	}
	b.ReportMetric(float64(taken)/b.Elapsed().Seconds(), "reports/s")
}
