package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"holdfast.example/holdfast/internal/event"
)

// Happened keeps events that tell of nothing else in the database.
func (s *Store) Happened(ctx context.Context, events ...event.Event) error {
	if err := s.transact(ctx, func(tx *sql.Tx) error { return putEvents(ctx, tx, events) }); err != nil {
		return fmt.Errorf("record an event in %s: %w", s.path, err)
	}
	return nil
}

func putEvents(ctx context.Context, tx *sql.Tx, events []event.Event) error {
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO events (seq, id, data) VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM events), ?, ?)", e.Metadata.UID, string(data)); err != nil {
			return err
		}
	}
	return nil
}

// KeptEvent is an event and its place.
type KeptEvent struct {
	Seq  int
	Data json.RawMessage
}

// EventsAfter gives events after a place, at most limit, oldest first.
func (s *Store) EventsAfter(ctx context.Context, seq, limit int) ([]KeptEvent, error) {
	out, err := gather(ctx, s.db, "SELECT seq, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?", []any{seq, limit}, func(scan scan) (e KeptEvent, err error) {
		var data string
		err = scan(&e.Seq, &data)
		e.Data = json.RawMessage(data)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read events from %s: %w", s.path, err)
	}
	return out, nil
}
