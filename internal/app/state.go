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
	"holdfast.example/holdfast/internal/store/relational"
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
func openStore(ctx context.Context, state, db string) (*relational.Store, error) {
	path, inFile := filepath.Join(state, "holdfast.db"), true
	if db != "" {
		path, inFile = strings.CutPrefix(db, "sqlite:")
	}
	var s *relational.Store
	var err error
	switch {
	case inFile && path != "":
		s, err = relational.Open(ctx, path)
	case isPostgres(db):
		s, err = relational.OpenPostgres(ctx, db)
	default:
		scheme, _, _ := strings.Cut(db, ":") // the rest may hold a password
		return nil, &UsageError{fmt.Sprintf("--db %s:…: want sqlite:FILE or postgres://USER@HOST/NAME; a password in PGPASSWORD or ~/.pgpass", scheme)}
	}
	if errors.Is(err, relational.ErrNewer) {
		return nil, &UsageError{err.Error()}
	}
	return s, err
}

// isPostgres tells whether an address is that of PostgreSQL.
func isPostgres(db string) bool {
	return strings.HasPrefix(db, "postgres://") || strings.HasPrefix(db, "postgresql://")
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
