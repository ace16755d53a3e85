package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
)

// Proof says that an entry is in a ledger, to who has nothing else of it.
type Proof struct {
	Key        string   `json:"key"` // public key that signed; it has to be known from elsewhere
	Checkpoint string   `json:"checkpoint"`
	Index      uint64   `json:"index"`
	Entry      []byte   `json:"entry"`           // as it was entered
	Hashes     [][]byte `json:"hashes"`          // of the other branches, from the leaf up (RFC 6962, 2.1.1)
	Chain      []Proof  `json:"chain,omitempty"` // how the key follows from older ones, the oldest first
}

// Prove makes the proof for the entry at an index.
func Prove(ctx context.Context, files fs.FS, index uint64) (Proof, error) {
	r, err := ringOf(files)
	if err != nil {
		return Proof{}, err
	}
	p, err := prove(ctx, files, r, index)
	if err != nil {
		return p, err
	}
	for _, k := range r.chain {
		if k.Key == p.Key {
			break // the checkpoint is still one of an older key
		}
		p.Chain = append(p.Chain, k)
	}
	return p, nil
}

func prove(ctx context.Context, files fs.FS, r *ring, index uint64) (Proof, error) {
	text, err := read(files, layout.CheckpointPath, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return Proof{}, ErrEmpty
	} else if err != nil {
		return Proof{}, fmt.Errorf("read the checkpoint: %w", err)
	}
	head, by, err := r.parse(string(text))
	if err != nil {
		return Proof{}, err
	}
	if index >= head.Size {
		return Proof{}, fmt.Errorf("the ledger has entries 0 to %d, none is %d", head.Size-1, index)
	}
	p := Proof{Key: by.text, Checkpoint: head.Text, Index: index}
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
	_, _, err = p.verify(by)
	return p, err
}

// Verify checks a proof; key is the public key that is trusted, or one from which that of the proof follows; empty takes the proof's own.
func (p Proof) Verify(key string) (Checkpoint, Entry, error) {
	r, err := chained(p.Chain, p.Key)
	if err != nil {
		return Checkpoint{}, Entry{}, err
	}
	if err := r.trust(key); err != nil {
		return Checkpoint{}, Entry{}, err
	}
	return p.verify(r.now())
}

func (p Proof) verify(v note.Verifier) (Checkpoint, Entry, error) {
	cp, _, _, err := log.ParseCheckpoint([]byte(p.Checkpoint), v.Name(), v)
	if err != nil {
		return Checkpoint{}, Entry{}, fmt.Errorf("the checkpoint is not signed by %s, or was changed: %w", v.Name(), err)
	}
	head := Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Hash, Text: p.Checkpoint}
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
