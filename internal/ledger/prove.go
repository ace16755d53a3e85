package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Proof says that an entry is in a ledger, to who has nothing else of it.
type Proof struct {
	Key        string   `json:"key"` // public key that signed; it has to be known from elsewhere
	Checkpoint string   `json:"checkpoint"`
	Index      uint64   `json:"index"`
	Entry      []byte   `json:"entry"`  // as it was entered
	Hashes     [][]byte `json:"hashes"` // of the other branches, from the leaf up (RFC 6962, 2.1.1)
}

// Prove makes the proof for the entry at an index.
func Prove(ctx context.Context, files fs.FS, index uint64) (Proof, error) {
	head, err := Head(files)
	if err != nil {
		return Proof{}, err
	}
	_, key, err := verifierOf(files)
	if err != nil {
		return Proof{}, err
	}
	if index >= head.Size {
		return Proof{}, fmt.Errorf("the ledger has entries 0 to %d, none is %d", head.Size-1, index)
	}
	p := Proof{Key: key, Checkpoint: head.Text, Index: index}
	err = eachLeaf(files, head.Size, index, func(i uint64, data []byte) error {
		if i == index {
			p.Entry = data
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	b, err := proofs(ctx, files, head.Size)
	if err != nil {
		return p, err
	}
	if p.Hashes, err = b.InclusionProof(ctx, index); err != nil {
		return p, err
	}
	_, _, err = p.Verify(key)
	return p, err
}

// Verify checks a proof; key is the public key that is trusted, empty takes the proof's own.
func (p Proof) Verify(key string) (Checkpoint, Entry, error) {
	if key == "" {
		key = p.Key
	}
	head, err := ParseCheckpoint(p.Checkpoint, key)
	if err != nil {
		return head, Entry{}, err
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, head.Size, rfc6962.DefaultHasher.HashLeaf(p.Entry), p.Hashes, head.Root); err != nil {
		return head, Entry{}, fmt.Errorf("the entry is not number %d of the ledger that was signed: %w", p.Index, err)
	}
	e, err := parseEntry(p.Index, p.Entry)
	return head, e, err
}

// ParseProof reads a proof that was written as JSON.
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("this is no proof: %w", err)
	}
	if p.Checkpoint == "" || len(p.Entry) == 0 {
		return p, fmt.Errorf("this is no proof: it has no checkpoint or no entry")
	}
	return p, nil
}
