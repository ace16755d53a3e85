// Package waiver holds the decisions about findings: mitigation, extension, risk acceptance, false positive and
// deviation. It says who may decide what, what a decision does to a deadline, and when it ends. It is pure: the store
// keeps the entries, the caller tells time and actor. Source: spec/deadlines, "What stops, moves or settles a clock".
package waiver

import (
	"slices"
	"time"
)

// Kind is what a decision is.
type Kind string

// The kinds.
const (
	Mitigation    Kind = "mitigation"
	Extension     Kind = "extension"
	Acceptance    Kind = "acceptance"
	FalsePositive Kind = "false-positive"
	Deviation     Kind = "deviation"
)

// Kinds are all of them, in the order in which they are told.
var Kinds = []Kind{Mitigation, Extension, Acceptance, FalsePositive, Deviation}

// State is where a decision stands at a time.
type State string

// The states.
const (
	Requested State = "requested" // nobody has decided yet: it has no effect
	InForce   State = "in force"
	Expired   State = "expired"
	Refused   State = "refused"
	Revoked   State = "revoked"
)

// Waiver is a decision as its entries tell it.
type Waiver struct {
	ID        string    `json:"id"` // W- and ten base32 characters
	Kind      Kind      `json:"kind"`
	Covers    []Covered `json:"covers"`              // the findings, named one by one
	Selection string    `json:"selection"`           // how they were chosen, in words
	Reason    string    `json:"reason"`              // justification, or the evidence of a false positive
	Done      string    `json:"done,omitempty"`      // what was done, or is done instead
	Effect    string    `json:"effect,omitempty"`    // what is expected of a mitigation
	Reference string    `json:"reference,omitempty"` // ticket, change, document
	Until     time.Time `json:"until"`               // its end; of an extension the new deadline

	RequestedBy Actor      `json:"requested_by"`
	RequestedAt time.Time  `json:"requested_at"`
	DecidedBy   *Actor     `json:"decided_by"` // nil while nobody has
	DecidedAt   *time.Time `json:"decided_at"`
	Approved    bool       `json:"approved"`
	RevokedBy   *Actor     `json:"revoked_by"`
	RevokedAt   *time.Time `json:"revoked_at"`
	Why         string     `json:"why,omitempty"` // of a refusal or revocation
	Hid         int        `json:"hid"`           // findings that were open when it was approved
}

// Covered is a finding that a decision is about, as it was seen then.
type Covered struct {
	Finding string `json:"finding"`
	Seen    string `json:"seen"` // digest of what was seen; a false positive ends when that changes
}

// Actor is who does something.
type Actor struct {
	Person string `json:"person"` // id of the estate
	Local  bool   `json:"local"`  // known by the account of the operating system, not by a log-in
	Alone  bool   `json:"alone"`  // decided on the own request, where policy.four_eyes is off
}

// At tells where the decision stands at a time.
func (w Waiver) At(now time.Time) State {
	decided := w.DecidedAt != nil && !w.DecidedAt.After(now)
	switch {
	case !decided:
		return Requested
	case !w.Approved:
		return Refused
	case w.RevokedAt != nil && !w.RevokedAt.After(now):
		return Revoked
	case now.After(w.Until):
		return Expired
	}
	return InForce
}

// For gives what the decision says of a finding.
func (w Waiver) For(finding string) (Covered, bool) {
	i := slices.IndexFunc(w.Covers, func(c Covered) bool { return c.Finding == finding })
	if i < 0 {
		return Covered{}, false
	}
	return w.Covers[i], true
}

// Settles tells whether decisions of the kind take a finding off the list while they hold. An extension does not.
func (k Kind) Settles() bool { return k != Extension }
