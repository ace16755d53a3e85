package web

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// line is a curve through values, as the path of an SVG of a width and height, with a highest value at the top.
func line(values []int, top int, width, height float64) string {
	var b strings.Builder
	for i, v := range values {
		x := width
		if len(values) > 1 {
			x = width * float64(i) / float64(len(values)-1)
		}
		word := "L"
		if i == 0 {
			word = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", word, x, height-(height-2)*float64(v)/float64(top)-1)
	}
	if len(values) == 1 {
		fmt.Fprintf(&b, "h-%.1f", width) // one day alone is a level
	}
	return b.String()
}

// bar is one of a strip: where it begins and how high it is.
type bar struct{ X, Y, Width, Height float64 }

// bars are those of values side by side; what is not nothing is seen.
func bars(values []int, width, height float64) []bar {
	top := 1
	for _, v := range values {
		top = max(top, v)
	}
	out := make([]bar, len(values))
	step := width / float64(max(len(values), 1))
	for i, v := range values {
		h := height * float64(v) / float64(top)
		if v > 0 {
			h = max(h, 2)
		}
		out[i] = bar{X: step * float64(i), Y: height - h, Width: step * 0.8, Height: h}
	}
	return out
}

func number(f float64) string { return fmt.Sprintf("%.1f", f) }

// opens, overdues, their highest and dues are the values of a trend and of a calendar.
func opens(all []Point) (out []int) {
	for _, p := range all {
		out = append(out, p.Open)
	}
	return out
}

func overdues(all []Point) (out []int) {
	for _, p := range all {
		out = append(out, p.Overdue)
	}
	return out
}

func highest(all []Point) int {
	top := 1
	for _, p := range all {
		top = max(top, p.Open, p.Overdue)
	}
	return top
}

func dues(all []Day) (out []int) {
	for _, d := range all {
		out = append(out, d.Due)
	}
	return out
}

// weekday marks the days on which a calendar is labelled.
func weekday(t time.Time) bool { return t.Weekday() == time.Monday }

// clockLine is a finding's time as a line from its identification to the later of deadline and today, in hundredths.
type clockLine struct {
	Today, First, Due float64 // where they lie, 0 to 100
	HasFirst, HasDue  bool
	Late              bool
}

func clockOf(identified time.Time, first, due *time.Time, now time.Time) clockLine {
	end := now
	for _, t := range []*time.Time{first, due} {
		if t != nil && t.After(end) {
			end = *t
		}
	}
	whole := end.Sub(identified)
	at := func(t time.Time) float64 {
		if whole <= 0 {
			return 100
		}
		return min(100, max(0, 100*float64(t.Sub(identified))/float64(whole)))
	}
	c := clockLine{Today: at(now)}
	if due != nil {
		c.Due, c.HasDue, c.Late = at(*due), true, due.Before(now)
	}
	if first != nil && (due == nil || !first.Equal(*due)) {
		c.First, c.HasFirst = at(*first), true
	}
	return c
}

// clockWords say what the line shows.
func clockWords(f finding.Finding, now time.Time) string {
	words := "Identified on " + f.Identified.Format(time.DateOnly)
	switch {
	case f.Due == nil:
		return words + "; no deadline."
	case f.FirstDue != nil && !f.FirstDue.Equal(*f.Due):
		words += ", first due on " + f.FirstDue.Format(time.DateOnly) + ", now on " + f.Due.Format(time.DateOnly)
	default:
		words += ", due on " + f.Due.Format(time.DateOnly)
	}
	if f.Due.Before(now) {
		return words + ": overdue by " + strings.TrimSuffix(check.Ago(now.Sub(*f.Due)), " ago") + "."
	}
	return words + ": " + strings.TrimSuffix(check.Ago(f.Due.Sub(now)), " ago") + " left."
}
