package scalar

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Date is a day of the calendar without a zone; the zero Date means that none was declared.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a day written as 2026-11-23.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse("2006-01-02", s)
	switch {
	case err == nil && t.Year() > 0:
		return Date{t.Year(), t.Month(), t.Day()}, nil
	case len(s) == 10 && s[4] == '-' && s[7] == '-':
		return Date{}, errors.New("is not a day of the calendar")
	}
	return Date{}, errors.New("is not a date such as 2026-11-23")
}

// IsZero tells whether no date was declared.
func (d Date) IsZero() bool { return d == Date{} }

// Start is the first instant of the day in zone.
func (d Date) Start(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// End is the last second of the day in zone: what is allowed until a date is allowed on that day.
func (d Date) End(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 23, 59, 59, 0, zone)
}

// Before tells whether d is an earlier day than o.
func (d Date) Before(o Date) bool {
	return d.Start(time.UTC).Before(o.Start(time.UTC))
}

// Past tells whether the day is over at now, in the zone of now. A zero Date is never past.
func (d Date) Past(now time.Time) bool {
	return !d.IsZero() && now.After(d.End(now.Location()))
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

func (d *Date) UnmarshalText(text []byte) error {
	v, err := ParseDate(string(text))
	*d = v
	return err
}

func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (Date) Form() (pattern, example string) { return `^\d{4}-\d{2}-\d{2}$`, "2026-11-23" }

// Moment is a wall-clock time on a day, in the zone of what it belongs to.
type Moment struct {
	Date
	Minute int // of the day
}

// In is the moment in zone. A time that daylight saving skips becomes the later one.
func (m Moment) In(zone *time.Location) time.Time {
	return time.Date(m.Year, m.Month, m.Day, m.Minute/60, m.Minute%60, 0, 0, zone)
}

func (m Moment) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%sT%s", m.Date, clock(m.Minute))
}

// IsZero tells whether no moment was declared.
func (m Moment) IsZero() bool { return m == Moment{} }

func (m *Moment) UnmarshalText(text []byte) error {
	t, err := time.Parse("2006-01-02T15:04", string(text))
	if err != nil || t.Year() == 0 {
		return errors.New("is not a day and time such as 2026-11-23T09:00")
	}
	*m = Moment{Date{t.Year(), t.Month(), t.Day()}, t.Hour()*60 + t.Minute()}
	return nil
}

func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

func (Moment) Form() (pattern, example string) {
	return `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$`, "2026-11-23T09:00"
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// minuteOf reads 07:00; 24:00 is the end of the day.
func minuteOf(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	minute := int(h*60 + m)
	return minute, err1 == nil && err2 == nil && m < 60 && minute <= 24*60
}
