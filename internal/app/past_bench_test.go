package app

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
)

// BenchmarkAsOf reports a day in the middle of a year in which 200 machines like this one were looked at every day.
func BenchmarkAsOf(b *testing.B) {
	w, err := load(Options{})
	if err != nil {
		b.Fatal(err)
	}
	state := b.TempDir()
	s, err := openStore(b.Context(), state, "")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	seen := observe(b.Context(), local.Machine(), w.sources, fact.Key{})
	first := time.Now().AddDate(-1, 0, 0)
	seen.at = first
	const machines, days = 200, 365
	var obs []fact.Observation
	for i := range machines {
		obs = append(obs, seen.observations(fmt.Sprintf("prod/web-%d", i), "ssh://web", w.sources)...)
	}
	if _, err := s.Record(b.Context(), run.Run{ID: "day-0", Started: first, Finished: first, Targets: []string{"test"}}, obs, nil, nil); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(state, "holdfast.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for d := 1; d < days; d++ {
		at := first.AddDate(0, 0, d).UTC().Format("2006-01-02T15:04:05.000000000Z")
		for _, text := range []string{
			"INSERT INTO runs SELECT * FROM (SELECT 'day-' || ?1 AS id, ?2 AS started_at, ?2 AS finished_at, version, estate_digest, targets FROM runs WHERE id = 'day-0')",
			"INSERT INTO observations (run, subject, kind, place, digest, problem, observed_at, collector) SELECT 'day-' || ?1, subject, kind, place, digest, problem, ?2, collector FROM observations WHERE run = 'day-0'",
		} {
			if _, err := db.Exec(text, d, at); err != nil {
				b.Fatal(err)
			}
		}
	}
	when := first.AddDate(0, 6, 0).UTC().Format(time.RFC3339)
	for b.Loop() {
		a, err := AsOf(b.Context(), Options{State: state, Version: "1.0"}, when)
		if err != nil || len(a.Hosts) != machines {
			b.Fatal(len(a.Hosts), err)
		}
	}
	b.ReportMetric(float64(len(obs)*days), "observations")
}
