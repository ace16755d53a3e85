package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// copied are the tables in the order in which they can be filled.
var copied = []string{"runs", "facts", "findings", "finding_events", "hosts", "observations", "decisions", "vulnerability_names", "settings", "package_names", "package_versions",
	"package_carriers", "package_instances", "clocks", "standings", "passkeys", "agents", "invitations", "agent_reports", "events", "approvals", "baselines", "differences", "verdicts", "days", "visits", "tokens", "answers", "factors", "estates", "holds"}

// counted are the tables whose ids the database gives out itself, so that it must know the last.
var counted = []string{"package_names", "package_versions", "package_carriers", "clocks"}

// ErrFull means that a database holds something already.
var ErrFull = errors.New("it holds something already; copy into one that is new")

// TableCount is how many rows of a table were copied.
type TableCount struct {
	Table string `json:"table"`
	Rows  int    `json:"rows"`
}

// Copy fills an empty database with all that another holds, in one transaction: all of it is there afterwards, or nothing. The
// counts of both are compared before that is so. Progress is told after each table.
func (s *Store) Copy(ctx context.Context, from *Store, progress func(TableCount)) (out []TableCount, err error) {
	source, err := from.db.BeginTx(ctx, &sql.TxOptions{Isolation: from.snapshot, ReadOnly: !from.file()})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", from.path, err)
	}
	defer func() { err = errors.Join(err, source.Rollback()) }()
	err = s.transact(ctx, func(tx *sql.Tx) error {
		for _, table := range copied {
			n, err := count(ctx, tx, table)
			if err != nil {
				return err
			}
			if n > 0 && table != "settings" {
				return fmt.Errorf("%s has %d rows: %w", table, n, ErrFull)
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM settings"); err != nil {
			return err
		}
		for _, table := range copied {
			if err := copyTable(ctx, source, tx, table, from.order); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			had, err := count(ctx, source, table)
			if err != nil {
				return err
			}
			has, err := count(ctx, tx, table)
			if err != nil {
				return err
			}
			if had != has {
				return fmt.Errorf("table %s: %d rows were read and %d are there", table, had, has)
			}
			out = append(out, TableCount{table, has})
			if progress != nil {
				progress(TableCount{table, has})
			}
		}
		if s.file() {
			return nil
		}
		for _, table := range counted {
			if _, err := tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('"+table+"', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM "+table+"), false)"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("copy %s to %s: %w", from.path, s.path, err)
	}
	return out, nil
}

func count(ctx context.Context, tx *sql.Tx, table string) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n)
	return n, err
}

// copyTable reads a table row by row and writes each. The column that only says in which order rows were written stays behind.
func copyTable(ctx context.Context, source, tx *sql.Tx, table, order string) error {
	end := ""
	if table == "finding_events" {
		end = " ORDER BY " + order
	}
	rows, err := source.QueryContext(ctx, "SELECT * FROM "+table+end)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	skip := -1
	if table == "finding_events" {
		skip = slices.Index(columns, "seq")
	}
	names := slices.Clone(columns)
	if skip >= 0 {
		names = slices.Delete(names, skip, skip+1)
	}
	put, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+marks(len(names))+")")
	if err != nil {
		return err
	}
	defer put.Close()
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
		row := slices.Clone(values)
		if skip >= 0 {
			row = slices.Delete(row, skip, skip+1)
		}
		if _, err := put.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return rows.Err()
}
