package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// nextFile is the signing key that takes over, until it has.
const nextFile = "signing.key.next"

// Rotate replaces the signing key, and gives the new public one. An entry that the old key signs names it; the old one is destroyed. The
// origin of the log stays, and who trusts an older key verifies the newer ones from it. Killed at any moment, the ledger goes on
// with one of the two, and what was begun is ended by whoever writes next.
func (l *Ledger) Rotate(ctx context.Context) (string, error) {
	files := l.FS()
	if _, err := Head(files); err != nil {
		return "", err
	}
	if err := l.Hold(ctx, func() error { return l.prepare() }); err != nil {
		return "", fmt.Errorf("make the ledger's next key: %w", err)
	}
	if _, err := l.Enter(ctx, 0, nil); err != nil { // names it, and takes it into use
		return "", err
	}
	r, err := ringOf(files)
	if err != nil {
		return "", err
	}
	return r.now().text, nil
}

// prepare makes the next key where none waits.
func (l *Ledger) prepare() error {
	if _, err := os.Stat(l.path(nextFile)); err == nil {
		return nil // of a rotation that was killed
	}
	_, key, err := verifierOf(l.FS())
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(key, "+")
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	return writeWhole(l.path(nextFile), secret+"\n"+public+"\n", 0o600)
}

// takeOver ends a rotation that was begun. Who calls it holds the lock.
func (l *Ledger) takeOver(ctx context.Context) error {
	data, err := os.ReadFile(l.path(nextFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read the ledger's next key: %w", err)
	}
	secret, rest, _ := strings.Cut(string(data), "\n")
	public := strings.TrimSpace(rest)
	signer, err := note.NewSigner(secret)
	if err != nil || signer.Name() == "" {
		return fmt.Errorf("the ledger's next key %s is damaged; remove it, and the present one goes on", l.path(nextFile))
	}
	r, err := ringOf(l.FS())
	if err != nil {
		return err
	}
	if r.now().text != public { // else only the private one is left to be replaced
		old, err := l.signer()
		if err != nil {
			return err
		}
		body, err := json.Marshal(keyBody{public})
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(public))
		id := keyKind + "/" + hex.EncodeToString(sum[:8])
		if err := l.add(ctx, old, 0, []Entry{{ID: id, Kind: keyKind, At: time.Now().UTC(), Body: body}}); err != nil {
			return err
		}
		at, found := uint64(0), false
		if err := Each(l.FS(), 0, func(i uint64, e Entry) error {
			var b keyBody
			if e.Kind == keyKind && json.Unmarshal(e.Body, &b) == nil && b.Key == public {
				at, found = i, true
			}
			return nil
		}); err != nil || !found {
			return errors.Join(err, errors.New("the entry that names the next key is not in the ledger"))
		}
		p, err := prove(ctx, l.FS(), r, at)
		if err != nil {
			return err
		}
		chain, err := json.Marshal(append(r.chain, p))
		if err != nil {
			return err
		}
		// The chain first: while its end is the old key, that one is still in force.
		if err := writeWhole(l.path(chainFile), string(chain), 0o644); err != nil {
			return err
		}
		if err := writeWhole(l.path(publicFile), public+"\n", 0o644); err != nil {
			return err
		}
	}
	if err := writeWhole(l.path(secretFile), secret+"\n", 0o600); err != nil {
		return err
	}
	return os.Remove(l.path(nextFile))
}

// writeWhole writes a file so that the old one or the new one is there at every moment.
func writeWhole(path, text string, mode fs.FileMode) error {
	part := path + ".part"
	_ = os.Remove(part)
	if err := writeNew(part, text, mode); err != nil {
		return err
	}
	return os.Rename(part, path)
}
