package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
)

// Passkeys gives all passkeys, by person and the day on which they were added.
func (s *Store) Passkeys(ctx context.Context) ([]access.Passkey, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, person, added, used, data FROM passkeys ORDER BY person, added, id")
	if err != nil {
		return nil, fmt.Errorf("read passkeys from %s: %w", s.path, err)
	}
	defer rows.Close()
	var out []access.Passkey
	for rows.Next() {
		var k access.Passkey
		var added, used, data string
		if err := rows.Scan(&k.ID, &k.Person, &added, &used, &data); err != nil {
			return nil, err
		}
		if k.Added, err = time.Parse(time.RFC3339Nano, added); err != nil {
			return nil, fmt.Errorf("read passkeys from %s: %w", s.path, err)
		}
		if used != "" {
			if k.Used, err = time.Parse(time.RFC3339Nano, used); err != nil {
				return nil, fmt.Errorf("read passkeys from %s: %w", s.path, err)
			}
		}
		k.Data = json.RawMessage(data)
		out = append(out, k)
	}
	return out, rows.Err()
}

// AddPasskey keeps a new passkey and what tells of it. One of that id must not be there: a credential belongs to one person.
func (s *Store) AddPasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	if err := s.changePasskey(ctx, e, "INSERT INTO passkeys (id, person, added, used, data) VALUES (?, ?, ?, '', ?)", k.ID, k.Person, k.Added.UTC().Format(time.RFC3339Nano), string(k.Data)); err != nil {
		return fmt.Errorf("keep a passkey of %s in %s: %w", k.Person, s.path, err)
	}
	return nil
}

// UsePasskey notes that a passkey was shown: when it was, and what the credential says of itself since.
func (s *Store) UsePasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	return s.changePasskey(ctx, e, "UPDATE passkeys SET used = ?, data = ? WHERE id = ?", k.Used.UTC().Format(time.RFC3339Nano), string(k.Data), k.ID)
}

// RemovePasskey takes a passkey away. run.ErrNone: there is none of that id.
func (s *Store) RemovePasskey(ctx context.Context, id string, e ...event.Event) error {
	return s.changePasskey(ctx, e, "DELETE FROM passkeys WHERE id = ?", id)
}

// changePasskey changes one passkey and keeps what tells of it, both or neither.
func (s *Store) changePasskey(ctx context.Context, e []event.Event, query string, args ...any) error {
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
		return fmt.Errorf("change a passkey in %s: %w", s.path, err)
	}
	return err
}
