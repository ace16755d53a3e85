package drift

import (
	"slices"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// Baseline is what somebody approved of one kind of fact of a subject.
type Baseline struct {
	Subject string    `json:"subject"`
	Kind    string    `json:"kind"`            // name/version
	Place   string    `json:"place,omitempty"` // which of several addresses of the subject
	Digest  string    `json:"digest"`          // SHA-256 of Data
	Fact    string    `json:"fact"`            // digest of the fact that was seen then
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
		Known: s.Known(), Missing: slices.Sorted(slices.Values(missing)), Data: data}, nil
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
	b.Data, b.Digest, b.Fact = data, fact.Digest(data), fact.Digest(canonical)
	return b, nil
}
