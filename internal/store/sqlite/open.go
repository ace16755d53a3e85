// Package sqlite keeps runs, facts and findings in one SQLite file. A run is recorded in one
// transaction, before anything of it is reported: a process that is killed at any moment has lost
// nothing that it told. It judges nothing; what a finding becomes is said by package finding.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"; database/sql knows no other way
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer means that the database was written by a later version of Holdfast.
var ErrNewer = errors.New("the database was written by a newer version of Holdfast; use that version, or another --db")

// Store is an open database. Make it by Open; it may be used by many goroutines.
type Store struct {
	db   *sql.DB
	path string
	enc  *zstd.Encoder
	dec  *zstd.Decoder
}

// Open opens or makes the database file and brings it up to date. Several processes may have it
// open: writers wait for each other, for at most 20 seconds.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	// The file is made by us first: SQLite would make it readable by all.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	f.Close()
	q := url.Values{"_pragma": {"busy_timeout(20000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{db: db, path: path}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	s.enc, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	s.dec, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	return s, nil
}

// current is the number of the newest migration: they are numbered from 1 on, without a gap.
var current = func() int {
	all, _ := migrations.ReadDir("migrations")
	return len(all)
}()

func (s *Store) migrate(ctx context.Context) error {
	var version int
	// A database that is up to date costs one query; goose is only asked when there is work.
	err := s.db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1").Scan(&version)
	switch {
	case err == nil && version == current:
		return nil
	case err == nil && version > current:
		return ErrNewer
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, sub)
	if err != nil {
		return err
	}
	// Two first starts at once: the other one makes the same tables, and this one goes on where it ended.
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		if again := s.db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1").Scan(&version); again == nil && version == current {
			return nil
		}
		if wait > 5*time.Second {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Path is the file.
func (s *Store) Path() string { return s.path }

// Close closes the database.
func (s *Store) Close() error {
	s.dec.Close()
	return s.db.Close()
}

// widely runs f in one transaction that touches pages all over the database: with 64 MiB of them in memory in place of 2.
// They stay for the next one; to give them back costs more than to have them.
func (s *Store) widely(ctx context.Context, f func(*sql.Tx) error) error {
	if _, err := s.db.ExecContext(ctx, "PRAGMA cache_size = -65536"); err != nil {
		return err
	}
	return s.transact(ctx, f)
}

// transact runs f in one transaction that holds the write lock from its start.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
