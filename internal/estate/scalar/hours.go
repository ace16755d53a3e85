package scalar

import (
	"errors"
	"strings"
	"time"
)

// Days is a set of days of the week; bit n stands for time.Weekday(n). The zero set means that none
// was declared, which is every day.
type Days uint8

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Has tells whether the day belongs to the set.
func (d Days) Has(day time.Weekday) bool { return d == 0 || d&(1<<day) != 0 }

func dayOf(name string) int {
	for i, n := range dayNames {
		if n == name {
			return i
		}
	}
	return -1
}

// UnmarshalText reads mon-fri, tue or "mon,wed,sat-sun".
func (d *Days) UnmarshalText(text []byte) error {
	var set Days
	for part := range strings.SplitSeq(string(text), ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, last := dayOf(from), dayOf(to)
		if first < 0 || last < 0 {
			return errors.New("is not days such as mon-fri, tue or mon,wed")
		}
		for day := first; ; day = (day + 1) % 7 {
			set |= 1 << day
			if day == last {
				break
			}
		}
	}
	*d = set
	return nil
}

// String writes the days from Monday on, runs of three and more as a range.
func (d Days) String() string {
	var out []string
	for i := 1; i <= 7; i++ {
		if d&(1<<(i%7)) == 0 {
			continue
		}
		first := i
		for i < 7 && d&(1<<((i+1)%7)) != 0 {
			i++
		}
		switch i - first {
		case 0:
			out = append(out, dayNames[first])
		case 1:
			out = append(out, dayNames[first], dayNames[i%7])
		default:
			out = append(out, dayNames[first]+"-"+dayNames[i%7])
		}
	}
	return strings.Join(out, ",")
}

func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (Days) Form() (pattern, example string) {
	day := "(mon|tue|wed|thu|fri|sat|sun)"
	part := day + "(-" + day + ")?"
	return "^" + part + "( *, *" + part + ")*$", "mon-fri"
}

// Hours is a span of a day in minutes from midnight. To before From reaches into the next day. The zero
// span means that none was declared, which is the whole day.
type Hours struct {
	From, To int
}

// UnmarshalText reads 07:00-19:00.
func (h *Hours) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	f, ok1 := minuteOf(from)
	t, ok2 := minuteOf(to)
	if !ok1 || !ok2 || f == 24*60 {
		return errors.New("is not hours such as 07:00-19:00")
	}
	if f == t {
		return errors.New("begins and ends at the same time; leave hours out for the whole day")
	}
	*h = Hours{f, t}
	return nil
}

func (h Hours) String() string {
	if h == (Hours{}) {
		return ""
	}
	return clock(h.From) + "-" + clock(h.To)
}

func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func (Hours) Form() (pattern, example string) {
	return `^\d{2}:\d{2}-\d{2}:\d{2}$`, "07:00-19:00"
}

// Within tells whether t, on the wall clock of its own zone, lies in the hours of one of the days. Hours that cross
// midnight belong to the day on which they begin.
func Within(d Days, h Hours, t time.Time) bool {
	minute, today := t.Hour()*60+t.Minute(), t.Weekday()
	switch {
	case h == (Hours{}):
		return d.Has(today)
	case h.From < h.To:
		return d.Has(today) && minute >= h.From && minute < h.To
	default:
		return d.Has(today) && minute >= h.From || d.Has((today+6)%7) && minute < h.To
	}
}
