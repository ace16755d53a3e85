// Package ledger keeps a record to which can only be added, and which proves that: a Merkle log (C2SP tlog-tiles, RFC 6962
// hashes) whose head, the checkpoint, is signed (C2SP tlog-checkpoint). Who holds one checkpoint can tell of every later
// one whether anything before it was changed, taken out, put in or put in another order.
//
// The files are those of Tessera. Reading and verifying needs no more than the files and the public key, so a copy of the
// folder, or a zip of it, proves the same.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// MaxEntry is the most bytes of an entry: what is larger enters by its hash (tlog-tiles, section "Log entries").
const MaxEntry = 64 << 10

// Entry is one thing on record.
type Entry struct {
	ID   string          `json:"id"`   // of what it tells, once in the ledger: decision/12
	Kind string          `json:"kind"` // decision
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// Ledger is a folder. The zero value is of no use; make it by At.
type Ledger struct{ dir string }

// At is the ledger in a folder, which need not be there yet.
func At(dir string) *Ledger { return &Ledger{dir} }

// ErrEmpty says that nothing was entered yet.
var ErrEmpty = errors.New("the ledger has no entries yet")

// FS is the files of the ledger, to be verified or copied.
func (l *Ledger) FS() fs.FS { return os.DirFS(l.dir) }

func (l *Ledger) path(name string) string { return filepath.Join(l.dir, name) }

func parseEntry(index uint64, data []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("entry %d of the ledger cannot be read: %w", index, err)
	}
	return e, nil
}
