package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
)

// Factors gives what a person logs in by without a passkey; run.ErrNone: nothing.
func (s *Store) Factors(ctx context.Context, person string) (access.Factors, error) {
	f := access.Factors{Person: person}
	var data string
	err := s.db.QueryRowContext(ctx, "SELECT step, data FROM factors WHERE person = ?", person).Scan(&f.Step, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Factors{}, run.ErrNone
	}
	if err == nil {
		err = json.Unmarshal([]byte(data), &f)
	}
	if err != nil {
		return access.Factors{}, fmt.Errorf("read the factors of %s from %s: %w", person, s.path, err)
	}
	return f, nil
}

// SetFactors keeps those of a person in place of what they had, and what tells of it.
func (s *Store) SetFactors(ctx context.Context, f access.Factors, e ...event.Event) error {
	return s.changeFactors(ctx, f, e, "INSERT INTO factors (person, step, data) VALUES (?1, ?2, ?3) ON CONFLICT (person) DO UPDATE SET step = excluded.step, data = excluded.data")
}

// UseFactors notes that they were shown: with a code of a step later than that of any before, or a recovery code that is off the
// list now. run.ErrNone: somebody else was faster with the same.
func (s *Store) UseFactors(ctx context.Context, f, before access.Factors, e ...event.Event) error {
	data, err := json.Marshal(before)
	if err != nil {
		return err
	}
	return s.changeFactors(ctx, f, e, "UPDATE factors SET step = ?2, data = ?3 WHERE person = ?1 AND step = ?4 AND data = ?5", before.Step, string(data))
}

// RemoveFactors takes them away. run.ErrNone: there are none.
func (s *Store) RemoveFactors(ctx context.Context, person string, e ...event.Event) error {
	return s.changeOne(ctx, "the factors of "+person, e, "DELETE FROM factors WHERE person = ?", person)
}

func (s *Store) changeFactors(ctx context.Context, f access.Factors, e []event.Event, query string, more ...any) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return s.changeOne(ctx, "the factors of "+f.Person, e, query, append([]any{f.Person, f.Step, string(data)}, more...)...)
}
