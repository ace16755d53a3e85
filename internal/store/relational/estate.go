package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
)

// KeptEstate is an estate that the control plane worked by.
type KeptEstate struct {
	Seq    int // from 1
	Digest string
	At     time.Time // when it was read first
	Data   []byte    // YAML, as estate.Show writes it
}

// errElse ends a transaction that somebody else was faster with.
var errElse = errors.New("it was done already")

// LastEstate gives the one that was read last; run.ErrNone: none was.
func (s *Store) LastEstate(ctx context.Context) (KeptEstate, error) {
	return s.oneEstate(ctx, "ORDER BY seq DESC LIMIT 1")
}

// EstateAt gives the one that was worked by at a time; run.ErrNone: none was kept by then.
func (s *Store) EstateAt(ctx context.Context, at time.Time) (KeptEstate, error) {
	return s.oneEstate(ctx, "WHERE at <= ? ORDER BY seq DESC LIMIT 1", stamp(at))
}

func (s *Store) oneEstate(ctx context.Context, which string, args ...any) (out KeptEstate, err error) {
	err = run.ErrNone
	if problem := s.estates(ctx, which, args, func(e KeptEstate) error { out, err = e, nil; return nil }); problem != nil {
		err = problem
	}
	return out, err
}

// Estates gives all of them, the first first.
func (s *Store) Estates(ctx context.Context, row func(KeptEstate) error) error {
	return s.estates(ctx, "ORDER BY seq", nil, row)
}

func (s *Store) estates(ctx context.Context, which string, args []any, row func(KeptEstate) error) error {
	err := each(ctx, s.db, "SELECT seq, digest, at, data FROM estates "+which, args, func(scan scan) (err error) {
		var e KeptEstate
		var data []byte
		if err := scan(&e.Seq, &e.Digest, moment{&e.At}, &data); err != nil {
			return err
		}
		if e.Data, err = s.dec.DecodeAll(data, nil); err != nil {
			return err
		}
		return row(e)
	})
	if err != nil {
		return fmt.Errorf("read estates from %s: %w", s.path, err)
	}
	return nil
}

// AddEstate keeps one that follows on e.Seq-1, with what tells of it. Of several that find the same the first one does.
func (s *Store) AddEstate(ctx context.Context, e KeptEstate, told event.Event) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var last int
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM estates").Scan(&last); err != nil {
			return err
		}
		if last != e.Seq-1 {
			return errElse
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO estates (seq, digest, at, data) VALUES (?, ?, ?, ?)", e.Seq, e.Digest, stamp(e.At), s.enc.EncodeAll(e.Data, nil)); err != nil {
			return err
		}
		return putEvents(ctx, tx, []event.Event{told})
	})
	if err != nil && !errors.Is(err, errElse) {
		return fmt.Errorf("keep the estate in %s: %w", s.path, err)
	}
	return nil
}

// Advance moves a setting on from one value to the next, with what tells of it; false: it is not at that value any more.
func (s *Store) Advance(ctx context.Context, setting, from, to string, told ...event.Event) (bool, error) {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var now string
		if err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", setting).Scan(&now); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if now != from {
			return errElse
		}
		if _, err := tx.ExecContext(ctx, putSetting, setting, to); err != nil {
			return err
		}
		return putEvents(ctx, tx, told)
	})
	if err != nil && !errors.Is(err, errElse) {
		return false, fmt.Errorf("keep setting %s in %s: %w", setting, s.path, err)
	}
	return err == nil, nil
}
