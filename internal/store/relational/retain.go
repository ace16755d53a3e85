package relational

import (
	"context"
	"crypto/rand"
	"database/sql"
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
			ids, err := gather(ctx, tx, "SELECT r.id"+overdue+" AND NOT"+held+" ORDER BY r.finished_at LIMIT ?2", []any{at, forgetAtOnce}, func(scan scan) (id string, err error) {
				err = scan(&id)
				return id, err
			})
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			if first {
				if err := putEvents(ctx, tx, []event.Event{told()}); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, putSetting, forgottenBefore, at); err != nil {
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
	return s.changeOne(ctx, "hold "+id, []event.Event{told}, "UPDATE holds SET released = ? WHERE id = ? AND released = ''", stamp(now), id)
}

// Holds gives all of them, also those that were released, the first first.
func (s *Store) Holds(ctx context.Context) ([]run.Hold, error) {
	out, err := gather(ctx, s.db, "SELECT id, person, reason, subject, since, until, made, released FROM holds ORDER BY made, id", nil, func(scan scan) (h run.Hold, err error) {
		err = scan(&h.ID, &h.By, &h.Reason, &h.Subject, moment{&h.From}, moment{&h.Until}, moment{&h.Made}, moment{&h.Released})
		return h, err
	})
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
