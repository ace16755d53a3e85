package ledger

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	secretFile = "signing.key" // of the note format: it signs checkpoints and stays here
	publicFile = "verify.pub"  // in the note format: it goes with every copy
)

// signer gives the key that signs, and makes one where there is none. Its name is the origin of the log, and random: two
// ledgers are never taken for each other.
func (l *Ledger) signer() (note.Signer, error) {
	data, err := os.ReadFile(l.path(secretFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(l.path(publicFile)); err == nil {
			return nil, fmt.Errorf("the key %s is gone: restore it from a backup; with another one this ledger cannot go on", l.path(secretFile))
		}
		data, err = l.makeKey()
		if err != nil {
			return nil, fmt.Errorf("make the ledger's key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("read the ledger's key: %w", err)
	}
	s, err := note.NewSigner(strings.TrimSpace(string(data)))
	if err != nil {
		return nil, fmt.Errorf("the ledger's key %s is damaged; restore it from a backup", l.path(secretFile))
	}
	v, _, err := verifierOf(l.FS())
	if err != nil {
		return nil, err
	}
	if s.KeyHash() != v.KeyHash() { // a rotation was killed before its last step
		next, err := os.ReadFile(l.path(nextFile))
		if err == nil {
			secret, _, _ := strings.Cut(string(next), "\n")
			s, err = note.NewSigner(secret)
		}
		if err != nil || s.KeyHash() != v.KeyHash() {
			return nil, fmt.Errorf("the ledger's key %s is not that of %s; restore both from one backup", l.path(secretFile), publicFile)
		}
	}
	return s, nil
}

// makeKey is called by who holds the lock. The public key is written last: where it is, the other was.
func (l *Ledger) makeKey() ([]byte, error) {
	var name [6]byte
	rand.Read(name[:])
	secret, public, err := note.GenerateKey(rand.Reader, "holdfast-ledger-"+hex.EncodeToString(name[:]))
	if err != nil {
		return nil, err
	}
	if err := writeNew(l.path(secretFile), secret+"\n", 0o600); err != nil {
		return nil, err
	}
	return []byte(secret), writeNew(l.path(publicFile), public+"\n", 0o644)
}

func writeNew(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// verifierOf reads the public key that lies with the files.
func verifierOf(files fs.FS) (note.Verifier, string, error) {
	data, err := fs.ReadFile(files, publicFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", ErrEmpty
	} else if err != nil {
		return nil, "", fmt.Errorf("read the ledger's public key: %w", err)
	}
	key := strings.TrimSpace(string(data))
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, "", fmt.Errorf("the ledger's public key %s is none: %w", publicFile, err)
	}
	return v, key, nil
}
