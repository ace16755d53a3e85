package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/run"
)

// LastSeen tells when something was seen of a subject last; the zero time: never.
func (s *Store) LastSeen(ctx context.Context, subject string) (time.Time, error) {
	return s.SeenBefore(ctx, subject, endOfTime)
}

// endOfTime is after everything.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// SeenBefore gives when a subject was seen last before a time; the zero time: never.
func (s *Store) SeenBefore(ctx context.Context, subject string, before time.Time) (time.Time, error) {
	var last sql.NullString
	if err := s.db.QueryRowContext(ctx, "SELECT max(observed_at) FROM observations WHERE subject = ? AND digest IS NOT NULL AND observed_at < ?", subject, stamp(before)).Scan(&last); err != nil {
		return time.Time{}, fmt.Errorf("read when %s was seen from %s: %w", subject, s.path, err)
	}
	if !last.Valid {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, last.String)
}

// SubjectOf gives what was seen last by a collector; run.ErrNone: nothing was.
func (s *Store) SubjectOf(ctx context.Context, collector string) (string, error) {
	var subject string
	err := s.db.QueryRowContext(ctx, "SELECT subject FROM observations WHERE collector = ? ORDER BY observed_at DESC LIMIT 1", collector).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) {
		return "", run.ErrNone
	}
	return subject, err
}

// Runs gives the newest runs, at most limit.
func (s *Store) Runs(ctx context.Context, limit int) ([]run.Run, error) {
	return s.runs(ctx, "ORDER BY id DESC LIMIT ?", limit)
}

// RunsBetween gives the runs that ended from one time on and before another, the first first.
func (s *Store) RunsBetween(ctx context.Context, from, until time.Time) ([]run.Run, error) {
	return s.runs(ctx, "WHERE finished_at >= ? AND finished_at < ? ORDER BY finished_at, id", stamp(from), stamp(until))
}

// SeenFact is a fact, or why there is none, as one run saw it.
type SeenFact struct {
	Subject string `json:"subject"`
	Kind    string `json:"kind"`
	Place   string `json:"place,omitempty"`
	Digest  string `json:"sha256,omitempty"`
	Problem string `json:"problem,omitempty"` // JSON
	At      string `json:"at"`
}

// SeenIn gives what a run saw, by digests.
func (s *Store) SeenIn(ctx context.Context, id string) ([]SeenFact, error) {
	out, err := gather(ctx, s.db, "SELECT subject, kind, place, coalesce(digest, ''), coalesce(problem, ''), observed_at FROM observations WHERE run = ? ORDER BY subject, kind, place", []any{id}, func(scan scan) (f SeenFact, err error) {
		err = scan(&f.Subject, &f.Kind, &f.Place, &f.Digest, &f.Problem, &f.At)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("read run %s from %s: %w", id, s.path, err)
	}
	return out, nil
}

func (s *Store) runs(ctx context.Context, end string, args ...any) ([]run.Run, error) {
	out, err := gather(ctx, s.db, "SELECT id, started_at, finished_at, version, estate_digest, targets FROM runs "+end, args, func(scan scan) (r run.Run, err error) {
		var targets string
		if err := scan(&r.ID, moment{&r.Started}, moment{&r.Finished}, &r.Version, &r.EstateDigest, &targets); err != nil {
			return r, err
		}
		err = json.Unmarshal([]byte(targets), &r.Targets)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read runs from %s: %w", s.path, err)
	}
	return out, nil
}
