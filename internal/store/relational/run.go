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
	var last sql.NullString
	if err := s.db.QueryRowContext(ctx, "SELECT max(observed_at) FROM observations WHERE subject = ? AND digest IS NOT NULL", subject).Scan(&last); err != nil {
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
func (s *Store) SeenIn(ctx context.Context, id string) (out []SeenFact, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT subject, kind, place, coalesce(digest, ''), coalesce(problem, ''), observed_at FROM observations WHERE run = ? ORDER BY subject, kind, place", id)
	if err != nil {
		return nil, fmt.Errorf("read run %s from %s: %w", id, s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var f SeenFact
		if err := rows.Scan(&f.Subject, &f.Kind, &f.Place, &f.Digest, &f.Problem, &f.At); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

func (s *Store) runs(ctx context.Context, end string, args ...any) ([]run.Run, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, started_at, finished_at, version, estate_digest, targets FROM runs "+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read runs from %s: %w", s.path, err)
	}
	defer rows.Close()
	var out []run.Run
	for rows.Next() {
		var r run.Run
		var started, finished, targets string
		if err := rows.Scan(&r.ID, &started, &finished, &r.Version, &r.EstateDigest, &targets); err != nil {
			return nil, err
		}
		var err2 error
		r.Started, err = time.Parse(time.RFC3339Nano, started)
		r.Finished, err2 = time.Parse(time.RFC3339Nano, finished)
		if err := errors.Join(err, err2, json.Unmarshal([]byte(targets), &r.Targets)); err != nil {
			return nil, fmt.Errorf("read runs from %s: %w", s.path, err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
