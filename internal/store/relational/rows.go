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

// scan reads the columns of one row.
type scan func(to ...any) error

// each hands every row of a query on, until one fails.
func each(ctx context.Context, q queryer, query string, args []any, row func(scan) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// gather gives what each row of a query is; nil: there is none.
func gather[T any](ctx context.Context, q queryer, query string, args []any, read func(scan) (T, error)) (out []T, err error) {
	err = each(ctx, q, query, args, func(s scan) error {
		x, err := read(s)
		if err == nil {
			out = append(out, x)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// moment is a time as a column holds it; an empty one is the zero time.
type moment struct{ to *time.Time }

// Scan implements sql.Scanner.
func (m moment) Scan(v any) (err error) {
	text, ok := v.(string)
	switch {
	case !ok:
		return fmt.Errorf("%T is no time", v)
	case text == "":
		*m.to = time.Time{}
		return nil
	}
	*m.to, err = time.Parse(time.RFC3339Nano, text)
	return err
}

// changeOne changes one row and keeps what tells of it, both or neither. run.ErrNone: there is none to change. What says what that is.
func (s *Store) changeOne(ctx context.Context, what string, e []event.Event, query string, args ...any) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return run.ErrNone
		}
		return putEvents(ctx, tx, e)
	})
	if err != nil && !errors.Is(err, run.ErrNone) {
		return fmt.Errorf("change %s in %s: %w", what, s.path, err)
	}
	return err
}
