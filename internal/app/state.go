package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/store/sqlite"
)

// StateDir gives the folder for state: the flag, else HOLDFAST_STATE, else $XDG_STATE_HOME/holdfast,
// else ~/.local/state/holdfast, also for root.
func StateDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if d := os.Getenv("HOLDFAST_STATE"); d != "" {
		return d, nil
	}
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "holdfast"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &UsageError{"no place for state: $HOME is not set; give --state DIR"}
	}
	return filepath.Join(home, ".local", "state", "holdfast"), nil
}

// openStore opens the database that --db names, by default in the state folder.
func openStore(ctx context.Context, state, db string) (*sqlite.Store, error) {
	path := filepath.Join(state, "holdfast.db")
	if db != "" {
		rest, ok := strings.CutPrefix(db, "sqlite:")
		if !ok || rest == "" {
			return nil, &UsageError{fmt.Sprintf("--db %s: want sqlite:FILE (PostgreSQL is not supported yet)", db)}
		}
		path = rest
	}
	s, err := sqlite.Open(ctx, path)
	if errors.Is(err, sqlite.ErrNewer) {
		return nil, &UsageError{err.Error()}
	}
	return s, err
}

// loadKey reads the key of fingerprints, or makes it. Two first starts at once agree on one: the
// file is made complete beside its place and linked there, which only one can do.
func loadKey(state string) (fact.Key, error) {
	path := filepath.Join(state, "fingerprint.key")
	for range 2 {
		data, err := os.ReadFile(path)
		if err == nil {
			if len(data) != 32 {
				return fact.Key{}, fmt.Errorf("read key %s: it has %d bytes, want 32; restore it from a backup: with another key all secrets look new", path, len(data))
			}
			return fact.NewKey([32]byte(data)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fact.Key{}, fmt.Errorf("read key: %w", err)
		}
		if err := makeKey(state, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return fact.Key{}, fmt.Errorf("make key %s: %w", path, err)
		}
	}
	return fact.Key{}, fmt.Errorf("make key %s: it vanished", path)
}

func makeKey(state, path string) error {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(state, ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	var b [32]byte
	rand.Read(b[:])
	_, err = f.Write(b[:])
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
