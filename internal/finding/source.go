package finding

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// Holdfast is the source of what was judged here.
const Holdfast = "holdfast"

// SeenBy names who shows the finding now, or showed it last when it is closed.
func (f Finding) SeenBy() []string {
	if len(f.Sources) == 0 {
		return []string{Holdfast}
	}
	return f.Sources
}

func (f Finding) shownBy(source string) bool { return slices.Contains(f.SeenBy(), source) }

// without gives the other sources.
func (f Finding) without(source string) []string {
	return slices.DeleteFunc(slices.Clone(f.SeenBy()), func(s string) bool { return s == source })
}

// joined gives the sources with one more: Holdfast first, whose words then count, the others in the order in which they
// came. Holdfast alone is told by none, as it is of findings that were never imported.
func joined(sources []string, more string) []string {
	if len(sources) == 0 {
		sources = []string{Holdfast}
	}
	switch {
	case slices.Contains(sources, more):
	case more == Holdfast:
		sources = append([]string{Holdfast}, sources...)
	default:
		sources = append(slices.Clone(sources), more)
	}
	if len(sources) == 1 && sources[0] == Holdfast {
		return nil
	}
	return sources
}

// Imported is what another scanner reports of a place.
type Imported struct {
	Place
	Source string    // the scanner
	At     time.Time // when it looked, at the latest now
	Now    time.Time // when the report came
	Run    string    // what the history calls it
	Title  string    // of the check
	Level  check.Level
	Seen   []Sighting
}

// Sighting is one violation of a report.
type Sighting struct {
	check.Violation
	Identified time.Time // the date that the report gives; zero: none
}

// Follow tells what the report does to the findings that are remembered of its place. It closes only what no other
// source shows: what the scanner no longer reports, and nobody else does. A report from before the time at which a
// finding was seen to be gone does not open it again.
func (r Imported) Follow(before []Finding) []Change {
	known := map[string]Finding{}
	for _, f := range before {
		known[f.ID] = f
	}
	var out []Change
	reported := map[string]bool{}
	for _, s := range r.Seen {
		f := r.of(s)
		if reported[f.ID] {
			continue
		}
		reported[f.ID] = true
		old, ok := known[f.ID]
		switch {
		case !ok:
			out = append(out, Change{f, Opened, f.Detail})
		case old.State == Open:
			out = append(out, r.again(old, f)...)
		case old.ClosedAt != nil && r.At.After(*old.ClosedAt):
			f.FirstSeen, f.Occurrence = old.FirstSeen, old.Occurrence+1
			f.Identified, f.Ratings[0].Since = r.At, r.At // the clock of the time before has ended
			out = append(out, Change{f, Reopened, f.Detail})
		}
	}
	for _, f := range before {
		if f.State == Closed || reported[f.ID] || !f.shownBy(r.Source) {
			continue
		}
		reason := "no longer reported by " + r.Source
		if rest := f.without(r.Source); len(rest) > 0 {
			f.Sources = rest
			if len(rest) == 1 && rest[0] == Holdfast {
				f.Sources = nil
			}
			out = append(out, Change{f, Left, reason + "; still seen by " + strings.Join(rest, ", ")})
			continue
		}
		at := r.At
		f.State, f.ClosedAt, f.ClosedBy = Closed, &at, r.Run
		out = append(out, Change{f, Ended, reason})
	}
	return out
}

// of makes the finding that a sighting is. The clock counts from the date of the report where it is the earlier one.
func (r Imported) of(s Sighting) Finding {
	since := r.At
	if !s.Identified.IsZero() && s.Identified.Before(since) {
		since = s.Identified
	}
	return Finding{
		ID: ID(r.Check, r.Kind, r.Subject, s.Key), Check: r.Check, Title: r.Title, Subject: r.Subject, Kind: r.Kind, Key: s.Key,
		Detail: s.Detail, Source: s.Violation.Source, Severity: s.Severity, Level: r.Level, Why: s.Why, State: Open, Occurrence: 1,
		Identified: since, FirstSeen: since, LastSeen: r.At, Threat: s.Threat, Flaw: s.Flaw, Sources: []string{r.Source},
		Ratings: []Rating{{since, s.Severity}},
	}
}

// again goes on with an open finding. The words are those of its first source.
func (r Imported) again(old, f Finding) (out []Change) {
	next := old
	next.Sources = joined(old.Sources, r.Source)
	if r.At.After(next.LastSeen) {
		next.LastSeen = r.At
	}
	earlier := ""
	if old.Occurrence == 1 && f.Identified.Before(old.Identified) {
		earlier = fmt.Sprintf("%s gives %s as the date of identification", r.Source, f.Identified.Format(time.DateOnly))
		next.Identified, next.FirstSeen = f.Identified, f.Identified
		if next.Ratings = slices.Clone(old.Ratings); len(next.Ratings) > 0 {
			next.Ratings[0].Since = f.Identified
		}
	}
	switch {
	case !old.shownBy(r.Source):
		reason := "reported by " + r.Source + " too"
		if earlier != "" {
			reason += "; " + earlier
		}
		out = append(out, Change{next, Joined, reason})
	case earlier != "":
		out = append(out, Change{next, Joined, earlier})
	}
	if next.SeenBy()[0] != r.Source {
		return append(out, Change{next, Still, ""})
	}
	words := next
	words.Detail, words.Source, words.Severity, words.Why, words.Threat, words.Flaw = f.Detail, f.Source, f.Severity, f.Why, f.Threat, f.Flaw
	words.Ratings = []Rating{{r.Now, f.Severity}} // a rise counts from when it was known
	return append(out, words.rerated(next))
}
