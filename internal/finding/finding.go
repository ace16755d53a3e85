// Package finding remembers violations: what makes one the same tomorrow, when it was first and
// last seen, and when it is gone. It is pure: the store keeps, the caller tells the time.
package finding

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// ID is the short name of a finding: F- and ten base32 characters, the same in every database. It
// is made of the check's id, the subject with its kind, and the violation's key, and of nothing else.
func ID(checkID, kind, subject, key string) string {
	h := sha256.New()
	for _, s := range []string{checkID, kind, subject, key} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return "F-" + base32.StdEncoding.EncodeToString(h.Sum(nil))[:10]
}

// State is whether a finding is open.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed"
)

// Finding is the record of one violation over time.
type Finding struct {
	ID         string         `json:"id"`
	Check      string         `json:"check"`
	Title      string         `json:"title"`
	Subject    string         `json:"subject"`
	Kind       string         `json:"kind"`
	Key        string         `json:"key"`
	Detail     string         `json:"detail"` // as last seen
	At         string         `json:"at,omitempty"`
	Source     string         `json:"source,omitempty"`
	Severity   check.Severity `json:"severity"`
	Level      check.Level    `json:"level,omitempty"` // must, should or may
	Why        string         `json:"why,omitempty"`   // reason of a severity that differs from the check's
	With       []string       `json:"with,omitempty"`  // subjects that share it, this one among them
	State      State          `json:"state"`
	Occurrence int            `json:"occurrence"` // 1, and one more each time it comes back
	Identified time.Time      `json:"identified"` // first seen in this occurrence; the clock counts from here
	FirstSeen  time.Time      `json:"first_seen"` // in any occurrence
	LastSeen   time.Time      `json:"last_seen"`
	ClosedAt   *time.Time     `json:"closed_at"`
	ClosedBy   string         `json:"closed_by,omitempty"` // the run that no longer showed it, and why
	Fact       string         `json:"fact"`                // digest of the fact that showed it last
	Threat     *check.Threat  `json:"threat,omitempty"`
	Flaw       *check.Flaw    `json:"vulnerability,omitempty"`
	Sources    []string       `json:"sources,omitempty"` // who shows it now; none: Holdfast alone. The first gives the words
	Ratings    []Rating       `json:"ratings,omitempty"` // severities of this occurrence, the first that of its identification
	Standing
}

// Rating is the severity that a finding has since a time.
type Rating struct {
	Since    time.Time      `json:"since"`
	Severity check.Severity `json:"severity"`
}

// Happened is what came of a finding in one run.
type Happened string

// The happenings. Seen again is kept in LastSeen and is no event of the history.
const (
	Opened   Happened = "opened"
	Reopened Happened = "reopened"
	Ended    Happened = "closed"
	Still    Happened = "seen"
	Rerated  Happened = "rated"   // the severity changed
	Claimed  Happened = "claimed" // somebody says that it is mended; only a later look proves it
	Joined   Happened = "joined"  // another source shows it too
	Told     Happened = "told"    // somebody says that it is no fault; only a decision settles it
	Left     Happened = "left"    // one source no longer shows it, another does
)

// Change is a finding as it is after a run, and what happened to it.
type Change struct {
	Finding
	Happened Happened
	Reason   string
}

// Event is one line of a finding's history.
type Event struct {
	Finding  string    `json:"finding"`
	At       time.Time `json:"at"`
	Run      string    `json:"run"`
	Happened Happened  `json:"happened"`
	Reason   string    `json:"reason"`
}

// Of makes the finding that a violation is, as first seen at the time of its observation.
func Of(o check.Outcome, v check.Violation) Finding {
	severity := o.Settings.Severity
	if v.Severity != "" {
		severity = v.Severity
	}
	seen := o.Observation.ObservedAt
	return Finding{
		ID:    ID(o.Check.ID, o.Observation.Kind.Name, o.Observation.Subject, v.Key),
		Check: o.Check.ID, Title: o.Check.Title, Subject: o.Observation.Subject, Kind: o.Observation.Kind.Name,
		Key: v.Key, Detail: v.Detail, At: v.At, Source: v.Source, Severity: severity, Level: o.Settings.Level, Why: v.Why, With: v.With,
		State: Open, Occurrence: 1, Identified: seen, FirstSeen: seen, LastSeen: seen, Fact: o.Observation.Digest,
		Threat: v.Threat, Flaw: v.Flaw, Ratings: []Rating{{seen, severity}},
	}
}

