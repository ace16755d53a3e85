package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// Next gives the open findings that no decision settles at a time and that keep wants, nil: all; what to do next first:
// the earliest deadline, then what is known to be exploited, likely to be, reached from the Internet, running, severe and
// old. It reads no further than to the limit; 0 means all.
func (s *Store) Next(ctx context.Context, now time.Time, limit int, keep func(finding.Finding) bool) ([]finding.Finding, error) {
	out, err := queryFrom(ctx, s.db, `standings s CROSS JOIN clocks c ON c.id = s.clock CROSS JOIN findings f ON f.id = s.finding WHERE s.settled_until < ?
		ORDER BY s.due, s.exploited DESC, s.epss DESC, s.internet DESC, s.running DESC, s.severity, s.identified, s.finding`, keep, limit, stamp(now))
	if err != nil {
		return nil, fmt.Errorf("read findings from %s: %w", s.path, err)
	}
	return out, nil
}

// Open counts the open findings at a time: those that are to be mended, and those that a decision settles. All of them are
// counted by pages, and only the few that are settled one by one.
func (s *Store) Open(ctx context.Context, now time.Time) (open, settled int, err error) {
	var all int
	err = s.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM standings), (SELECT count(*) FROM standings WHERE settled_until <> '' AND settled_until >= ?)", stamp(now)).Scan(&all, &settled)
	if err != nil {
		err = fmt.Errorf("count findings in %s: %w", s.path, err)
	}
	return all - settled, settled, err
}

// Overdue counts the open findings whose deadline is past, those that a decision settles excepted.
func (s *Store) Overdue(ctx context.Context, now time.Time) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM standings WHERE due < ?1 AND (settled_until = '' OR settled_until < ?1)", stamp(now)).Scan(&n)
	if err != nil {
		err = fmt.Errorf("count overdue findings in %s: %w", s.path, err)
	}
	return n, err
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

// putSetting keeps a value, in the place of the one before.
const putSetting = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

// Set keeps a value.
func (s *Store) Set(ctx context.Context, name, value string) error {
	if _, err := s.db.ExecContext(ctx, putSetting, name, value); err != nil {
		return fmt.Errorf("keep setting %s in %s: %w", name, s.path, err)
	}
	return nil
}

// Work is how many findings of one severity are to be mended by one time.
type Work struct {
	Severity check.Severity
	Due      time.Time // zero: no deadline
	N        int
}

// Work counts the open findings that no decision settles at a time, by subject.
func (s *Store) Work(ctx context.Context, now time.Time) (map[string][]Work, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT c.subject, s.severity, s.due, count(*) FROM standings s JOIN clocks c ON c.id = s.clock
		WHERE s.settled_until < ? GROUP BY c.subject, s.severity, s.due ORDER BY c.subject, s.due, s.severity`, stamp(now))
	if err != nil {
		return nil, fmt.Errorf("count findings in %s: %w", s.path, err)
	}
	defer rows.Close()
	out := map[string][]Work{}
	for rows.Next() {
		var subject, due string
		var rank int
		var w Work
		if err := rows.Scan(&subject, &rank, &due, &w.N); err != nil {
			return nil, err
		}
		w.Severity = severities[min(max(rank, 0), len(severities)-1)]
		if due != never {
			if w.Due, err = time.Parse(time.RFC3339Nano, due); err != nil {
				return nil, fmt.Errorf("count findings in %s: %w", s.path, err)
			}
		}
		out[subject] = append(out[subject], w)
	}
	return out, rows.Err()
}

// severities by their rank.
var severities = []check.Severity{check.Critical, check.High, check.Moderate, check.Low, check.Info}

// Settled is where findings are settled.
type Settled struct{ Subject, Check string }

// SettledAt counts the findings that a decision settles at a time, by subject and check.
func (s *Store) SettledAt(ctx context.Context, now time.Time) (map[Settled]int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT f.subject, f.check_id, count(*) FROM standings s JOIN findings f ON f.id = s.finding
		WHERE s.settled_until <> '' AND s.settled_until >= ? GROUP BY f.subject, f.check_id`, stamp(now))
	if err != nil {
		return nil, fmt.Errorf("read what is settled from %s: %w", s.path, err)
	}
	defer rows.Close()
	out := map[Settled]int{}
	for rows.Next() {
		var x Settled
		var n int
		if err := rows.Scan(&x.Subject, &x.Check, &n); err != nil {
			return nil, err
		}
		out[x] = n
	}
	return out, rows.Err()
}

// OpenIDs gives the ids of all findings that are open, in their order.
func (s *Store) OpenIDs(ctx context.Context, id func(string)) error {
	err := each(ctx, s.db, "SELECT finding FROM standings ORDER BY finding", nil, func(scan scan) error {
		var x string
		err := scan(&x)
		id(x)
		return err
	})
	if err != nil {
		return fmt.Errorf("read open findings from %s: %w", s.path, err)
	}
	return nil
}
