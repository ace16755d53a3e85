package ledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func verifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, fmt.Errorf("%q is no public key of a ledger: %w", key, err)
	}
	return v, nil
}

// Verify checks all files of a ledger: that the checkpoint is signed, that its root is that of the entries, and that the
// tiles, from which proofs are made, are theirs too. Earlier checkpoints that somebody kept have to be heads of the same
// entries: a ledger that was cut off, changed before its end, or goes on from another past is told by them.
//
// Key is the public key that is trusted, or one from which that of now follows; empty takes the one that lies with the files, which
// proves only that they fit together.
func Verify(ctx context.Context, files fs.FS, key string, earlier ...string) (Checkpoint, error) {
	r, err := ringOf(files)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := r.trust(key); err != nil {
		return Checkpoint{}, err
	}
	text, err := read(files, "checkpoint", 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return Head(files)
	} else if err != nil {
		return Checkpoint{}, fmt.Errorf("read the checkpoint: %w", err)
	}
	head, by, err := r.parse(string(text))
	if err != nil {
		return head, err
	}
	past := map[uint64][]Checkpoint{}
	cosigned, err := cosignedTexts(files)
	if err != nil {
		return head, fmt.Errorf("read what witnesses cosigned: %w", err)
	}
	earlier = append(earlier, cosigned...)
	for _, p := range r.chain { // what an older key signed when it ended
		earlier = append(earlier, p.Checkpoint)
	}
	for _, e := range earlier {
		cp, _, err := r.parse(e)
		if err != nil {
			return head, fmt.Errorf("the checkpoint that was kept: %w", err)
		}
		if cp.Size > head.Size {
			return head, fmt.Errorf("the ledger has %d entries, and a checkpoint was signed over %d: its end was cut off", head.Size, cp.Size)
		}
		past[cp.Size] = append(past[cp.Size], cp)
	}
	if err := roots(files, head, past); err != nil {
		return head, err
	}
	quiet()
	if err := fsck.New(head.Origin, by, fetcher{files}, leafHashes, fsck.Opts{N: 2}).Check(ctx); err != nil {
		return head, fmt.Errorf("the tiles of the ledger are not those of its entries: %w", err)
	}
	return head, nil
}

// roots works out the root at the head and at each earlier size, and compares.
func roots(files fs.FS, head Checkpoint, past map[uint64][]Checkpoint) error {
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	compare := func(n uint64, with []Checkpoint) error {
		root, err := r.GetRootHash(nil)
		if err != nil {
			return err
		}
		for _, cp := range with {
			if n > 0 && !bytes.Equal(root, cp.Root) {
				return fmt.Errorf("the first %d entries are not those that were signed: root %s, the checkpoint has %s", n, hex.EncodeToString(root[:8]), hex.EncodeToString(cp.Root[:min(8, len(cp.Root))]))
			}
		}
		return nil
	}
	n := uint64(0)
	err := eachLeaf(files, head.Size, 0, func(_ uint64, data []byte) error {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(data), nil); err != nil {
			return err
		}
		n++
		return compare(n, past[n])
	})
	if err != nil {
		return err
	}
	if n != head.Size {
		return fmt.Errorf("the checkpoint is over %d entries, and %d are there", head.Size, n)
	}
	return compare(n, []Checkpoint{head})
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	out := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		out[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return out, nil
}

// proofs makes proofs from the tiles.
func proofs(ctx context.Context, files fs.FS, size uint64) (*client.ProofBuilder, error) {
	return client.NewProofBuilder(ctx, size, fetcher{files}.ReadTile)
}
