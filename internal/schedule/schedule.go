// Package schedule says what is to be looked at next: each system in its rhythm, spread over time, none twice at once, no
// environment at the cost of another. It reads no clock and looks at nothing.
package schedule

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"
)

// Task is something that is looked at again and again.
type Task struct {
	ID          string
	Environment string
	Every       time.Duration
	Last        time.Time // when it was looked at last; zero: never
	Tried       time.Time // when that was tried last, with success or not; zero: never since the start
	Failures    int       // tries in a row that saw nothing
	Running     bool
	Held        bool // it is better looked at later: somebody works there
}

// soon is how long is waited after a look that saw nothing; it doubles with each, up to the rhythm.
const soon = 5 * time.Minute

// Due is when a task is to be looked at. A tenth of its rhythm, other for each, keeps many from coming at once. What is held waits for half
// of its rhythm more at most, and so misses no interval.
func (t Task) Due() time.Time {
	due := t.unheld()
	if held := t.Last.Add(t.Every + t.Every/2); t.Held && !t.Last.IsZero() && due.Before(held) {
		return held
	}
	return due
}

func (t Task) unheld() time.Time {
	if t.Failures > 0 {
		wait := t.Every
		if shift := t.Failures - 1; shift < 20 {
			wait = min(wait, soon<<shift)
		}
		return t.Tried.Add(wait)
	}
	if t.Last.IsZero() {
		return time.Time{}
	}
	return t.Last.Add(t.Every - t.part(t.Every/10))
}

// part is a part of d that is the same for the task at all times.
func (t Task) part(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(t.ID))
	return time.Duration(h.Sum64() % uint64(d))
}

// Missed tells whether a task should have been looked at long ago: twice its rhythm has passed, or that much since the
// start when it never was.
func (t Task) Missed(since, now time.Time) bool {
	last := t.Last
	if last.IsZero() {
		last = since
	}
	return now.Sub(last) > 2*t.Every
}

// Pick gives tasks to begin now, so that no more than room run: those that are due, one of each environment in turn, the one
// that waits longest first.
func Pick(tasks []Task, now time.Time, room int) []Task {
	by := map[string][]Task{}
	for _, t := range tasks {
		if t.Running {
			room--
		} else if !t.Due().After(now) {
			by[t.Environment] = append(by[t.Environment], t)
		}
	}
	var queues [][]Task
	for _, q := range by {
		slices.SortFunc(q, func(a, b Task) int { return cmp.Or(a.Due().Compare(b.Due()), cmp.Compare(a.ID, b.ID)) })
		queues = append(queues, q)
	}
	slices.SortFunc(queues, func(a, b []Task) int {
		return cmp.Or(a[0].Due().Compare(b[0].Due()), cmp.Compare(a[0].Environment, b[0].Environment))
	})
	var out []Task
	for round := 0; len(out) < room; round++ {
		before := len(out)
		for _, q := range queues {
			if round < len(q) && len(out) < room {
				out = append(out, q[round])
			}
		}
		if len(out) == before {
			break
		}
	}
	return out
}

// Next is when something is due at the earliest. False: there is nothing that waits.
func Next(tasks []Task) (next time.Time, ok bool) {
	for _, t := range tasks {
		if t.Running {
			continue
		}
		if due := t.Due(); !ok || due.Before(next) {
			next, ok = due, true
		}
	}
	return next, ok
}
