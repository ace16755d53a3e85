// Package agent says what a collector inside an environment is, and what it and the control plane tell each other. It
// opens no connection and stores nothing.
package agent

import (
	"errors"
	"regexp"
	"time"
)

// Version of what agent and control plane say to each other. Both sides know their own and the one before.
const Version = 1

// Agent is a collector that has joined.
type Agent struct {
	ID          string    `json:"id"` // A- and ten base32 characters
	Environment string    `json:"environment"`
	Subject     string    `json:"subject,omitempty"` // declared system that it runs on; empty: named by what it sees
	Joined      time.Time `json:"joined"`
	Until       time.Time `json:"until"`            // end of its newest certificate
	Seen        time.Time `json:"seen,omitzero"`    // last report; zero: none yet
	Revoked     time.Time `json:"revoked,omitzero"` // zero: it is not
	Said
}

// Said is what an agent said of itself with its last report.
type Said struct {
	Host    string            `json:"host,omitempty"` // name of the machine
	Program string            `json:"program,omitempty"`
	Every   time.Duration     `json:"every,omitempty"` // time between reports
	Skew    time.Duration     `json:"skew,omitempty"`  // its clock less ours, when that is more than MaxSkew
	Lost    int               `json:"lost,omitempty"`  // reports that its spool had no room for, since it joined
	Root    bool              `json:"root"`
	Gaps    map[string]string `json:"gaps,omitempty"`   // what it cannot see, and why
	Name    string            `json:"name,omitempty"`   // subject that it is recorded under, since its first report
	Silent  bool              `json:"silent,omitempty"` // what it sees was recorded as unknown since it was last heard
	Judged  Judged            `json:"judged,omitzero"`
}

// Judged is what was judged last of what an agent sees. The same content under the same conditions comes to the same.
type Judged struct {
	Content string    `json:"content"` // Report.Content
	Under   string    `json:"under"`   // version and estate
	At      time.Time `json:"at"`
}

// MaxSkew is how much two clocks may differ before it is said, and the receiver's counts (spec identity).
const MaxSkew = 2 * time.Minute

// Patience is how many intervals an agent may be silent before what it sees is unknown.
const Patience = 3

// SilentSince gives when an agent should have reported at the latest. It is false for one that is still within its time,
// that never reported, or that was revoked.
func (a Agent) SilentSince(now time.Time) (time.Time, bool) {
	if a.Seen.IsZero() || !a.Revoked.IsZero() {
		return time.Time{}, false
	}
	end := a.Seen.Add(Patience * max(a.Every, time.Minute))
	return end, now.After(end)
}

// Invitation lets one agent join.
type Invitation struct {
	Digest      string // SHA-256 of the secret, hex
	Environment string
	Subject     string
	Made, Until time.Time
	Agent       string // who used it; empty: nobody yet
}

// InvitationTime is how long an invitation is worth something.
const InvitationTime = 10 * time.Minute

// ErrInvitation means that an invitation is unknown, was used, or is over. Which of these is told to nobody outside.
var ErrInvitation = errors.New("the token was used, is older than ten minutes, or never was one; make a new one: holdfast agent invite")

// ErrRevoked means that an agent may not come in any more.
var ErrRevoked = errors.New("this agent was revoked, or never joined this control plane")

var (
	environment = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	id          = regexp.MustCompile(`^A-[A-Z2-7]{10}$`)
)

// IsEnvironment tells whether a text can be the name of an environment. What passes is safe as part of a subject of the bus.
func IsEnvironment(s string) bool { return environment.MatchString(s) }

// IsID tells whether a text can be the id of an agent.
func IsID(s string) bool { return id.MatchString(s) }
