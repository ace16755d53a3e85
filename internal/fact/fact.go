// Package fact holds what was seen: typed content, or the reason why it could not be had.
// It is the vocabulary between collectors and checks. It does no I/O, knows no particular
// subject, and gives no verdict.
package fact

import (
	"cmp"
	"fmt"
	"time"
)

// Kind is a sort of fact with its version. A released version only gains fields; a change of
// meaning is a new version.
type Kind struct {
	Name    string // lower case, one word: sshd
	Version int    // from 1
}

// String gives name/version, the form that is stored: sshd/1.
func (k Kind) String() string { return fmt.Sprintf("%s/%d", k.Name, k.Version) }

// Fact is implemented by the content type of each subject, by value, so that a rule can name the
// fact that it needs by its type alone.
type Fact interface {
	Kind() Kind
	Missing() Gaps
}

// Gaps names the parts of a fact that could not be seen, and why. Embed it in a fact type. The
// nil map means that everything was seen.
type Gaps map[string]Problem

// Missing makes an embedding type a Fact.
func (g Gaps) Missing() Gaps { return g }

// Note records that a part is missing; the first problem of a part is kept. A nil problem and one
// that says "not found" are no gap: that a file does not exist is an observation.
func (g *Gaps) Note(part string, p *Problem) {
	if p == nil || p.Cause == NotFound {
		return
	}
	if _, ok := (*g)[part]; ok {
		return
	}
	if *g == nil {
		*g = Gaps{}
	}
	(*g)[part] = *p
}

// Observation is one look at one subject: a fact or a problem, with time and origin.
type Observation struct {
	Subject    string // as in spec identity: prod/web-1 or host:web1
	Kind       Kind
	Place      string   // which of several addresses of the subject was seen; empty where it has no more than one
	Fact       Fact     // nil when Problem is set
	Problem    *Problem // nil when Fact is set
	Digest     string   // SHA-256 of the canonical fact, hex; empty without a fact
	ObservedAt time.Time
	Collector  string // host:local, ssh://root@web-1, rootfs:/srv/image
}

// Claim is something that should belong to one subject alone: a machine id, a host key, an
// authorised key, a password verifier. Secrets appear as keyed fingerprints only.
type Claim struct {
	Kind        string `json:"kind"`            // machine_id, host_key, authorized_key, verifier
	Fingerprint string `json:"fingerprint"`     // comparable within one installation
	Label       string `json:"label,omitempty"` // for people: root's key "erika@laptop"
	At          string `json:"at,omitempty"`    // where it was seen: /etc/machine-id
}

// Compare orders claims, for stable output.
func (c Claim) Compare(d Claim) int {
	return cmp.Or(cmp.Compare(c.Kind, d.Kind), cmp.Compare(c.Fingerprint, d.Fingerprint),
		cmp.Compare(c.At, d.At), cmp.Compare(c.Label, d.Label))
}
