package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/waiver"
)

// Decisions gives all entries about decisions, oldest first, as they were written: whether they are whole is told by
// waiver.Verify.
func (s *Store) Decisions(ctx context.Context) ([]waiver.Entry, error) {
	out, err := decisions(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("read decisions from %s: %w", s.path, err)
	}
	return out, nil
}

func decisions(ctx context.Context, q queryer) ([]waiver.Entry, error) {
	return gather(ctx, q, "SELECT seq, hash, data FROM decisions ORDER BY seq", nil, func(scan scan) (e waiver.Entry, err error) {
		var seq int
		var hash, data string
		if err := scan(&seq, &hash, &data); err != nil {
			return e, err
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return e, fmt.Errorf("decision entry %d: %w", seq, err)
		}
		e.Seq, e.Hash = seq, hash
		return e, nil
	})
}

// Decide adds an entry. What it is about is checked by decide under the lock of the writer, from the decisions that stand then: two
// who decide at once see each other.
func (s *Store) Decide(ctx context.Context, decide func(before []waiver.Entry) (waiver.Entry, error)) (waiver.Entry, error) {
	var sealed waiver.Entry
	err := s.transact(ctx, func(tx *sql.Tx) error {
		before, err := decisions(ctx, tx)
		if err != nil {
			return err
		}
		if err := waiver.Verify(before); err != nil {
			return err
		}
		e, err := decide(before)
		if err != nil {
			return err
		}
		var last *waiver.Entry
		if len(before) > 0 {
			last = &before[len(before)-1]
		}
		if last != nil && e.At.Before(last.At) {
			return fmt.Errorf("the last decision was recorded at %s, which is later than %s: %w", last.At.Format(time.RFC3339), e.At.UTC().Format(time.RFC3339), run.ErrHistory)
		}
		if sealed, err = e.Sealed(last); err != nil {
			return err
		}
		data, err := json.Marshal(sealed)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO decisions (seq, waiver, hash, data) VALUES (?, ?, ?, ?)", sealed.Seq, sealed.Waiver, sealed.Hash, string(data))
		return err
	})
	return sealed, err
}

// Tell adds a line to the history of a finding that a person tells.
func (s *Store) Tell(ctx context.Context, e finding.Event) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var state string
		if err := tx.QueryRowContext(ctx, "SELECT state FROM findings WHERE id = ?", e.Finding).Scan(&state); errors.Is(err, sql.ErrNoRows) {
			return run.ErrNone
		} else if err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO finding_events (finding, at, run, happened, reason) VALUES (?, ?, ?, ?, ?)", e.Finding, stamp(e.At), e.Run, string(e.Happened), e.Reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the history of %s in %s: %w", e.Finding, s.path, err)
	}
	return nil
}

// Names gives the names under which vulnerabilities are remembered, by each of their aliases.
func (s *Store) Names(ctx context.Context) (map[string]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT alias, name FROM vulnerability_names")
	if err != nil {
		return nil, fmt.Errorf("read names of vulnerabilities from %s: %w", s.path, err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var alias, name string
		if err := rows.Scan(&alias, &name); err != nil {
			return nil, err
		}
		out[alias] = name
	}
	return out, rows.Err()
}

// NamesOf gives of some names of vulnerabilities those under which they are remembered.
func (s *Store) NamesOf(ctx context.Context, aliases []string) (map[string]string, error) {
	out := map[string]string{}
	for _, alias := range aliases {
		var name string
		err := s.db.QueryRowContext(ctx, "SELECT name FROM vulnerability_names WHERE alias = ?", alias).Scan(&name)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("read names of vulnerabilities from %s: %w", s.path, err)
		}
		if err == nil {
			out[alias] = name
		}
	}
	return out, nil
}

// Remember keeps names of vulnerabilities by alias. What is remembered already stays.
func (s *Store) Remember(ctx context.Context, names map[string]string) error {
	if len(names) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, "INSERT INTO vulnerability_names (alias, name) VALUES (?, ?) ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		defer put.Close()
		for alias, name := range names {
			if _, err := put.ExecContext(ctx, alias, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remember names of vulnerabilities in %s: %w", s.path, err)
	}
	return nil
}
