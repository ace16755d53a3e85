// Package relational keeps runs, facts and findings in one SQLite file or in PostgreSQL, by the same statements: what differs
// is in dialect.go. A run is recorded in one
// transaction, before anything of it is reported: a process that is killed at any moment has lost
// nothing that it told. It judges nothing; what a finding becomes is said by package finding.
package relational

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // the driver "sqlite"; database/sql knows no other way
)

//go:embed sqlite/*.sql postgres/*.sql
var migrations embed.FS

// ErrNewer means that the database was written by a later version of Holdfast.
var ErrNewer = errors.New("the database was written by a newer version of Holdfast; use that version, or another --db")

// Store is an open database. Make it by Open; it may be used by many goroutines.
type Store struct {
	db   *sql.DB
	path string // file, or address without a password
	dialect
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// Open opens or makes a SQLite file and brings it up to date. Several processes may have it
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
	return ready(ctx, &Store{db: db, path: path, dialect: inSQLite})
}

// ready brings an open database up to date.
func ready(ctx context.Context, s *Store) (*Store, error) {
	if err := s.migrate(ctx); err != nil {
		s.db.Close()
		return nil, fmt.Errorf("open database %s: %w", s.path, err)
	}
	s.enc, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	s.dec, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	return s, nil
}

func (s *Store) migrate(ctx context.Context) error {
	var version int
	// A database that is up to date costs one query; goose is only asked when there is work.
	err := s.db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version)
	switch {
	case err == nil && version == s.newest:
		return nil
	case err == nil && version > s.newest:
		return ErrNewer
	}
	p, err := s.provider()
	if err != nil {
		return err
	}
	// Two first starts at once: the other one makes the same tables, and this one goes on where it ended.
	var first error
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		if again := s.db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version); again == nil && version == s.newest {
			return nil
		}
		if first == nil {
			first = err // later ones only tell what this one left undone
		}
		if wait > 5*time.Second {
			return first
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
	if s.roomy != "" {
		if _, err := s.db.ExecContext(ctx, s.roomy); err != nil {
			return err
		}
	}
	return s.transact(ctx, f)
}

// transact runs f in one transaction that holds the write lock from its start.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if s.lock != "" {
		if _, err := tx.ExecContext(ctx, s.lock); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
