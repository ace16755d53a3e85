package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/finding"
)

// Stand gives the standing of a finding.
type Stand func(finding.Finding) finding.Standing

// never is the due time of what has no deadline: it sorts behind all others.
const never = "9999"

func preparePut(ctx context.Context, tx *sql.Tx) (*sql.Stmt, error) {
	return tx.PrepareContext(ctx, `INSERT INTO findings (id, check_id, kind, subject, state, data, due, settled_until, exploited, epss, internet, running, severity, identified)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, data = excluded.data, due = excluded.due, settled_until = excluded.settled_until, exploited = excluded.exploited,
			epss = excluded.epss, internet = excluded.internet, running = excluded.running, severity = excluded.severity, identified = excluded.identified`)
}

// putFinding writes a finding with the columns that it is sorted by.
func putFinding(ctx context.Context, put *sql.Stmt, f finding.Finding) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	due, settled, epss, exploited, running := never, "", 0.0, false, false
	if f.Due != nil {
		due = stamp(*f.Due)
	}
	if f.SettledBy != "" {
		if settled = never; f.Until != nil {
			settled = stamp(*f.Until)
		}
	}
	if t := f.Threat; t != nil {
		exploited, running = t.Exploited, t.Running
		if t.EPSS != nil {
			epss = *t.EPSS
		}
	}
	_, err = put.ExecContext(ctx, f.ID, f.Check, f.Kind, f.Subject, string(f.State), string(data), due, settled, exploited, epss, f.Internet, running, f.Severity.Rank(), stamp(f.Identified))
	return err
}

// Restand works out the standing of open findings anew: of those named, or of all when none is. It tells how many
// changed.
func (s *Store) Restand(ctx context.Context, ids []string, stand Stand) (changed int, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		put, err := preparePut(ctx, tx)
		if err != nil {
			return err
		}
		defer put.Close()
		if len(ids) > 0 {
			for _, id := range ids {
				list, err := query(ctx, tx, "SELECT data FROM findings WHERE id = ?", id)
				if err != nil {
					return err
				}
				n, err := restand(ctx, put, list, stand)
				if changed += n; err != nil {
					return err
				}
			}
			return nil
		}
		for after := ""; ; {
			list, err := query(ctx, tx, "SELECT data FROM findings WHERE id > ? AND state = 'open' ORDER BY id LIMIT 5000", after)
			if err != nil || len(list) == 0 {
				return err
			}
			n, err := restand(ctx, put, list, stand)
			if changed += n; err != nil {
				return err
			}
			after = list[len(list)-1].ID
		}
	})
	if err != nil {
		return 0, fmt.Errorf("work out deadlines anew in %s: %w", s.path, err)
	}
	return changed, nil
}

func restand(ctx context.Context, put *sql.Stmt, list []finding.Finding, stand Stand) (changed int, err error) {
	for _, f := range list {
		before, err := json.Marshal(f.Standing)
		if err != nil {
			return changed, err
		}
		f.Standing = stand(f)
		after, err := json.Marshal(f.Standing)
		if err != nil {
			return changed, err
		}
		if string(before) == string(after) {
			continue
		}
		changed++
		if err := putFinding(ctx, put, f); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// Next gives the open findings that no decision settles at a time, what to do next first: the earliest deadline, then
// what is known to be exploited, likely to be, reached from the Internet, running, severe and old. A limit of 0 means all.
func (s *Store) Next(ctx context.Context, now time.Time, limit int) ([]finding.Finding, error) {
	if limit <= 0 {
		limit = -1
	}
	out, err := query(ctx, s.db, `SELECT data FROM findings WHERE state = 'open' AND settled_until < ?
		ORDER BY due, exploited DESC, epss DESC, internet DESC, running DESC, severity, identified, id LIMIT ?`, stamp(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read findings from %s: %w", s.path, err)
	}
	return out, nil
}

// Open counts the open findings at a time: those that are to be mended, and those that a decision settles.
func (s *Store) Open(ctx context.Context, now time.Time) (open, settled int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE settled_until < ?1), count(*) FILTER (WHERE settled_until >= ?1) FROM findings WHERE state = 'open'", stamp(now)).Scan(&open, &settled)
	if err != nil {
		err = fmt.Errorf("count findings in %s: %w", s.path, err)
	}
	return open, settled, err
}

// Setting gives a value that Set kept; empty without one.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var out string
	err := s.db.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", name).Scan(&out)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read setting %s from %s: %w", name, s.path, err)
	}
	return out, nil
}

// Set keeps a value.
func (s *Store) Set(ctx context.Context, name, value string) error {
	if _, err := s.db.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value); err != nil {
		return fmt.Errorf("keep setting %s in %s: %w", name, s.path, err)
	}
	return nil
}
