package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/backup"
)

// BackupManifest says what is in a backup.
type BackupManifest = backup.Manifest

// BackupOptions say what is kept, and where.
type BackupOptions struct {
	State, DB, Version string
	File               string
	Force              bool // replace a file that is there
	Advisories         bool // the index too, which can be had again
}

const databaseFile = "holdfast.db"

// left is what of a state folder is not kept: the database is copied by itself, the bus holds what is under way, advisories
// can be had again.
func left(name string, advisories bool) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.HasPrefix(first, ".") || name == "ledger/lock" || strings.HasPrefix(name, databaseFile) || first == "bus" || first == "advisories" && !advisories
}

// Backup writes the state folder into one file, while everything goes on: the ledger is held still while it and the
// database are copied, so that each has what the other says.
func Backup(ctx context.Context, o BackupOptions, now time.Time) (m BackupManifest, err error) {
	state, err := StateDir(o.State)
	if err != nil {
		return m, err
	}
	if _, err := os.Stat(state); err != nil {
		return m, &UsageError{fmt.Sprintf("there is no state folder %s to back up", state)}
	}
	if _, err := os.Lstat(o.File); err == nil && !o.Force {
		return m, &UsageError{fmt.Sprintf("%s is there already; give another name, or --force", o.File)}
	}
	if inside(o.File, state) {
		return m, &UsageError{fmt.Sprintf("%s lies in the state folder, where the next backup would take it along; give another place", o.File)}
	}
	store, err := openStore(ctx, state, o.DB)
	if err != nil {
		return m, err
	}
	defer store.Close()
	out, err := os.CreateTemp(filepath.Dir(o.File), ".holdfast-backup-*") // readable by its owner alone
	if err != nil {
		return m, fmt.Errorf("write the backup: %w", err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	work, err := os.MkdirTemp(state, ".backup-*")
	if err != nil {
		return m, fmt.Errorf("copy the database: %w", err)
	}
	defer os.RemoveAll(work)
	snapshot := filepath.Join(work, databaseFile)
	err = ledgerOf(state).Hold(ctx, func() error {
		if err := store.Snapshot(ctx, snapshot); err != nil {
			return err
		}
		files, err := kept(state, o.Advisories)
		if err != nil {
			return err
		}
		m, err = backup.Write(out, o.Version, now, append([]backup.File{{Name: databaseFile, Path: snapshot}}, files...))
		return err
	})
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return m, fmt.Errorf("write the backup %s: %w", o.File, err)
	}
	return m, os.Rename(out.Name(), o.File)
}

// inside tells whether a file would lie in a folder.
func inside(file, dir string) bool {
	at, err := filepath.Abs(file)
	root, err2 := filepath.Abs(dir)
	if err != nil || err2 != nil {
		return false
	}
	rel, err := filepath.Rel(root, at)
	return err == nil && filepath.IsLocal(rel)
}

// kept are the files of a state folder that go into a backup, in order.
func kept(state string, advisories bool) ([]backup.File, error) {
	var out []backup.File
	err := filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(state, path)
		if err != nil || rel == "." {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case left(name, advisories) && d.IsDir():
			return filepath.SkipDir
		case left(name, advisories) || !d.Type().IsRegular():
			return nil
		}
		out = append(out, backup.File{Name: name, Path: path})
		return nil
	})
	return out, err
}

// Restore takes a backup back as a state folder. The folder must be empty or not there; it is whole afterwards, or as
// it was.
func Restore(stateFlag, file string) (m BackupManifest, err error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return m, err
	}
	if state, err = filepath.Abs(state); err != nil {
		return m, err
	}
	entries, err := os.ReadDir(state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	if len(entries) > 0 {
		return m, &UsageError{fmt.Sprintf("%s holds something already; move it away first, or restore into another folder by --state DIR", state)}
	}
	in, err := os.Open(file)
	if err != nil {
		return m, &UsageError{fmt.Sprintf("read the backup: %v", err)}
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(state), 0o700); err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(filepath.Dir(state), ".holdfast-restore-*")
	if err != nil {
		return m, fmt.Errorf("restore into %s: %w", state, err)
	}
	defer os.RemoveAll(work)
	if m, err = backup.Extract(in, work); err != nil {
		return m, &UsageError{fmt.Sprintf("restore %s: %v; nothing was restored", file, err)}
	}
	if !slices.ContainsFunc(m.Files, func(f backup.Member) bool { return f.Name == databaseFile }) {
		return m, &UsageError{fmt.Sprintf("restore %s: it holds no database; nothing was restored", file)}
	}
	if err := os.Rename(work, state); err != nil { // over an empty folder, or none
		return m, fmt.Errorf("restore into %s: %w", state, err)
	}
	return m, nil
}
