package app

import (
	"fmt"
	"os"
	"path/filepath"
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

// BenchmarkJudge judges this machine's facts as those of many recorded hosts, each with facts of its own in memory, by all checks, up to
// the statuses of all requirements. The time for a host must not grow with the number of hosts.
func BenchmarkJudge(b *testing.B) {
	for _, hosts := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) { judgeHosts(b, hosts, Options{}, "host:h%04d") })
		b.Run(fmt.Sprint(hosts, "_of_one_application"), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "estate.yaml")
			text := "organization: Northwind\nteams: [{name: platform, lead: erika, members: [erika], contact: p@northwind.example}]\n" +
				"people: [{id: erika, name: Erika, email: e@northwind.example, accounts: {standard: erika}}]\n" +
				"environments: [{name: prod, stage: production}]\n" +
				"applications: [{name: shop, team: platform, management: erika, criticality: high, exposure: internal, environments: [prod]}]\nsystems:\n"
			for i := range hosts {
				text += fmt.Sprintf("  - {name: h%04d, application: shop, environment: prod, target: \"ssh://root@h%04d.example\"}\n", i, i)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
			judgeHosts(b, hosts, Options{Estate: path}, "prod/h%04d")
		})
	}
}

func judgeHosts(b *testing.B, hosts int, o Options, name string) {
	w, err := load(o)
	if err != nil {
		b.Fatal(err)
	}
	s := observe(b.Context(), local.Machine(), w.sources, fact.Key{})
	s.at = time.Now()
	recorded, data := s.observations("", "recorded", w.sources), map[string][]byte{}
	for _, o := range recorded {
		if data[o.Kind.Name], err = fact.Canonical(o.Fact); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		a := &report.Assessment{}
		outcomes, err := w.judge(recordedFeed(b, w, data, hosts, name, s), s.at)
		if err != nil {
			b.Fatal(err)
		}
		w.fill(a, outcomes, map[string]finding.Finding{}, s.at)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(hosts), "ms/host")
}

// recordedFeed decodes the facts of each host anew, as a database gives them.
func recordedFeed(b *testing.B, w *world, data map[string][]byte, hosts int, name string, s seen) feed {
	return func(yield func([]fact.Observation, error) bool) {
		for _, o := range s.observations("", "recorded", w.sources) {
			for at := 0; at < hosts; at += atOnce {
				obs := make([]fact.Observation, min(atOnce, hosts-at))
				parallel(len(obs), func(i int) {
					f, err := w.decode(o.Kind.String(), data[o.Kind.Name])
					if err != nil {
						b.Error(err)
					}
					obs[i] = o
					obs[i].Subject, obs[i].Fact = fmt.Sprintf(name, at+i), f
				})
				if !yield(obs, nil) {
					return
				}
			}
		}
	}
}
