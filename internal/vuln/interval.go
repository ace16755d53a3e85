package vuln

import "slices"

// Order compares versions of one ecosystem. It is total; Valid tells what is no version of it at all.
type Order interface {
	Compare(a, b string) int
	Valid(v string) bool
}

// Interval is a stretch of affected versions: from Introduced on, before Fixed, or up to Last.
type Interval struct {
	Introduced string // "0": from the first on
	Fixed      string // empty: not known to be fixed
	Last       string // the last affected one, where no fixed one is named
	Limit      bool   // Fixed only bounds what the range speaks of; nothing says that it is mended there
}

// Event is one of a range of OSV: exactly one field is set.
type Event struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}

// Intervals turns the events of a range, in any order, into the intervals that they stand for. Source: OSV schema
// 1.7, section "Evaluation". Where a fix and an introduction have the same version, the fix ends what came before.
func Intervals(o Order, events []Event) []Interval {
	type point struct {
		version string
		sort    int // 0 introduced, 1 last affected, 2 fixed
	}
	var points []point
	limit, limited := "", false
	for _, e := range events {
		switch {
		case e.Introduced != "":
			points = append(points, point{e.Introduced, 0})
		case e.LastAffected != "":
			points = append(points, point{e.LastAffected, 1})
		case e.Fixed != "":
			points = append(points, point{e.Fixed, 2})
		case e.Limit == "*":
			limit, limited = "*", true
		case e.Limit != "" && (!limited || limit != "*" && compare(o, e.Limit, limit) > 0):
			limit, limited = e.Limit, true // any of several limits lets a version in: the highest counts
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return compare(o, a.version, b.version) })
	var out []Interval
	var open *Interval
	for i := 0; i < len(points); {
		j := i
		introduced, fixed, last := false, false, false
		for ; j < len(points) && compare(o, points[j].version, points[i].version) == 0; j++ {
			introduced = introduced || points[j].sort == 0
			last = last || points[j].sort == 1
			fixed = fixed || points[j].sort == 2
		}
		v := points[i].version
		if open != nil && fixed {
			open.Fixed = v
			out, open, fixed = append(out, *open), nil, false
		}
		if open == nil && introduced && !fixed {
			open = &Interval{Introduced: v}
		}
		if open != nil && last {
			open.Last = v
			out, open = append(out, *open), nil
		}
		i = j
	}
	if open != nil {
		out = append(out, *open)
	}
	if limited && limit != "*" {
		out = slices.DeleteFunc(out, func(i Interval) bool { return compare(o, i.Introduced, limit) >= 0 })
		for i := range out {
			end := out[i].Fixed
			if end == "" {
				end = out[i].Last
			}
			if end == "" || compare(o, end, limit) >= 0 {
				out[i].Fixed, out[i].Last, out[i].Limit = limit, "", true
			}
		}
	}
	return out
}

// Holds tells whether a version lies in the interval.
func (i Interval) Holds(o Order, v string) bool {
	switch {
	case compare(o, v, i.Introduced) < 0:
		return false
	case i.Fixed != "":
		return compare(o, v, i.Fixed) < 0
	case i.Last != "":
		return compare(o, v, i.Last) <= 0
	}
	return true
}

// compare orders versions; "0" stands before all of them (OSV).
func compare(o Order, a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "0":
		return -1
	case b == "0":
		return 1
	}
	return o.Compare(a, b)
}
