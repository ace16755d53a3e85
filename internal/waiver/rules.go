package waiver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
)

// About is a finding that somebody wants to decide on.
type About struct {
	ID           string
	Must         bool // the violated condition is a MUST; a deviation is of a SHOULD only
	Due          *time.Time
	Applications []string // that its subject belongs to
	Open         bool
}

// Limits of how long a decision holds. Source: spec/deadlines.
const (
	longestFalsePositive = 12 // months
	longestDeviation     = 12
)

// Request checks what somebody asks for, before it is recorded. Every problem is told, each in a line.
func Request(w Waiver, about []About, e *estate.Estate, now time.Time) error {
	var wrong []string
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	need := func(what, flag, value string) {
		if strings.TrimSpace(value) == "" {
			add("%s is missing: --%s", what, flag)
		}
	}
	zone, err := time.LoadLocation(e.Timezone)
	if err != nil {
		zone = time.UTC
	}
	within := func(d estate.Duration, of string) {
		y, m, day := d.From(now.In(zone)).Date()
		if last := time.Date(y, m, day, 23, 59, 59, 0, zone); w.Until.After(last) {
			add("it may hold until %s at the latest (%s)", last.Format(time.DateOnly), of)
		}
	}
	if !slices.Contains(Kinds, w.Kind) {
		return fmt.Errorf("%q is no kind of decision; one of %s", w.Kind, words(Kinds))
	}
	if len(about) == 0 {
		add("it is about no finding")
	}
	if w.Until.IsZero() {
		add("its end is missing: --until 2026-12-31")
	} else if !w.Until.After(now) {
		add("its end %s is past", w.Until.In(zone).Format(time.DateOnly))
	}
	switch w.Kind {
	case Mitigation:
		need("what was done", "done", w.Done)
		need("the effect that is expected", "effect", w.Effect)
		need("a reference (change, ticket)", "reference", w.Reference)
	case Extension:
		need("the justification", "reason", w.Reason)
		for _, a := range about {
			switch {
			case a.Due == nil:
				add("%s has no deadline that could be moved", a.ID)
			case !w.Until.After(*a.Due):
				add("the new date is not later than the present one of %s, %s", a.ID, a.Due.In(zone).Format("2006-01-02 15:04"))
			}
		}
	case Acceptance:
		need("why neither a fix nor a mitigation is possible", "reason", w.Reason)
		limit := e.Limits().AcceptanceLimit
		if limit.IsZero() {
			limit = estate.Duration{Months: 6}
		}
		within(limit, "policy.acceptance_limit")
	case FalsePositive:
		need("the evidence", "reason", w.Reason)
		within(estate.Duration{Months: longestFalsePositive}, "review after 12 months")
	case Deviation:
		need("the justification", "reason", w.Reason)
		need("what is done instead", "done", w.Done)
		within(estate.Duration{Months: longestDeviation}, "at the latest 12 months")
		for _, a := range about {
			if a.Must {
				add("%s violates a MUST, from which there is no deviation; mitigate it or have its risk accepted", a.ID)
			}
		}
	}
	for _, a := range about {
		if !a.Open {
			add("%s is closed: there is nothing to decide", a.ID)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("this %s cannot be asked for:\n  %s", w.Kind, strings.Join(wrong, "\n  "))
	}
	return nil
}

// Decide tells whether a person may approve or refuse the decision. Nobody decides on their own request, unless
// the policy says that there is nobody else.
func Decide(w Waiver, person string, about []About, e *estate.Estate) (alone bool, err error) {
	if w.Kind == Acceptance {
		for _, name := range applications(about) {
			if !e.Manages(person, name) {
				return false, fmt.Errorf("%s accepts no risk of %s: that is for the management of the application%s", person, orNothing(name), who(e.ManagementOf(name)))
			}
		}
	} else if !e.HasRole("security", person) {
		return false, fmt.Errorf("%s cannot decide on a %s: that is for the role security%s", person, w.Kind, who(e.WithRole("security")))
	}
	if person == w.RequestedBy.Person {
		if e.Limits().FourEyes != estate.Off || len(e.People) > 1 {
			return false, fmt.Errorf("nobody decides on their own request: %s was asked for by %s (policy.four_eyes: off, where there is one person only)", w.ID, person)
		}
		return true, nil
	}
	return false, nil
}

// Ask tells whether a person may ask for the decision: a mitigation is the team's or security's to report; everything
// else anybody of the estate may ask for.
func Ask(w Waiver, person string, about []About, e *estate.Estate) error {
	if w.Kind != Mitigation || e.HasRole("security", person) {
		return nil
	}
	for _, name := range applications(about) {
		if a := e.Application(name); a == nil || !e.InTeam(a.Team, person) {
			return fmt.Errorf("%s is neither of the team of %s nor of the role security, and so reports no mitigation there", person, orNothing(name))
		}
	}
	return nil
}

func applications(about []About) (out []string) {
	for _, a := range about {
		if len(a.Applications) == 0 && !slices.Contains(out, "") {
			out = append(out, "")
		}
		for _, name := range a.Applications {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func orNothing(application string) string {
	if application == "" {
		return "what belongs to no application"
	}
	return application
}

func who(people []string) string {
	if len(people) == 0 {
		return "; the estate names nobody"
	}
	return ": " + strings.Join(people, ", ")
}

func words(kinds []Kind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}
