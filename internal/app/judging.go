package app

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/environment"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
)

// feed gives observations with their facts, one kind after the other, of each kind some subjects at
// a time in order: the facts of a thousand hosts need not be in memory together.
type feed = iter.Seq2[[]fact.Observation, error]

// held is the feed of observations that are in memory.
func held(obs []fact.Observation) feed {
	var kinds []string
	by := map[string][]fact.Observation{}
	for _, o := range obs {
		if by[o.Kind.Name] == nil {
			kinds = append(kinds, o.Kind.Name)
		}
		by[o.Kind.Name] = append(by[o.Kind.Name], o)
	}
	return func(yield func([]fact.Observation, error) bool) {
		for _, k := range kinds {
			if !yield(by[k], nil) {
				return
			}
		}
	}
}

// judge judges by all checks, in their order, and lets go of the facts as soon as it can: when a check
// compares subjects with each other, at the end of its kind.
func (w *world) judge(all feed, now time.Time) ([]check.Outcome, error) {
	j := judging{world: w, now: now, each: make([][]check.Outcome, len(w.checks)), claims: newClaims()}
	carried := newCarriers()
	w.carried = carried
	var together []fact.Observation
	for obs, err := range all {
		if err != nil {
			return nil, err
		}
		if len(obs) == 0 {
			continue
		}
		j.claims.add(obs)
		carried.add(obs)
		if w.drifting != nil {
			if err := w.drifting.add(obs); err != nil {
				return nil, err
			}
		}
		w.looking.add(obs)
		if len(together) > 0 && together[0].Kind != obs[0].Kind {
			j.take(together)
			together = nil
		}
		if w.compares(obs[0].Kind.Name) {
			together = append(together, obs...)
		} else {
			j.take(obs)
		}
	}
	j.take(together)
	if w.advisories != nil && w.judges(vulnerabilities.Fact{}.Kind().Name) {
		var compared []fact.Observation
		compared, w.vulnerable = carried.observations(w.advisories)
		j.take(compared)
	}
	if w.drifting != nil {
		j.take(w.drifting.observations())
	}
	again, err := w.looking.observations()
	if err != nil {
		return nil, err
	}
	j.take(again)
	j.take(j.claims.hosts.observations(func(c environment.Claims) fact.Fact { return c }))
	j.take(j.claims.endpoints.observations(func(c environment.Claims) fact.Fact { return environment.EndpointClaims(c) }))
	return j.outcomes(), nil
}

// judges tells whether a check judges facts of a kind.
func (w *world) judges(kind string) bool {
	return slices.ContainsFunc(w.checks, func(c *check.Check) bool { return c.Rule.Kind.Name == kind })
}

// compares tells whether a check compares facts of a kind.
func (w *world) compares(kind string) bool {
	return slices.ContainsFunc(w.checks, func(c *check.Check) bool { return c.Rule.Kind.Name == kind && c.Rule.IsAcross() })
}

// judging gathers outcomes by check.
type judging struct {
	*world
	now    time.Time
	each   [][]check.Outcome
	claims *claims
}

// take judges observations of one kind by all its checks.
func (j *judging) take(obs []fact.Observation) {
	if len(obs) == 0 {
		return
	}
	parallel(len(j.checks), func(i int) {
		if j.checks[i].Rule.Kind.Name != obs[0].Kind.Name {
			return
		}
		j.each[i] = append(j.each[i], check.Judge(j.checks[i], j.settings, obs, j.estate, j.now)...)
	})
	for i := range obs {
		obs[i].Fact = nil
	}
}

func (j *judging) outcomes() []check.Outcome {
	n := 0
	for _, e := range j.each {
		n += len(e)
	}
	out := make([]check.Outcome, 0, n)
	for i, e := range j.each {
		out, j.each[i] = append(out, e...), nil
	}
	return out
}

// parallel does n independent things on all processors. A panic ends the program, as it would in
// a loop.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}
