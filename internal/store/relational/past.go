package relational

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// forgottenBefore is the setting that tells before what time runs are no longer kept.
const forgottenBefore = "forgotten-before"

// Begins tells from when on what was seen is known: the end of the first run, or before what time runs were removed; the zero time: there is
// no run.
func (s *Store) Begins(ctx context.Context) (at time.Time, removed bool, err error) {
	var first sql.NullString
	if err := s.db.QueryRowContext(ctx, "SELECT min(finished_at) FROM runs").Scan(&first); err != nil {
		return at, false, fmt.Errorf("read the first run from %s: %w", s.path, err)
	}
	since, err := s.Setting(ctx, forgottenBefore)
	if err != nil {
		return at, false, err
	}
	if removed = since > first.String; removed {
		first = sql.NullString{String: since, Valid: true}
	}
	if first.Valid {
		at, err = time.Parse(time.RFC3339Nano, first.String)
	}
	return at, removed, err
}

// KindsUntil gives the kinds of fact that were asked for until a time, as name/version, in order.
func (s *Store) KindsUntil(ctx context.Context, at time.Time) ([]string, error) {
	out, err := gather(ctx, s.db, "SELECT DISTINCT kind FROM observations WHERE observed_at <= ? ORDER BY kind", []any{stamp(at)}, func(scan scan) (k string, err error) {
		err = scan(&k)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was seen until %s from %s: %w", at.Format(time.RFC3339), s.path, err)
	}
	return out, nil
}

// ObservationsUntil gives what was the newest of one kind at a time, seen or not: the first n subjects that come after one name, in order.
func (s *Store) ObservationsUntil(ctx context.Context, at time.Time, kind, after string, n int, decode func(kind string, data []byte) (fact.Fact, error)) ([]fact.Observation, error) {
	out, err := s.observations(ctx, kind, decode, `SELECT o.subject, o.place, o.digest, o.problem, o.observed_at, o.collector, f.data
		FROM (SELECT DISTINCT subject FROM observations WHERE kind = ?1 AND subject > ?2 AND observed_at <= ?3 ORDER BY subject LIMIT ?4) s
		JOIN observations o ON o.subject = s.subject AND o.kind = ?1 AND o.run = (
			SELECT run FROM observations WHERE subject = s.subject AND kind = ?1 AND observed_at <= ?3 ORDER BY observed_at DESC LIMIT 1)
		LEFT JOIN facts f ON f.digest = o.digest
		ORDER BY o.subject, o.place`, kind, after, stamp(at), n)
	if err != nil {
		return nil, fmt.Errorf("read what was seen of %s until %s from %s: %w", kind, at.Format(time.RFC3339), s.path, err)
	}
	return out, nil
}
