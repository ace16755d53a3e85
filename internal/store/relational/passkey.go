package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// Passkeys gives all passkeys, by person and the day on which they were added.
func (s *Store) Passkeys(ctx context.Context) ([]access.Passkey, error) {
	out, err := gather(ctx, s.db, "SELECT id, person, added, used, data FROM passkeys ORDER BY person, added, id", nil, func(scan scan) (k access.Passkey, err error) {
		var data string
		err = scan(&k.ID, &k.Person, moment{&k.Added}, moment{&k.Used}, &data)
		k.Data = json.RawMessage(data)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("read passkeys from %s: %w", s.path, err)
	}
	return out, nil
}

// AddPasskey keeps a new passkey and what tells of it. One of that id must not be there: a credential belongs to one person.
func (s *Store) AddPasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	if err := s.changeOne(ctx, "a passkey", e, "INSERT INTO passkeys (id, person, added, used, data) VALUES (?, ?, ?, '', ?)", k.ID, k.Person, k.Added.UTC().Format(time.RFC3339Nano), string(k.Data)); err != nil {
		return fmt.Errorf("keep a passkey of %s in %s: %w", k.Person, s.path, err)
	}
	return nil
}

// UsePasskey notes that a passkey was shown: when it was, and what the credential says of itself since.
func (s *Store) UsePasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	return s.changeOne(ctx, "a passkey", e, "UPDATE passkeys SET used = ?, data = ? WHERE id = ?", k.Used.UTC().Format(time.RFC3339Nano), string(k.Data), k.ID)
}

// RemovePasskey takes a passkey away. run.ErrNone: there is none of that id.
func (s *Store) RemovePasskey(ctx context.Context, id string, e ...event.Event) error {
	return s.changeOne(ctx, "a passkey", e, "DELETE FROM passkeys WHERE id = ?", id)
}
