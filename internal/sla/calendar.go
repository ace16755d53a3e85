package sla

import (
	"fmt"
	"slices"
	"time"

	"github.com/rickar/cal/v2"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Calendar tells working days: neither Saturday nor Sunday nor a public holiday nor a closure. The zero Calendar
// knows no holidays and counts in UTC.
type Calendar struct {
	Zone     *time.Location // nil means UTC
	Closures []Day          // of the organisation, besides public holidays

	holidays []*cal.Holiday
	off      map[Day]bool // holidays of the years that findings have to do with
}

// The years whose holidays are worked out at once: a million deadlines ask for the same few.
const firstYear, lastYear = 2015, 2060

// NewCalendar gives the calendar of a region, an ISO 3166 code in lower case: de, de-by. Empty means no holidays.
func NewCalendar(region string, zone *time.Location, closures []Day) (Calendar, error) {
	c := Calendar{Zone: zone, Closures: closures}
	if region == "" {
		return c, nil
	}
	holidays, ok := regions()[region]
	if !ok {
		return Calendar{}, UnknownRegion(region)
	}
	c.holidays, c.off = holidays, map[Day]bool{}
	for year := firstYear - 1; year <= lastYear+1; year++ {
		c.observe(c.off, year)
	}
	return c, nil
}

// UnknownRegion is a region whose holidays are not known.
type UnknownRegion string

func (r UnknownRegion) Error() string {
	text := fmt.Sprintf("the holidays of %q are not known", string(r))
	if near := r.Nearest(); near != "" {
		text += fmt.Sprintf("; the nearest that are: %q", near)
	}
	return text
}

// Nearest is the region that was meant, or the country of a part of it that is not known by itself.
func (r UnknownRegion) Nearest() string {
	if len(r) < 2 {
		return ""
	}
	country := string(r[:2])
	if _, ok := regions()[country]; ok {
		return country
	}
	if i := slices.IndexFunc(Regions(), func(k string) bool { return k[:2] == country }); i >= 0 {
		return Regions()[i] // of this country only parts are known
	}
	return scalar.Nearest(string(r), Regions())
}

// Regions are those whose holidays are known, sorted.
func Regions() []string {
	all := regions()
	out := make([]string, 0, len(all))
	for k := range all {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// Working tells whether people are at work on that day.
func (c Calendar) Working(d Day) bool {
	noon := time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC)
	if w := noon.Weekday(); w == time.Saturday || w == time.Sunday || slices.Contains(c.Closures, d) {
		return false
	}
	if len(c.holidays) == 0 {
		return true
	}
	if d.Year >= firstYear && d.Year <= lastYear {
		return !c.off[d]
	}
	// A holiday of a neighbouring year may be observed in this one: the first of January on the last of December.
	off := map[Day]bool{}
	for year := d.Year - 1; year <= d.Year+1; year++ {
		c.observe(off, year)
	}
	return !off[d]
}

// observe adds the holidays of a year, on their day and on the day on which they are observed.
func (c Calendar) observe(into map[Day]bool, year int) {
	for _, h := range c.holidays {
		actual, observed := h.Calc(year)
		for _, t := range []time.Time{actual, observed} {
			if !t.IsZero() {
				into[DayOf(t)] = true
			}
		}
	}
}
