package sla

import (
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Day is a day of the calendar without a zone.
type Day struct{ scalar.Date }

// DayOf gives the day of a time in its own zone.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{scalar.Date{Year: y, Month: m, Day: d}}
}

// Next is the day after.
func (d Day) Next() Day { return d.Plus(1) }

// Plus is the day that lies n days later.
func (d Day) Plus(n int) Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC))
}

// PlusMonths is the day that lies n months later. A missing day becomes the last of that month.
func (d Day) PlusMonths(n int) Day {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 12, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DayOf(first.AddDate(0, 0, min(d.Day, last)-1))
}

// After tells whether d is a later day than o.
func (d Day) After(o Day) bool { return o.Date.Before(d.Date) }

// wall gives the wall-clock time of t on a day. A time that daylight saving skips becomes the later one, and of one
// that comes twice the earlier counts.
func wall(t time.Time, d Day) time.Time {
	h, m, s := t.Clock()
	out := time.Date(d.Year, d.Month, d.Day, h, m, s, t.Nanosecond(), t.Location())
	if got, _, _ := out.Clock(); got == h && out.Minute() == m {
		// Of two readings Go may give either: the one an offset earlier counts when it reads the same.
		_, now := out.Zone()
		_, before := out.Add(-24 * time.Hour).Zone()
		if earlier := out.Add(time.Duration(now-before) * time.Second); now != before && sameClock(earlier, out) && earlier.Before(out) {
			return earlier
		}
		return out
	}
	// Skipped: read it with the offset that held before, which gives the later one.
	_, before := out.Add(-24 * time.Hour).Zone()
	return time.Date(d.Year, d.Month, d.Day, h, m, s, t.Nanosecond(), time.FixedZone("", before)).In(t.Location())
}

func sameClock(a, b time.Time) bool {
	ah, am, as := a.Clock()
	bh, bm, bs := b.Clock()
	return ah == bh && am == bm && as == bs
}
