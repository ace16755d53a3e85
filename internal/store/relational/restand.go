package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/waiver"
)

// Stand gives the standing of a finding, from its subject, identification and ratings; from its id and detail only where
// decisions are about it. Of a clock that findings share it is asked without an id.
type Stand func(finding.Finding) finding.Standing

// Restand works out the standing of open findings anew: of those named, or of all when none is. It tells how many
// deadlines moved.
func (s *Store) Restand(ctx context.Context, ids []string, stand Stand) (moved int, err error) {
	write := s.transact
	if len(ids) == 0 {
		write = s.widely
	}
	err = write(ctx, func(tx *sql.Tx) (err error) {
		if len(ids) == 0 {
			if moved, err = restandClocks(ctx, tx, s.dialect, stand, many); err != nil {
				return err
			}
			if ids, err = coveredByDecisions(ctx, tx); err != nil {
				return err
			}
		}
		n, err := restandEach(ctx, tx, ids, stand)
		moved += n
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("work out deadlines anew in %s: %w", s.path, err)
	}
	return moved, nil
}

// coveredByDecisions are the findings that any decision is or was about.
func coveredByDecisions(ctx context.Context, tx *sql.Tx) (ids []string, err error) {
	entries, err := decisions(ctx, tx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, w := range waiver.Fold(entries) {
		for _, c := range w.Covers {
			if !seen[c.Finding] {
				seen[c.Finding] = true
				ids = append(ids, c.Finding)
			}
		}
	}
	return ids, nil
}

// restandEach works out findings one by one.
func restandEach(ctx context.Context, tx *sql.Tx, ids []string, stand Stand) (moved int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	put, err := newFiling(ctx, tx)
	if err != nil {
		return 0, err
	}
	defer put.close()
	for _, id := range ids {
		list, err := query(ctx, tx, "WHERE f.id = ?", id)
		if err != nil {
			return moved, err
		}
		for _, f := range list {
			before, err := json.Marshal(f.Standing)
			if err != nil {
				return moved, err
			}
			f.Standing = stand(f)
			after, err := json.Marshal(f.Standing)
			if err != nil {
				return moved, err
			}
			if string(before) == string(after) {
				continue
			}
			moved++
			if err := put.finding(ctx, f); err != nil {
				return moved, err
			}
		}
	}
	return moved, nil
}

// clockRow is a clock as it is kept.
type clockRow struct {
	id       int64
	of       finding.Finding // what of a finding its standing follows from
	standing string
}

// many is the number of changed clocks from which sorting all findings anew is cheaper than moving each.
const many = 20_000

// restandClocks works out all clocks. Where most of them change, the order of what to do next is made anew at the end:
// a place in it costs ten times what the number costs that it is sorted by.
func restandClocks(ctx context.Context, tx *sql.Tx, d dialect, stand Stand, many int) (moved int, err error) {
	if _, err := tx.ExecContext(ctx, "DELETE FROM clocks WHERE NOT EXISTS (SELECT 1 FROM standings WHERE clock = clocks.id)"); err != nil {
		return 0, err
	}
	setClock, err := tx.PrepareContext(ctx, "UPDATE clocks SET standing = ? WHERE id = ?")
	if err != nil {
		return 0, err
	}
	defer setClock.Close()
	setPlaces, err := tx.PrepareContext(ctx, "UPDATE standings SET due = ?1, internet = ?2 WHERE clock = ?3 AND decided = '' AND (due <> ?1 OR internet <> ?2)")
	if err != nil {
		return 0, err
	}
	defer setPlaces.Close()
	changed, unsorted := 0, []string(nil)
	for after := int64(0); ; {
		list, err := clocksAfter(ctx, tx, after, 5000)
		if err != nil {
			return moved, err
		}
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].id
		for _, c := range list {
			now := undecided(stand(c.of))
			text, err := json.Marshal(now)
			if err != nil {
				return moved, err
			}
			if string(text) == c.standing {
				continue
			}
			if changed++; changed == many {
				if unsorted, err = unsort(ctx, tx, d); err != nil {
					return moved, err
				}
			}
			if _, err := setClock.ExecContext(ctx, string(text), c.id); err != nil {
				return moved, err
			}
			r, err := setPlaces.ExecContext(ctx, due(now), number(now.Internet), c.id)
			if err != nil {
				return moved, err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return moved, err
			}
			moved += int(n)
		}
	}
	for _, again := range unsorted {
		if _, err := tx.ExecContext(ctx, again); err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// orders are the indexes that open findings are listed by.
var orders = []string{"standings_next", "standings_check", "standings_severity"}

// unsort drops the orders of what to do next, and gives the statements that make them again. PostgreSQL would keep all readers
// out meanwhile, and sorts as it goes.
func unsort(ctx context.Context, tx *sql.Tx, d dialect) (again []string, err error) {
	if !d.file() {
		return nil, nil
	}
	for _, name := range orders {
		var text string
		if err := tx.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", name).Scan(&text); err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, err
		}
		again = append(again, text)
	}
	return again, nil
}

func clocksAfter(ctx context.Context, tx *sql.Tx, after int64, n int) (out []clockRow, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, subject, identified, ratings, standing FROM clocks WHERE id > ? ORDER BY id LIMIT ?", after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c clockRow
		var identified, ratings string
		if err := rows.Scan(&c.id, &c.of.Subject, &identified, &ratings, &c.standing); err != nil {
			return nil, err
		}
		if c.of.Identified, err = time.Parse(time.RFC3339Nano, identified); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(ratings), &c.of.Ratings); err != nil {
			return nil, fmt.Errorf("ratings of clock %d: %w", c.id, err)
		}
		if c.standing != "" {
			if err := json.Unmarshal([]byte(c.standing), &c.of.Standing); err != nil {
				return nil, fmt.Errorf("standing of clock %d: %w", c.id, err)
			}
		}
		c.of.State, c.of.Severity = finding.Open, c.of.Ratings[len(c.of.Ratings)-1].Severity
		out = append(out, c)
	}
	return out, rows.Err()
}
