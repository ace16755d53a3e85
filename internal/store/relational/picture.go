package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/run"
)

// Judged keeps what checks came to on subjects at a time, each in place of what the same check came to before. What was
// judged later already stays.
func (s *Store) Judged(ctx context.Context, at time.Time, marks map[string][]picture.Mark) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		read, err := tx.PrepareContext(ctx, "SELECT at, data FROM verdicts WHERE subject = ?")
		if err != nil {
			return err
		}
		defer read.Close()
		put, err := tx.PrepareContext(ctx, "INSERT INTO verdicts (subject, seq, at, data) VALUES (?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq, at = excluded.at, data = excluded.data")
		if err != nil {
			return err
		}
		defer put.Close()
		var seq int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) + 1 FROM verdicts").Scan(&seq); err != nil {
			return err
		}
		for name, now := range marks {
			before := picture.Subject{Name: name}
			switch err := s.scanPicture(&before, read.QueryRowContext(ctx, name).Scan); {
			case errors.Is(err, sql.ErrNoRows):
			case err != nil:
				return err
			case before.At.After(at):
				continue
			}
			data, err := json.Marshal(before.Judged(at, now).Marks)
			if err != nil {
				return err
			}
			if _, err := put.ExecContext(ctx, name, seq, stamp(at), s.enc.EncodeAll(data, nil)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep verdicts in %s: %w", s.path, err)
	}
	return nil
}

// Pictured gives the subjects that were judged after a place in the order of judging, and the place of the last; 0: all.
func (s *Store) Pictured(ctx context.Context, after int64, row func(picture.Subject)) (last int64, err error) {
	last = after
	err = each(ctx, s.db, "SELECT seq, subject, at, data FROM verdicts WHERE seq > ?", []any{after}, func(scan scan) error {
		var x picture.Subject
		var seq int64
		if err := s.scanPicture(&x, func(to ...any) error { return scan(append([]any{&seq, &x.Name}, to...)...) }); err != nil {
			return err
		}
		last = max(last, seq)
		row(x)
		return nil
	})
	if err != nil {
		return after, fmt.Errorf("read verdicts from %s: %w", s.path, err)
	}
	return last, nil
}

// PictureOf gives one subject; run.ErrNone: it was never judged.
func (s *Store) PictureOf(ctx context.Context, name string) (picture.Subject, error) {
	x := picture.Subject{Name: name}
	err := s.scanPicture(&x, s.db.QueryRowContext(ctx, "SELECT at, data FROM verdicts WHERE subject = ?", name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return picture.Subject{}, fmt.Errorf("verdicts of %s: %w", name, run.ErrNone)
	}
	if err != nil {
		return picture.Subject{}, fmt.Errorf("read verdicts of %s from %s: %w", name, s.path, err)
	}
	return x, nil
}

// scanPicture reads time and marks.
func (s *Store) scanPicture(x *picture.Subject, scan func(...any) error) error {
	var at string
	var data []byte
	if err := scan(&at, &data); err != nil {
		return err
	}
	plain, err := s.dec.DecodeAll(data, nil)
	if err != nil {
		return err
	}
	if x.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return err
	}
	return json.Unmarshal(plain, &x.Marks)
}

// PutDay keeps how everything stands on a day, in place of what was kept of it before.
func (s *Store) PutDay(ctx context.Context, day string, data any) error {
	text, err := json.Marshal(data)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "INSERT INTO days (day, data) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET data = excluded.data", day, string(text))
	}
	if err != nil {
		return fmt.Errorf("keep the day %s in %s: %w", day, s.path, err)
	}
	return nil
}

// Days gives the days from one on, the first first, each as JSON.
func (s *Store) Days(ctx context.Context, from string, row func(day string, data []byte) error) error {
	err := each(ctx, s.db, "SELECT day, data FROM days WHERE day >= ? ORDER BY day", []any{from}, func(scan scan) error {
		var day, data string
		if err := scan(&day, &data); err != nil {
			return err
		}
		if err := row(day, []byte(data)); err != nil {
			return fmt.Errorf("%s: %w", day, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read days from %s: %w", s.path, err)
	}
	return nil
}

// visitTime is how long somebody stays away before they come anew.
const visitTime = time.Hour

// Visit notes that somebody looks, and gives when they looked last before this visit; the zero time: never.
func (s *Store) Visit(ctx context.Context, person string, now time.Time) (before time.Time, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var seen, last string
		err := tx.QueryRowContext(ctx, "SELECT seen, before FROM visits WHERE person = ?", person).Scan(&seen, &last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if seen != "" {
			at, err := time.Parse(time.RFC3339Nano, seen)
			if err != nil {
				return err
			}
			if now.Sub(at) >= visitTime {
				last = seen
			}
		}
		if last != "" {
			if before, err = time.Parse(time.RFC3339Nano, last); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO visits (person, seen, before) VALUES (?, ?, ?) ON CONFLICT (person) DO UPDATE SET seen = excluded.seen, before = excluded.before", person, stamp(now), last)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("note the visit of %s in %s: %w", person, s.path, err)
	}
	return before, nil
}

// Stamp changes whenever something was judged, decided or recorded.
func (s *Store) Stamp(ctx context.Context) (string, error) {
	var out string
	err := s.db.QueryRowContext(ctx, `SELECT coalesce((SELECT max(seq) FROM verdicts), 0) || ' ' || coalesce((SELECT max(id) FROM runs), '') || ' ' ||
		coalesce((SELECT max(seq) FROM decisions), 0) || ' ' || coalesce((SELECT value FROM settings WHERE name = 'standing-for'), '')`).Scan(&out)
	if err != nil {
		return "", fmt.Errorf("read what was recorded last from %s: %w", s.path, err)
	}
	return out, nil
}
