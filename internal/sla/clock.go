package sla

import "time"

// Rating is the severity of a finding since a time.
type Rating struct {
	Since  time.Time
	Column Column // empty: none that has deadlines
}

// Rules are what the deadlines of one application follow from.
type Rules struct {
	Table    Table
	Row      Row
	Calendar Calendar
	Releases []Day // of the application
}

// Due gives the deadline as of the last rating, nil when there is none, counted from identification. The first
// rating is that of the identification. When the severity rose, the new deadline counts from the moment that the
// rise was known and is never later than the old one; when it fell, it is worked out again from identification.
func (r Rules) Due(identified time.Time, ratings []Rating) *time.Time {
	var due *time.Time
	for i, x := range ratings {
		start := identified
		rose := i > 0 && x.Column.rank() < ratings[i-1].Column.rank()
		if rose {
			start = x.Since
		}
		next := r.from(start, x.Column)
		if rose && due != nil && (next == nil || due.Before(*next)) {
			next = due
		}
		due = next
	}
	return due
}

func (r Rules) from(start time.Time, c Column) *time.Time {
	due, ok := r.Table[r.Row][c].From(start, r.Calendar, r.Releases)
	if !ok {
		return nil
	}
	return &due
}

// Term gives the term of a severity.
func (r Rules) Term(c Column) Term { return r.Table[r.Row][c] }

func (c Column) rank() int {
	switch c {
	case Critical:
		return 0
	case High:
		return 1
	case Moderate:
		return 2
	}
	return 3
}
