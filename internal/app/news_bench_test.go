package app

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
)

// BenchmarkNews takes what agents report first, each of a machine like this one, 64 at a time.
func BenchmarkNews(b *testing.B) {
	w, err := load(Options{})
	if err != nil {
		b.Fatal(err)
	}
	seen := observe(b.Context(), local.Machine(), w.sources, fact.Key{})
	seen.at = time.Now()
	o := ServeOptions{State: b.TempDir(), Version: "1.0"}
	s, err := openStore(b.Context(), o.State, "")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	i := &intake{o: o, store: s, again: func(agent.Agent) {}, log: b.Logf}
	var facts []agent.Fact
	for _, o := range seen.observations("", "", w.sources) {
		f := agent.Fact{Kind: o.Kind.String(), Digest: o.Digest, Problem: o.Problem}
		if o.Fact != nil {
			if f.Data, err = fact.Canonical(o.Fact); err != nil {
				b.Fatal(err)
			}
		}
		facts = append(facts, f)
	}
	const together = 64
	n := 0
	for b.Loop() {
		var batch []hub.Received
		for range together {
			n++
			now := time.Now()
			id := fmt.Sprintf("A-AAAAAA%c%c%c%c", 'A'+n/1000%26, 'A'+n/100%10, 'A'+n/10%10, 'A'+n%10)
			if err := s.Invite(b.Context(), agent.Invitation{Digest: id, Environment: "production", Made: now, Until: now.Add(time.Hour)}); err != nil {
				b.Fatal(err)
			}
			if err := s.Admit(b.Context(), id, agent.Agent{ID: id, Environment: "production", Subject: fmt.Sprint("web-", n), Joined: now, Until: now.Add(time.Hour)}, now); err != nil {
				b.Fatal(err)
			}
			batch = append(batch, hub.Received{Agent: id, At: now, Report: agent.Report{Version: 1, ID: uuid.Must(uuid.NewV7()).String(), At: now, Host: id, Every: 5 * time.Minute, Facts: facts}})
		}
		if err := i.take(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "hosts/s")
	b.ReportMetric(peak(), "peak-MiB")
}
