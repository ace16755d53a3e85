package waiver

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Action is what an entry records.
type Action string

// The actions.
const (
	Asked   Action = "asked"
	Approve Action = "approved"
	Refuse  Action = "refused"
	Revoke  Action = "revoked"
)

// Entry is one row of the record of decisions. Rows are only added; each holds the hash of the one before, so that
// none can be changed or taken out unseen.
type Entry struct {
	Seq    int       `json:"seq"` // from 1
	At     time.Time `json:"at"`
	Waiver string    `json:"waiver"`
	Action Action    `json:"action"`
	Actor  Actor     `json:"actor"`
	Body   *Waiver   `json:"body,omitempty"` // what was asked for
	Why    string    `json:"why,omitempty"`  // of a refusal or revocation
	Hid    int       `json:"hid,omitempty"`  // open findings that it covered when it was approved
	Prev   string    `json:"prev"`           // hash of the row before, hex; empty in the first
	Hash   string    `json:"hash,omitempty"` // SHA-256 of the row as JSON without this field, hex
}

// Sealed gives the entry as it follows another; nil before the first.
func (e Entry) Sealed(after *Entry) (Entry, error) {
	e.Seq, e.Prev, e.At = 1, "", e.At.UTC()
	if after != nil {
		e.Seq, e.Prev = after.Seq+1, after.Hash
	}
	sum, err := e.sum()
	e.Hash = sum
	return e, err
}

func (e Entry) sum() (string, error) {
	e.Hash = ""
	data, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Verify tells whether the entries are all there, in order and as they were written. The error names the first that
// is not. What was cut off at the end cannot be seen here: compare the last hash with one that was noted.
func Verify(all []Entry) error {
	prev := ""
	for i, e := range all {
		sum, err := e.sum()
		switch {
		case err != nil:
			return fmt.Errorf("decision entry %d: %w", e.Seq, err)
		case e.Seq != i+1:
			return fmt.Errorf("decision entry %d is missing: entry %d stands in its place", i+1, e.Seq)
		case e.Prev != prev:
			return fmt.Errorf("decision entry %d does not follow the one before it", e.Seq)
		case e.Hash != sum:
			return fmt.Errorf("decision entry %d of %s was changed after it was written", e.Seq, e.At.Format(time.RFC3339))
		}
		prev = e.Hash
	}
	return nil
}

// Fold gives the decisions that the entries tell, in the order in which they were asked for.
func Fold(all []Entry) []Waiver {
	var out []Waiver
	at := map[string]int{}
	for _, e := range all {
		if e.Action == Asked && e.Body != nil {
			if _, again := at[e.Waiver]; !again {
				at[e.Waiver] = len(out)
				out = append(out, *e.Body)
			}
			continue
		}
		i, ok := at[e.Waiver]
		if !ok {
			continue
		}
		w, when, by := &out[i], e.At, e.Actor
		switch {
		case e.Action == Revoke && w.RevokedAt == nil:
			w.RevokedBy, w.RevokedAt, w.Why = &by, &when, e.Why
		case e.Action != Revoke && w.DecidedAt == nil:
			w.DecidedBy, w.DecidedAt, w.Approved, w.Why, w.Hid = &by, &when, e.Action == Approve, e.Why, e.Hid
		}
	}
	return out
}

// NewID names a decision: W- and ten base32 characters, from what is asked for, by whom and when.
func NewID(w Waiver) (string, error) {
	w.ID = ""
	data, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "W-" + base32.StdEncoding.EncodeToString(sum[:])[:10], nil
}

// Digest is what a decision remembers of what a finding showed.
func Digest(detail string) string {
	sum := sha256.Sum256([]byte(detail))
	return hex.EncodeToString(sum[:8])
}
