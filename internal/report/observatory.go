package report

import (
	"fmt"
	"slices"
	"strings"
)

// Says is the score in words, with what took points from it, the most first.
func (o Observatory) Says() string {
	if o.Score == nil {
		return "no score: " + o.Reason
	}
	s := fmt.Sprintf("%s (%d)", o.Grade, *o.Score)
	lost := slices.DeleteFunc(slices.Clone(o.Tests), func(t ObservatoryTest) bool { return t.Modifier >= 0 })
	slices.SortStableFunc(lost, func(a, b ObservatoryTest) int { return a.Modifier - b.Modifier })
	var parts []string
	for _, t := range lost {
		parts = append(parts, fmt.Sprintf("%d %s", t.Modifier, strings.ReplaceAll(t.Outcome, "-", " ")))
	}
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, ", ")
	}
	if len(o.Unseen) > 0 {
		s += "; not seen, and not in the score: " + strings.Join(o.Unseen, ", ")
	}
	return s
}
