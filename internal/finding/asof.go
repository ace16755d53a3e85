package finding

import (
	"slices"
	"time"
)

// AsOf gives findings as they were known at a time: those that had been seen by then, open or
// closed as their history says. Details are the latest known ones.
func AsOf(all []Finding, events []Event, now time.Time) []Finding {
	last := map[string]Event{}
	opened := map[string]Event{}
	count := map[string]int{}
	for _, e := range events {
		if e.At.After(now) || e.Happened != Opened && e.Happened != Reopened && e.Happened != Ended {
			continue // what neither opens nor closes
		}
		last[e.Finding] = e
		if e.Happened != Ended {
			opened[e.Finding] = e
			count[e.Finding]++
		}
	}
	var out []Finding
	for _, f := range all {
		e, ok := last[f.ID]
		if !ok {
			continue
		}
		if n := count[f.ID]; n != f.Occurrence || opened[f.ID].At.Before(f.Identified) {
			f.Occurrence, f.Identified = n, opened[f.ID].At // else a report may have given an earlier date
		}
		f.State, f.ClosedAt, f.ClosedBy = Open, nil, ""
		f.Ratings = slices.DeleteFunc(slices.Clone(f.Ratings), func(r Rating) bool { return r.Since.After(now) })
		if n := len(f.Ratings); n > 0 {
			f.Severity = f.Ratings[n-1].Severity
		}
		if e.Happened == Ended {
			at := e.At
			f.State, f.ClosedAt, f.ClosedBy = Closed, &at, e.Run
		}
		if f.LastSeen.After(now) {
			f.LastSeen = e.At
		}
		out = append(out, f)
	}
	return out
}
