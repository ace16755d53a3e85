package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

const (
	// chainFile holds how the present key follows from those before: a proof for each entry that names the next key, signed by the key before.
	chainFile = "keys.json"
	// keyKind is the kind of such an entry.
	keyKind = "key"
	// maxChain bounds the file.
	maxChain = 4 << 20
)

// keyBody is what an entry says that names the next key.
type keyBody struct {
	Key string `json:"key"` // public, in the note format
}

// ring is the keys of a ledger, the oldest first; the last one is that of now.
type ring struct {
	keys  []ringKey
	chain []Proof // one less
}

// ringKey is a public key, and up to what size it signed.
type ringKey struct {
	text string
	note.Verifier
	until uint64 // of the last one: everything
}

// ringOf reads the keys that lie with the files. Each follows from the one before: the entry that names it was signed by that.
func ringOf(files fs.FS) (*ring, error) {
	_, now, err := verifierOf(files)
	if err != nil {
		return nil, err
	}
	var chain []Proof
	data, err := read(files, chainFile, maxChain)
	if err == nil {
		err = json.Unmarshal(data, &chain)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read how the ledger's keys follow from each other: %w", err)
	}
	return chained(chain, now)
}

// chained verifies a chain of keys that ends with the one of now.
func chained(chain []Proof, now string) (*ring, error) {
	if n := len(chain); n > 0 && chain[n-1].Key == now {
		chain = chain[:n-1] // a rotation was killed before the next key took over
	}
	r := &ring{chain: chain}
	for i, p := range chain {
		v, err := verifier(p.Key)
		if err != nil {
			return nil, err
		}
		head, e, err := p.verify(v)
		if err != nil {
			return nil, fmt.Errorf("that key %d of the ledger names the next one: %w", i+1, err)
		}
		var body keyBody
		next := now
		if i+1 < len(chain) {
			next = chain[i+1].Key
		}
		if e.Kind != keyKind || json.Unmarshal(e.Body, &body) != nil || body.Key != next {
			return nil, fmt.Errorf("key %d of the ledger does not follow from the one before: no entry signed by that names it", i+2)
		}
		if i > 0 && head.Size <= r.keys[i-1].until {
			return nil, fmt.Errorf("key %d of the ledger ends before the one before it", i+1)
		}
		r.keys = append(r.keys, ringKey{p.Key, v, head.Size})
	}
	v, err := verifier(now)
	if err != nil {
		return nil, err
	}
	for _, k := range r.keys {
		if k.Name() != v.Name() {
			return nil, fmt.Errorf("key %s is of another ledger than %s", k.Name(), v.Name())
		}
	}
	r.keys = append(r.keys, ringKey{now, v, ^uint64(0)})
	return r, nil
}

// now is the key that signs.
func (r *ring) now() ringKey { return r.keys[len(r.keys)-1] }

// trust refuses a ledger whose key neither is a trusted one nor follows from it; empty trusts the key of now.
func (r *ring) trust(key string) error {
	if key = strings.TrimSpace(key); key == "" {
		return nil
	}
	v, err := verifier(key)
	if err != nil {
		return err
	}
	for _, k := range r.keys {
		if k.text == key {
			return nil
		}
	}
	return fmt.Errorf("the ledger is signed by %s, which neither is %s nor follows from it", r.now().text, v.Name())
}

// parse reads a checkpoint that one of the keys signed while it was in force.
func (r *ring) parse(text string) (Checkpoint, ringKey, error) {
	var last error
	for i := len(r.keys) - 1; i >= 0; i-- {
		k := r.keys[i]
		cp, _, _, err := log.ParseCheckpoint([]byte(text), k.Name(), k)
		if err != nil {
			if last == nil {
				last = fmt.Errorf("the checkpoint is not signed by %s, or was changed: %w", k.Name(), err)
			}
			continue
		}
		if cp.Size > k.until {
			return Checkpoint{}, k, fmt.Errorf("the checkpoint over %d entries is signed by a key that was replaced at %d: whoever has the old one made it", cp.Size, k.until)
		}
		return Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Hash, Text: text}, k, nil
	}
	return Checkpoint{}, ringKey{}, last
}
