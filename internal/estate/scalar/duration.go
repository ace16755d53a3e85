package scalar

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people say it: 30s, 30m, 4h, 30d or 6mo. Days and months are those of the
// calendar: a day is not always 24 hours and a month not 30 days. At most one of the three is set; the zero Duration
// means that none was declared.
type Duration struct {
	Months int
	Days   int
	Clock  time.Duration
}

var errDuration = errors.New("is not a duration such as 30m, 4h, 30d or 6mo")

// ParseDuration reads a Duration. Nothing (0m) is refused, and so is anything over 100 years.
func ParseDuration(s string) (Duration, error) {
	number := strings.TrimRight(s, "smhdo")
	n, err := strconv.Atoi(number)
	if err != nil || len(number) > 6 || number[0] < '0' || number[0] > '9' {
		return Duration{}, errDuration
	}
	var d Duration
	switch s[len(number):] {
	case "s":
		d.Clock = time.Duration(n) * time.Second
	case "m":
		d.Clock = time.Duration(n) * time.Minute
	case "h":
		d.Clock = time.Duration(n) * time.Hour
	case "d":
		d.Days = n
	case "mo":
		d.Months = n
	default:
		return Duration{}, errDuration
	}
	if n == 0 {
		return Duration{}, errors.New("is no time at all; write at least 1m")
	}
	if d.Approx() > 36525*24*time.Hour {
		return Duration{}, errors.New("is more than 100 years")
	}
	return d, nil
}

// From returns the time that lies d after t, on the calendar of t's zone. In a month without that
// day it is the last of the month.
func (d Duration) From(t time.Time) time.Time { return d.shift(t, 1) }

// Before returns the time that lies d before t.
func (d Duration) Before(t time.Time) time.Time { return d.shift(t, -1) }

func (d Duration) shift(t time.Time, sign int) time.Time {
	moved := t.AddDate(0, sign*d.Months, sign*d.Days)
	if d.Months != 0 && moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved.Add(time.Duration(sign) * d.Clock)
}

// Approx is the length with days of 24 hours and months of 30 days and 10 hours, for comparing two
// lengths where no date is at hand.
func (d Duration) Approx() time.Duration {
	return time.Duration(d.Months)*730*time.Hour + time.Duration(d.Days)*24*time.Hour + d.Clock
}

// IsZero tells whether no duration was declared.
func (d Duration) IsZero() bool { return d == Duration{} }

func (d Duration) String() string {
	switch {
	case d.Months != 0:
		return strconv.Itoa(d.Months) + "mo"
	case d.Days != 0:
		return strconv.Itoa(d.Days) + "d"
	case d.Clock == 0:
		return ""
	case d.Clock%time.Hour == 0:
		return strconv.Itoa(int(d.Clock/time.Hour)) + "h"
	case d.Clock%time.Minute == 0:
		return strconv.Itoa(int(d.Clock/time.Minute)) + "m"
	default:
		return strconv.Itoa(int(d.Clock/time.Second)) + "s"
	}
}

// UnmarshalText reads the form that String writes.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	*d = v
	return err
}

// MarshalText writes the form of an estate file.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (Duration) Form() (pattern, example string) { return `^[0-9]{1,6}(s|m|h|d|mo)$`, "30d" }
