package relational

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
)

// forgetAtOnce is how many runs are removed in one transaction: others write between two of them.
const forgetAtOnce = 100

// Forgotten is what was removed.
type Forgotten struct {
	Runs, Facts int
	Held        int // runs that would have been, but for a hold
}

// overdue are runs that ended before a time and that nobody needs: of every subject and kind in them something newer was seen.
const overdue = ` FROM runs r WHERE r.finished_at < ?1 AND NOT EXISTS (
	SELECT 1 FROM observations o WHERE o.run = r.id AND o.digest IS NOT NULL AND NOT EXISTS (
		SELECT 1 FROM observations l WHERE l.subject = o.subject AND l.kind = o.kind AND l.digest IS NOT NULL AND l.observed_at > o.observed_at AND l.run <> r.id))`

// held are those of them that a hold keeps.
const held = ` EXISTS (SELECT 1 FROM holds h WHERE h.released = '' AND (h.since = '' OR r.finished_at >= h.since) AND (h.until = '' OR r.finished_at < h.until)
	AND (h.subject = '' OR EXISTS (SELECT 1 FROM observations o WHERE o.run = r.id AND o.subject = h.subject)))`

// Forget removes runs that ended before a time, with what they saw, and facts that nothing refers to then. What was seen last of a
// subject stays however old it is, and so does what a hold keeps. Findings, decisions, days and events stay. The first
// removal is told of by an event, in its transaction; nothing to remove is no event.
func (s *Store) Forget(ctx context.Context, before time.Time, told func() event.Event) (out Forgotten, err error) {
	at := stamp(before)
	for first := true; ; first = false {
		n := 0
		err := s.transact(ctx, func(tx *sql.Tx) error {
			ids, err := texts(ctx, tx, "SELECT r.id"+overdue+" AND NOT"+held+" ORDER BY r.finished_at LIMIT ?2", at, forgetAtOnce)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			if first {
				if err := putEvents(ctx, tx, []event.Event{told()}); err != nil {
					return err
				}
			}
			for _, id := range ids {
				for _, text := range []string{"DELETE FROM observations WHERE run = ?", "DELETE FROM runs WHERE id = ?"} {
					if _, err := tx.ExecContext(ctx, text, id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return out, fmt.Errorf("remove history from %s: %w", s.path, err)
		}
		if out.Runs += n; n < forgetAtOnce {
			break
		}
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT count(*)"+overdue+" AND"+held, at).Scan(&out.Held); err != nil || out.Runs == 0 {
			return err
		}
		r, err := tx.ExecContext(ctx, "DELETE FROM facts WHERE digest IN (SELECT digest FROM facts EXCEPT SELECT digest FROM observations WHERE digest IS NOT NULL)")
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		out.Facts = int(n)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("remove facts from %s: %w", s.path, err)
	}
	return out, nil
}

func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x string
		if err := rows.Scan(&x); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// Hold places one, and gives it with its id.
func (s *Store) Hold(ctx context.Context, h run.Hold, told func(run.Hold) event.Event) (run.Hold, error) {
	var b [4]byte
	rand.Read(b[:])
	h.ID = fmt.Sprintf("H-%X", b)
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO holds (id, person, reason, subject, since, until, made, released) VALUES (?, ?, ?, ?, ?, ?, ?, '')",
			h.ID, h.By, h.Reason, h.Subject, perhaps(h.From), perhaps(h.Until), stamp(h.Made)); err != nil {
			return err
		}
		return putEvents(ctx, tx, []event.Event{told(h)})
	})
	if err != nil {
		return h, fmt.Errorf("place a hold in %s: %w", s.path, err)
	}
	return h, nil
}

// Release ends one. run.ErrNone: none of that id stands.
func (s *Store) Release(ctx context.Context, id string, now time.Time, told event.Event) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE holds SET released = ? WHERE id = ? AND released = ''", stamp(now), id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, run.ErrNone)
		}
		return putEvents(ctx, tx, []event.Event{told})
	})
	if err != nil && !errors.Is(err, run.ErrNone) {
		return fmt.Errorf("release hold %s in %s: %w", id, s.path, err)
	}
	return err
}

// Holds gives all of them, also those that were released, the first first.
func (s *Store) Holds(ctx context.Context) (out []run.Hold, err error) {
	err = func() error {
		rows, err := s.db.QueryContext(ctx, "SELECT id, person, reason, subject, since, until, made, released FROM holds ORDER BY made, id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var h run.Hold
			var times [4]string
			if err := rows.Scan(&h.ID, &h.By, &h.Reason, &h.Subject, &times[0], &times[1], &times[2], &times[3]); err != nil {
				return err
			}
			for i, to := range []*time.Time{&h.From, &h.Until, &h.Made, &h.Released} {
				if times[i] == "" {
					continue
				}
				if *to, err = time.Parse(time.RFC3339Nano, times[i]); err != nil {
					return err
				}
			}
			out = append(out, h)
		}
		return rows.Err()
	}()
	if err != nil {
		return nil, fmt.Errorf("read holds from %s: %w", s.path, err)
	}
	return out, nil
}

// perhaps is a time as it is kept; the zero time as nothing.
func perhaps(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}
