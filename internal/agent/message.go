package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// JoinRequest is sent by the bearer of a token.
type JoinRequest struct {
	Version  int    `json:"version"`
	Password string `json:"password"` // of the token
	CSR      []byte `json:"csr"`      // PKCS #10, DER; its key is all that is taken from it
}

// Membership is the answer.
type Membership struct {
	Error       string        `json:"error,omitempty"` // alone
	ID          string        `json:"id,omitempty"`
	Environment string        `json:"environment,omitempty"`
	Subject     string        `json:"subject,omitempty"`
	Certificate []byte        `json:"certificate,omitempty"` // DER
	Authority   []byte        `json:"authority,omitempty"`   // DER, of who signed it and the server
	Key         []byte        `json:"key,omitempty"`         // of fingerprints, 32 bytes
	Every       time.Duration `json:"every,omitempty"`       // time between reports
	Addresses   []string      `json:"addresses,omitempty"`   // host:port of all control planes; empty: of this one alone
}

// RenewalRequest asks for the next certificate.
type RenewalRequest struct {
	CSR []byte `json:"csr,omitempty"` // empty: the present one does, and what else the answer says is wanted
}

// Renewed is the answer.
type Renewed struct {
	Error       string        `json:"error,omitempty"`
	Certificate []byte        `json:"certificate,omitempty"`
	Every       time.Duration `json:"every,omitempty"`
	Addresses   []string      `json:"addresses,omitempty"` // host:port of all control planes; empty: that is not known
}

// Job is what an agent is asked to do.
type Job struct {
	ID    string    `json:"id"`
	Do    string    `json:"do"` // collect: look now
	Whole bool      `json:"whole,omitempty"`
	Until time.Time `json:"until"` // worth nothing after that
}

// Collect is the job of looking now.
const Collect = "collect"

// Taken is the answer to a job.
type Taken struct {
	Error string `json:"error,omitempty"` // why it was not taken
}

// Report is one look of an agent at its machine.
type Report struct {
	Version    int           `json:"version"`
	ID         string        `json:"id"` // UUIDv7
	At         time.Time     `json:"at"` // by the agent's clock
	Program    string        `json:"program"`
	Host       string        `json:"host"`
	Every      time.Duration `json:"every"`
	Lost       int           `json:"lost,omitempty"`
	Privileged bool          `json:"privileged"`
	Problem    *fact.Problem `json:"problem,omitempty"` // nothing could be seen
	Facts      []Fact        `json:"facts,omitempty"`
}

// Content names what a report says of its machine, whenever it was seen: SHA-256 in hex.
func (r Report) Content() string {
	parts := make([]string, 0, len(r.Facts))
	for _, f := range r.Facts {
		problem, _ := json.Marshal(f.Problem)
		parts = append(parts, f.Kind+" "+f.Digest+" "+string(problem))
	}
	slices.Sort(parts)
	problem, _ := json.Marshal(r.Problem)
	sum := sha256.Sum256([]byte(r.Host + "\x00" + strconv.FormatBool(r.Privileged) + "\x00" + string(problem) + "\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Fact is one part of a report. Of content, problem and digest alone exactly one says what was seen: content that was
// delivered before is sent by its digest.
type Fact struct {
	Kind    string          `json:"kind"` // name/version
	Digest  string          `json:"digest,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"` // canonical
	Problem *fact.Problem   `json:"problem,omitempty"`
}

// SentHeader says in the header of a message when it was sent by the agent's clock, RFC 3339: it tells skew from delay.
const SentHeader = "Holdfast-Sent"

// Limits of a report.
const (
	MaxMessage = 8 << 20  // packed, as it travels
	MaxReport  = 32 << 20 // unpacked
	maxFacts   = 1000
)

// ParseReport reads a report and refuses what cannot be one.
func ParseReport(data []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return Report{}, fmt.Errorf("read a report: %w", err)
	}
	switch {
	case r.Version < 1:
		return Report{}, errors.New("read a report: it has no version")
	case r.Version > Version+1:
		return Report{}, fmt.Errorf("read a report: it is of version %d, this control plane knows %d and the next; upgrade the control plane", r.Version, Version)
	case len(r.ID) != 36 || r.At.IsZero():
		return Report{}, errors.New("read a report: id or time is missing")
	case len(r.Facts) > maxFacts:
		return Report{}, fmt.Errorf("read a report: it has %d facts", len(r.Facts))
	}
	for _, f := range r.Facts {
		if f.Kind == "" || (f.Problem == nil) == (f.Digest == "") {
			return Report{}, fmt.Errorf("read a report: fact %q has neither content nor problem, or both", f.Kind)
		}
		if f.Data != nil && fact.Digest(f.Data) != f.Digest {
			return Report{}, fmt.Errorf("read a report: fact %s is not what its digest says", f.Kind)
		}
	}
	return r, nil
}