// Place is a check on a subject: what an outcome is about.
type Place struct{ Check, Kind, Subject string }

// PlaceOf gives the place of an outcome.
func PlaceOf(o check.Outcome) Place {
	return Place{o.Check.ID, o.Observation.Kind.Name, o.Observation.Subject}
}

// Follow tells what one outcome does to the findings that are remembered of its place. Only what
// was looked at and found in order closes: an unknown, an error and a fail beside which something
// was not seen keep findings open, for vanished is not fixed. A fault that subjects share is gone
// from one when it no longer has what it shared, or when all the others were looked at in this run. What another scanner
// reported stays until that scanner no longer does (see Imported).
func Follow(o check.Outcome, before []Finding, run string, looked func(subject string) bool) []Change {
	known := map[string]Finding{}
	for _, f := range before {
		known[f.ID] = f
	}
	var out []Change
	now := map[string]bool{}
	for _, v := range o.Violations {
		f := Of(o, v)
		now[f.ID] = true
		old, ok := known[f.ID]
		switch {
		case !ok:
			out = append(out, Change{f, Opened, f.Detail})
		case old.State == Closed:
			f.FirstSeen, f.Occurrence = old.FirstSeen, old.Occurrence+1
			out = append(out, Change{f, Reopened, f.Detail})
		default:
			f.FirstSeen, f.Identified, f.Occurrence, f.Standing = old.FirstSeen, old.Identified, old.Occurrence, old.Standing
			f.Sources = joined(old.Sources, Holdfast)
			if !old.shownBy(Holdfast) {
				out = append(out, Change{f, Joined, Holdfast + " sees it too"})
			}
			out = append(out, f.rerated(old))
		}
	}
	reason := ending(o)
	if reason == "" {
		return out
	}
	seen := o.Observation.ObservedAt
	for _, f := range before {
		if f.State == Closed || now[f.ID] || !f.shownBy(Holdfast) || f.sharedStill(o, looked) {
			continue
		}
		if rest := f.without(Holdfast); len(rest) > 0 {
			f.Sources = rest
			out = append(out, Change{f, Left, reason + "; still reported by " + strings.Join(rest, ", ")})
			continue
		}
		f.State, f.ClosedAt, f.ClosedBy = Closed, &seen, run
		out = append(out, Change{f, Ended, reason})
	}
	return out
}

// rerated goes on with the severities of before, and tells when the last look changed it.
func (f Finding) rerated(old Finding) Change {
	now := f.Ratings[0]
	f.Ratings = old.Ratings
	if len(f.Ratings) == 0 { // written before severities were kept
		f.Ratings = []Rating{{old.Identified, old.Severity}}
	}
	if last := f.Ratings[len(f.Ratings)-1].Severity; last != now.Severity {
		f.Ratings = append(slices.Clone(f.Ratings), now)
		reason := fmt.Sprintf("severity was %s, is %s", last, now.Severity)
		if f.Why != "" {
			reason += ": " + f.Why
		}
		return Change{f, Rerated, reason}
	}
	return Change{f, Still, ""}
}

// sharedStill tells whether the subject still has what it shared and one of the others was not
// looked at.
func (f Finding) sharedStill(o check.Outcome, looked func(string) bool) bool {
	return slices.Contains(o.Has, f.Key) && slices.ContainsFunc(f.With, func(s string) bool { return !looked(s) })
}

// ending tells why what the outcome does not show is gone; empty when it may still be there.
func ending(o check.Outcome) string {
	switch o.Verdict {
	case check.Pass:
		return "no longer seen: " + o.Detail
	case check.NotApplicable:
		return "no longer applies: " + o.Detail
	case check.Fail:
		if !o.Partial {
			return "no longer seen"
		}
	}
	return ""
}
