package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/access"
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

// AddPasskey keeps a new passkey. One of that id must not be there: a credential belongs to one person.
func (s *Store) AddPasskey(ctx context.Context, k access.Passkey) error {
	if _, err := s.db.ExecContext(ctx, "INSERT INTO passkeys (id, person, added, used, data) VALUES (?, ?, ?, '', ?)", k.ID, k.Person, k.Added.UTC().Format(time.RFC3339Nano), string(k.Data)); err != nil {
		return fmt.Errorf("keep a passkey of %s in %s: %w", k.Person, s.path, err)
	}
	return nil
}

// UsePasskey notes a log-in: when it was, and what the credential says of itself since.
func (s *Store) UsePasskey(ctx context.Context, k access.Passkey) error {
	return s.onePasskey(ctx, "UPDATE passkeys SET used = ?, data = ? WHERE id = ?", k.Used.UTC().Format(time.RFC3339Nano), string(k.Data), k.ID)
}

// RemovePasskey takes a passkey away. run.ErrNone: there is none of that id.
func (s *Store) RemovePasskey(ctx context.Context, id string) error {
	return s.onePasskey(ctx, "DELETE FROM passkeys WHERE id = ?", id)
}

func (s *Store) onePasskey(ctx context.Context, query string, args ...any) error {
	r, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("change a passkey in %s: %w", s.path, err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return run.ErrNone
	}
	return nil
}
