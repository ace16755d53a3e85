package relational

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// taken is what is remembered of the last report of a scanner about a subject.
type taken struct {
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// Take keeps what another scanner reports, in one transaction. Digest names the content of the report: the same one
// again is taken as of the time at which it was taken first, so that it changes nothing. A report that is older than the last
// one of the same scanner about the same subject is refused with run.ErrHistory. It gives what happened; what was only
// seen again is among it.
func (s *Store) Take(ctx context.Context, r finding.Imported, digest string, stand Stand) ([]finding.Change, error) {
	var out []finding.Change
	err := s.transact(ctx, func(tx *sql.Tx) error {
		name := "import:" + r.Source + "@" + r.Subject
		var text string
		var last taken
		switch err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", name).Scan(&text); {
		case err == nil:
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				return fmt.Errorf("setting %s: %w", name, err)
			}
		case err != sql.ErrNoRows:
			return err
		}
		switch {
		case last.Digest == digest:
			r.At = last.At
		case r.At.Before(last.At):
			return fmt.Errorf("the last report of %s about %s was made at %s, after this one of %s: %w", r.Source, r.Subject, last.At.Format(time.RFC3339), r.At.UTC().Format(time.RFC3339), run.ErrHistory)
		}
		before, err := query(ctx, tx, "WHERE f.subject = ? AND f.check_id = ?", r.Subject, r.Check)
		if err != nil {
			return err
		}
		out = r.Follow(before)
		if err := putChanges(ctx, tx, r, before, out, stand); err != nil {
			return err
		}
		data, err := json.Marshal(taken{digest, r.At.UTC()})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, putSetting+" WHERE settings.value <> excluded.value", name, string(data))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record what %s reports of %s in %s: %w", r.Source, r.Subject, s.path, err)
	}
	return out, nil
}

// putChanges writes what is new, and an event for each happening.
func putChanges(ctx context.Context, tx *sql.Tx, r finding.Imported, before []finding.Finding, changes []finding.Change, stand Stand) error {
	put, err := newFiling(ctx, tx)
	if err != nil {
		return err
	}
	defer put.close()
	written := map[string][]byte{}
	for _, f := range before {
		if written[f.ID], err = json.Marshal(f); err != nil {
			return err
		}
	}
	for i := range changes {
		c := &changes[i]
		if stand != nil {
			c.Standing = stand(c.Finding)
		}
		data, err := json.Marshal(c.Finding)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, written[c.ID]) {
			written[c.ID] = data
			if err := put.finding(ctx, c.Finding); err != nil {
				return err
			}
		}
		if c.Happened == finding.Still {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO finding_events (finding, at, run, happened, reason) VALUES (?, ?, ?, ?, ?)",
			c.ID, stamp(r.Now), r.Run, string(c.Happened), c.Reason); err != nil {
			return err
		}
	}
	return nil
}

// LatestOf gives the newest observation of a kind on one subject that has a fact, all its places; none when there is none.
func (s *Store) LatestOf(ctx context.Context, subject, kind string, decode func(kind string, data []byte) (fact.Fact, error)) ([]fact.Observation, error) {
	out, err := s.observations(ctx, kind, decode, `SELECT o.subject, o.place, o.digest, o.problem, o.observed_at, o.collector, f.data
		FROM observations o JOIN facts f ON f.digest = o.digest
		WHERE o.subject = ?1 AND o.kind = ?2 AND o.run = (
			SELECT run FROM observations WHERE subject = ?1 AND kind = ?2 AND digest IS NOT NULL ORDER BY observed_at DESC LIMIT 1)
		ORDER BY o.place`, subject, kind)
	if err != nil {
		return nil, fmt.Errorf("read what was last seen of %s from %s: %w", subject, s.path, err)
	}
	return out, nil
}
