package drift

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// Baseline is what somebody approved of one kind of fact of a subject.
type Baseline struct {
	Subject string    `json:"subject"`
	Kind    string    `json:"kind"`            // name/version
	Place   string    `json:"place,omitempty"` // which of several addresses of the subject
	Digest  string    `json:"digest"`          // SHA-256 of Data
	Fact    string    `json:"fact"`            // digest of the fact that was approved as a whole; empty: parts of several
	Known   []string  `json:"-"`               // what of the fact was compared then, by Shape.Known
	Missing []string  `json:"missing,omitempty"`
	By      string    `json:"approved_by"`
	At      time.Time `json:"approved_at"`
	Reason  string    `json:"reason"`
	Data    []byte    `json:"-"` // the steady fact in canonical form
}

// Approve makes the baseline of a fact in canonical form. Missing are the parts of it that were not seen.
func Approve(subject, kind, place string, canonical []byte, missing []string, s *Shape) (Baseline, error) {
	data, err := Steady(canonical, s)
	if err != nil {
		return Baseline{}, err
	}
	return Baseline{Subject: subject, Kind: kind, Place: place, Digest: fact.Digest(data), Fact: fact.Digest(canonical),
		Known: s.Known(), Missing: s.Parts(missing), Data: data}, nil
}

// Comparable says why a look cannot be compared with the baseline: other parts of the fact were not seen than then. Empty: it can.
func (b Baseline) Comparable(missing []string, s *Shape) string {
	kind, now := KindName(b.Kind), s.Parts(missing)
	var less, more []string
	for _, p := range now {
		if !slices.Contains(b.Missing, p) {
			less = append(less, p)
		}
	}
	for _, p := range b.Missing {
		if !slices.Contains(now, p) {
			more = append(more, p)
		}
	}
	switch {
	case len(less) > 0:
		return fmt.Sprintf("%s was approved with %s, which could not be seen now", kind, strings.Join(less, ", "))
	case len(more) > 0:
		return fmt.Sprintf("%s was approved without %s, which can be seen now; approve it anew", kind, strings.Join(more, ", "))
	}
	return ""
}

// Against gives the differences of what is seen now from the baseline. What this version of Holdfast compares and the one
// that approved did not is left out: an upgrade of Holdfast is no drift.
func (b Baseline) Against(canonical []byte, s *Shape) ([]Change, error) {
	return Diff(b.Data, canonical, s.Within(b.Known))
}

// Taking gives the baseline with some of its differences approved.
func (b Baseline) Taking(canonical []byte, s *Shape, take func(path string) bool) (Baseline, error) {
	data, err := Merge(b.Data, canonical, s.Within(b.Known), take)
	if err != nil {
		return b, err
	}
	b.Data, b.Digest, b.Fact = data, fact.Digest(data), ""
	left, err := b.Against(canonical, s)
	if err == nil && len(left) == 0 {
		b.Fact = fact.Digest(canonical)
	}
	return b, err
}
