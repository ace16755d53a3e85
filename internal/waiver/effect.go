package waiver

import "time"

// Clock is a finding's deadline under the decisions about it.
type Clock struct {
	FirstDue  *time.Time // by the table; nil: none
	Due       *time.Time // with extensions
	SettledBy string     // decision in force that takes it off the list; empty: none
	Kind      Kind       // of SettledBy
	Until     *time.Time // when that ends
	Extended  string     // decision in force that moved the deadline
	Mitigated *time.Time // when the first mitigation was recorded that is or was in force; the deadline is met if in time
	Ended     []string   // decisions that have ended, by time or because what was seen changed
}

// Apply gives the clock of a finding at a time. Seen is the digest of what the finding shows now. Of several decisions
// that settle, the one that holds longest counts; of several extensions the latest date.
func Apply(finding, seen string, firstDue *time.Time, all []Waiver, now time.Time) Clock {
	c := Clock{FirstDue: firstDue, Due: firstDue}
	for _, w := range all {
		about, ok := w.For(finding)
		if !ok {
			continue
		}
		state := w.At(now)
		if w.Kind == Mitigation && (state == InForce || state == Expired || state == Revoked) && (c.Mitigated == nil || w.DecidedAt.Before(*c.Mitigated)) {
			c.Mitigated = w.DecidedAt
		}
		if state == InForce && w.Kind == FalsePositive && about.Seen != seen {
			state = Expired // the evidence was about something else
		}
		if state == Expired || state == Revoked {
			c.Ended = append(c.Ended, w.ID)
		}
		if state != InForce {
			continue
		}
		until := w.Until
		switch {
		case !w.Kind.Settles():
			if firstDue != nil && (c.Due == nil || until.After(*c.Due)) {
				c.Due, c.Extended = &until, w.ID
			}
		case c.Until == nil || until.After(*c.Until):
			c.SettledBy, c.Kind, c.Until = w.ID, w.Kind, &until
		}
	}
	return c
}

// Overdue tells whether time has run out. What is settled is not overdue; what a mitigation settled comes back with
// its first deadline.
func (c Clock) Overdue(now time.Time) bool {
	return c.SettledBy == "" && c.Due != nil && now.After(*c.Due)
}

// Touched tells whether a decision settles the finding or moves its deadline.
func (c Clock) Touched() bool { return c.SettledBy != "" || c.Extended != "" }

// Outcome is what became of a deadline.
type Outcome string

// The outcomes of the three figures of a report, and those that are not decided yet.
const (
	MetFirst    Outcome = "met" // by the first deadline
	MetExtended Outcome = "met after extension"
	Missed      Outcome = "missed"
	Running     Outcome = "running" // not gone, and the deadline lies ahead
	NoDeadline  Outcome = "no deadline"
)

// OutcomeAt gives what became of the deadline, for a finding that was verified gone at a time, nil while it is not. An
// extension counts when it was given before the first deadline ran out or after, as long as it held.
func OutcomeAt(finding string, firstDue, closed *time.Time, all []Waiver, now time.Time) Outcome {
	if firstDue == nil {
		return NoDeadline
	}
	end := now
	if closed != nil {
		end = *closed
	}
	last, seen := *firstDue, end
	for _, w := range all {
		if _, ok := w.For(finding); !ok || w.DecidedAt == nil || !w.Approved || w.DecidedAt.After(end) {
			continue
		}
		switch w.Kind {
		case Mitigation: // at its end the first deadline counts again
			if held := !seen.After(w.Until) && (w.RevokedAt == nil || w.RevokedAt.After(seen)); held && w.DecidedAt.Before(end) {
				end = *w.DecidedAt
			}
		case Extension:
			if w.RevokedAt == nil || w.RevokedAt.After(end) {
				if w.Until.After(last) {
					last = w.Until
				}
			}
		}
	}
	done := closed != nil || end.Before(now)
	switch {
	case done && !end.After(*firstDue):
		return MetFirst
	case done && !end.After(last):
		return MetExtended
	case end.After(last):
		return Missed
	}
	return Running
}
