package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Lease takes a task for one of several programs that share a database, or keeps it, until a time; false: another has it.
func (s *Store) Lease(ctx context.Context, task, holder string, now, until time.Time) (mine bool, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var held string
		err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", "lease:"+task).Scan(&held)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		end, by, _ := strings.Cut(held, " ")
		if mine = held == "" || by == holder || end < stamp(now); !mine {
			return nil
		}
		_, err = tx.ExecContext(ctx, putSetting, "lease:"+task, stamp(until)+" "+holder)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take %s in %s: %w", task, s.path, err)
	}
	return mine, nil
}

// Agree tells whether a program uses the same value under a name as the others that share the database; what the first of them used stands.
// Who used it alone may change it.
func (s *Store) Agree(ctx context.Context, name, program, value string) (agrees bool, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var held string
		err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", "shared:"+name).Scan(&held)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		of, by, _ := strings.Cut(held, " ")
		if agrees = held == "" || of == value || by == program; !agrees || of == value {
			return nil
		}
		_, err = tx.ExecContext(ctx, putSetting, "shared:"+name, value+" "+program)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("compare %s with what %s says: %w", name, s.path, err)
	}
	return agrees, nil
}

// Insist makes a value what the programs that share the database agree on.
func (s *Store) Insist(ctx context.Context, name, program, value string) error {
	return s.Set(ctx, "shared:"+name, value+" "+program)
}

// Announce says that a program is there for something, under a text.
func (s *Store) Announce(ctx context.Context, what, program, text string, now time.Time) error {
	return s.Set(ctx, "there:"+what+":"+program, stamp(now)+" "+text)
}

// Announced gives the texts of programs that said so since a time, in the order of their programs' names.
func (s *Store) Announced(ctx context.Context, what string, since time.Time) (out []string, err error) {
	prefix := "there:" + what + ":"
	err = each(ctx, s.db, "SELECT value FROM settings WHERE substr(name, 1, ?) = ? ORDER BY name", []any{len(prefix), prefix}, func(scan scan) error {
		var value string
		if err := scan(&value); err != nil {
			return err
		}
		if at, text, ok := strings.Cut(value, " "); ok && at >= stamp(since) {
			out = append(out, text)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read who is there for %s from %s: %w", what, s.path, err)
	}
	return out, nil
}
