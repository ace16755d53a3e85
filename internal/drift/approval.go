package drift

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/waiver"
)

// Approval is one row of the record of approvals. Rows are only added; each holds the hash of the one before, as those of
// other decisions do.
type Approval struct {
	Seq     int          `json:"seq"` // from 1
	At      time.Time    `json:"at"`
	Subject string       `json:"subject"`
	Actor   waiver.Actor `json:"actor"`
	Reason  string       `json:"reason"`
	Asked   string       `json:"asked"`  // what was to be approved, in words: all, or which kinds and keys
	Covers  []Covered    `json:"covers"` // the baselines that came of it
	Prev    string       `json:"prev"`
	Hash    string       `json:"hash,omitempty"` // SHA-256 of the row as JSON without this field, hex
}

// Covered is a baseline that an approval made or changed.
type Covered struct {
	Kind    string `json:"kind"`
	Place   string `json:"place,omitempty"`
	Before  string `json:"before,omitempty"` // digest of the baseline until then; empty: there was none
	After   string `json:"after"`
	Fact    string `json:"fact"`    // digest of what was seen
	Changes int    `json:"changes"` // differences that were approved
}

// Sealed gives the row as it follows another; nil before the first.
func (a Approval) Sealed(after *Approval) (Approval, error) {
	a.Seq, a.Prev, a.At = 1, "", a.At.UTC()
	if after != nil {
		a.Seq, a.Prev = after.Seq+1, after.Hash
	}
	sum, err := a.sum()
	a.Hash = sum
	return a, err
}

func (a Approval) sum() (string, error) {
	a.Hash = ""
	data, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Verify tells whether the rows are all there, in order and as they were written. What was cut off at the end cannot be seen
// here; the ledger tells it.
func Verify(all []Approval) error {
	prev := ""
	for i, a := range all {
		sum, err := a.sum()
		switch {
		case err != nil:
			return fmt.Errorf("approval %d: %w", a.Seq, err)
		case a.Seq != i+1:
			return fmt.Errorf("approval %d is missing: approval %d stands in its place", i+1, a.Seq)
		case a.Prev != prev:
			return fmt.Errorf("approval %d does not follow the one before it", a.Seq)
		case a.Hash != sum:
			return fmt.Errorf("approval %d of %s was changed after it was written", a.Seq, a.At.Format(time.RFC3339))
		}
		prev = a.Hash
	}
	return nil
}
