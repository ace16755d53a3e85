// Package app wires the parts together: it alone imports adapters and reads the clock. What an
// assessment means is decided in the core packages that it calls.
package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// transport is what collecting asks of a way to a host: answer needs into the evidence, bounded in
// size, number and time, and say what it is. What cannot be had is recorded as a problem there; an
// error means that the host is gone.
type transport interface {
	Gather(ctx context.Context, needs []host.Need, ev *host.Evidence) error
	Name() string
	Privileged() bool
	Close() error
}

// seen is what one host gave.
type seen struct {
	facts    map[string]fact.Fact     // by kind
	problems map[string]*fact.Problem // of kinds that have no fact, where a collector elsewhere said why
	problem  *fact.Problem            // the host did not answer
	at       time.Time
}

// observe gathers the needs of all sources at once, follows them a few rounds, and parses. A
// parser that breaks costs its own kind only.
func observe(ctx context.Context, t transport, sources []host.Source, key fact.Key) seen {
	ev := host.NewEvidence()
	var needs []host.Need
	for _, s := range sources {
		needs = append(needs, s.Needs...)
	}
	out := seen{facts: map[string]fact.Fact{}}
	for round := 0; len(needs) > 0 && round <= host.Rounds; round++ {
		fresh := ev.Claim(needs)
		if len(fresh) == 0 {
			break
		}
		if err := t.Gather(ctx, fresh, ev); err != nil {
			out.problem = lost(t.Name(), err)
			return out
		}
		needs = nil
		for _, s := range sources {
			if s.Follow != nil {
				needs = append(needs, followed(s, ev)...)
			}
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, s := range sources {
		wg.Go(func() {
			f := parsed(s, ev, key)
			mu.Lock()
			defer mu.Unlock()
			if f != nil {
				out.facts[s.Kind.Name] = f
			}
		})
	}
	wg.Wait()
	return out
}

func followed(s host.Source, ev *host.Evidence) (needs []host.Need) {
	defer func() {
		if recover() != nil {
			needs = nil
		}
	}()
	return s.Follow(ev)
}

func parsed(s host.Source, ev *host.Evidence, key fact.Key) (f fact.Fact) {
	defer func() {
		if recover() != nil {
			f = nil
		}
	}()
	return s.Parse(ev, key)
}

func lost(name string, err error) *fact.Problem {
	var p *fact.Problem
	if asProblem(err, &p) {
		return p
	}
	cause := fact.Unreachable
	if isTimeout(err) {
		cause = fact.TimedOut
	}
	return &fact.Problem{Cause: cause, Source: name, Text: err.Error()}
}

// observations turns what a host gave into one observation for each kind.
func (s seen) observations(subject, collector string, sources []host.Source) []fact.Observation {
	var out []fact.Observation
	for _, src := range sources {
		o := fact.Observation{Subject: subject, Kind: src.Kind, ObservedAt: s.at, Collector: collector}
		f, ok := s.facts[src.Kind.Name]
		switch {
		case s.problem != nil:
			o.Problem = s.problem
		case s.problems[src.Kind.Name] != nil:
			o.Problem = s.problems[src.Kind.Name]
		case !ok:
			o.Problem = &fact.Problem{Cause: fact.NotParsable, Source: src.Title, Text: "its parser broke; please report it"}
		default:
			data, err := fact.Canonical(f)
			if err != nil {
				o.Problem = &fact.Problem{Cause: fact.Failed, Source: src.Title, Text: fmt.Sprint(err)}
				break
			}
			o.Fact, o.Digest = f, fact.Digest(data)
		}
		out = append(out, o)
	}
	return out
}
