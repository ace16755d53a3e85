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

const tokenColumns = "id, person, name, may, made, until, used, revoked"

// Tokens gives all tokens, by person and the day on which they were made.
func (s *Store) Tokens(ctx context.Context) ([]access.Token, error) {
	out, err := s.tokens(ctx, "ORDER BY person, made, id")
	if err != nil {
		return nil, fmt.Errorf("read tokens from %s: %w", s.path, err)
	}
	return out, nil
}

// Token gives the one of a digest; run.ErrNone: there is none.
func (s *Store) Token(ctx context.Context, digest string) (access.Token, error) {
	out, err := s.tokens(ctx, "WHERE digest = ?", digest)
	if err != nil {
		return access.Token{}, fmt.Errorf("read a token from %s: %w", s.path, err)
	}
	if len(out) == 0 {
		return access.Token{}, run.ErrNone
	}
	return out[0], nil
}

func (s *Store) tokens(ctx context.Context, end string, args ...any) ([]access.Token, error) {
	return gather(ctx, s.db, "SELECT "+tokenColumns+" FROM tokens "+end, args, func(scan scan) (t access.Token, err error) {
		var may string
		if err := scan(&t.ID, &t.Person, &t.Name, &may, moment{&t.Made}, moment{&t.Until}, moment{&t.Used}, moment{&t.Revoked}); err != nil {
			return t, err
		}
		err = json.Unmarshal([]byte(may), &t.Scope)
		return t, err
	})
}

// AddToken keeps a new token under the digest of its secret, and what tells of it.
func (s *Store) AddToken(ctx context.Context, t access.Token, digest string, e ...event.Event) error {
	may, err := json.Marshal(t.Scope)
	if err != nil {
		return err
	}
	return s.changeOne(ctx, "a token", e, "INSERT INTO tokens (digest, "+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, '', '')", digest, t.ID, t.Person, t.Name, string(may), stamp(t.Made), stamp(t.Until))
}

// UseToken notes when a token was used.
func (s *Store) UseToken(ctx context.Context, id string, at time.Time) error {
	return s.changeOne(ctx, "a token", nil, "UPDATE tokens SET used = ? WHERE id = ?", stamp(at), id)
}

// RevokeToken ends one, and keeps what tells of it. run.ErrNone: there is none of that id that still holds.
func (s *Store) RevokeToken(ctx context.Context, id string, at time.Time, e ...event.Event) error {
	return s.changeOne(ctx, "a token", e, "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = ''", stamp(at), id)
}

// Answer is what was answered to a write that carried a key.
type Answer struct {
	Asked  string // digest of what was asked
	Status int    // 0: it is being done, or whoever did it died
	Body   string
}

// answerTime is how long answers are kept.
const answerTime = 24 * time.Hour

// Begin notes that something is being done under a key of a person. Was tells what was noted under it before; nil: nothing,
// and it is to be done.
func (s *Store) Begin(ctx context.Context, person, key, asked string, now time.Time) (was *Answer, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM answers WHERE at < ?", stamp(now.Add(-answerTime))); err != nil {
			return err
		}
		var a Answer
		err := tx.QueryRowContext(ctx, "SELECT asked, status, body FROM answers WHERE person = ? AND key = ?", person, key).Scan(&a.Asked, &a.Status, &a.Body)
		if err == nil {
			was = &a
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO answers (person, key, asked, at, status, body) VALUES (?, ?, ?, ?, 0, '')", person, key, asked, stamp(now))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("note what is asked in %s: %w", s.path, err)
	}
	return was, nil
}

// Answered keeps the answer to what Begin noted; status 0 forgets it, so that it can be asked again.
func (s *Store) Answered(ctx context.Context, person, key string, a Answer) error {
	query, args := "UPDATE answers SET status = ?, body = ? WHERE person = ? AND key = ?", []any{a.Status, a.Body, person, key}
	if a.Status == 0 {
		query, args = "DELETE FROM answers WHERE person = ? AND key = ?", []any{person, key}
	}
	if _, err := s.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("keep what was answered in %s: %w", s.path, err)
	}
	return nil
}
