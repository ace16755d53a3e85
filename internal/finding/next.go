package finding

import (
	"cmp"
	"fmt"
	"time"
)

// Next orders findings by what to do next: the earliest deadline, which puts what is overdue first, then what is known
// to be exploited, likely to be, reached from the Internet, running, severe, and old. Closed ones stand last.
func Next(a, b Finding) int {
	return cmp.Or(
		order(a.State == Closed, b.State == Closed),
		compareDue(a.Due, b.Due),
		-order(a.threat().exploited, b.threat().exploited), -cmp.Compare(a.threat().epss, b.threat().epss),
		-order(a.Internet, b.Internet), -order(a.threat().running, b.threat().running),
		cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), a.Identified.Compare(b.Identified), cmp.Compare(a.ID, b.ID))
}

// WhyNext says in words what puts a finding where it stands.
func (f Finding) WhyNext(now time.Time) string {
	t := f.threat()
	switch {
	case f.Settled(now):
		return fmt.Sprintf("settled: %s %s until %s", f.SettledAs, f.SettledBy, f.Until.Format(time.DateOnly))
	case f.Overdue(now):
		return "overdue for " + span(now.Sub(*f.Due))
	case f.Due != nil:
		return "due in " + span(f.Due.Sub(now))
	case t.exploited:
		return "known to be exploited, no deadline"
	case t.epss >= 0.1:
		return fmt.Sprintf("likely to be exploited (%.0f %%), no deadline", 100*t.epss)
	}
	return "no deadline"
}

// span tells a length of time by its largest unit.
func span(d time.Duration) string {
	switch days := int(d.Hours() / 24); {
	case days == 1:
		return "1 day"
	case days > 1:
		return fmt.Sprintf("%d days", days)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}

type threat struct {
	exploited, running bool
	epss               float64
}

func (f Finding) threat() (out threat) {
	if t := f.Threat; t != nil {
		out.exploited, out.running = t.Exploited, t.Running
		if t.EPSS != nil {
			out.epss = *t.EPSS
		}
	}
	return out
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareDue puts what has no deadline last.
func compareDue(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}
