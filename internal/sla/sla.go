// Package sla tells when a finding is due, from its severity, the exposure and criticality of the application, and
// the organisation's calendar. It reads no clock and stores nothing: pass the time of identification, keep the
// answer. Source: the table of A.5.10.4, and spec/deadlines.
package sla

import (
	"fmt"
	"time"
)

// Row is what of an application decides its deadlines. The zero Row is the mildest.
type Row struct {
	Internet bool // reached from the Internet
	Critical bool // of high criticality
}

// Stricter tells whether no deadline of r is later than that of o.
func (r Row) Stricter(o Row) bool { return r.rank() < o.rank() }

func (r Row) rank() int {
	switch {
	case r.Internet && r.Critical:
		return 0
	case r.Internet:
		return 1
	case r.Critical:
		return 2
	}
	return 3
}

func (r Row) String() string {
	exposure, application := "internal", "not critical"
	if r.Internet {
		exposure = "internet-facing"
	}
	if r.Critical {
		application = "critical application"
	}
	return exposure + ", " + application
}

// Term is how long something may take. The zero Term sets no deadline.
type Term struct {
	WorkingDays int  // end of the n-th working day after the day of identification
	Days        int  // the same wall-clock time n calendar days later
	Release     bool // the end of the next day of release, at the latest in Months
	Months      int
}

// None tells whether the term sets no deadline.
func (t Term) None() bool { return t == Term{} }

func (t Term) String() string {
	switch {
	case t.WorkingDays == 1:
		return "the end of the next working day"
	case t.WorkingDays > 1:
		return fmt.Sprintf("the end of the %d. working day", t.WorkingDays)
	case t.Days > 0:
		return fmt.Sprintf("%d days", t.Days)
	case t.Release:
		return fmt.Sprintf("the next release, at the latest %d months", t.Months)
	}
	return "no deadline"
}

// From gives the deadline counted from a time; false when there is none. Releases are those of the application.
func (t Term) From(start time.Time, c Calendar, releases []Day) (time.Time, bool) {
	local := start.In(c.zone())
	switch {
	case t.WorkingDays > 0:
		day := DayOf(local)
		for n := t.WorkingDays; n > 0; {
			if day = day.Next(); c.Working(day) {
				n--
			}
		}
		return day.End(c.zone()).UTC(), true
	case t.Days > 0:
		return wall(local, DayOf(local).Plus(t.Days)).UTC(), true
	case t.Release:
		latest := wall(local, DayOf(local).PlusMonths(t.Months))
		for _, r := range releases {
			if end := r.End(c.zone()); r.After(DayOf(local)) && end.Before(latest) {
				latest = end
			}
		}
		return latest.UTC(), true
	}
	return time.Time{}, false
}

// Overdue tells whether the deadline is past. The instant itself is in time.
func Overdue(due, now time.Time) bool { return now.After(due) }
