package relational

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

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

// Newest is when something was newest of one kind of a subject.
type Newest struct {
	Subject, Kind string // name/version
	At            time.Time
}

// NewestUntil gives when each kind of each subject was newest at a time, seen or not, in the order of kinds and subjects.
func (s *Store) NewestUntil(ctx context.Context, at time.Time) ([]Newest, error) {
	out, err := gather(ctx, s.db, "SELECT subject, kind, max(observed_at) FROM observations WHERE observed_at <= ? GROUP BY kind, subject ORDER BY kind, subject", []any{stamp(at)}, func(scan scan) (n Newest, err error) {
		err = scan(&n.Subject, &n.Kind, moment{&n.At})
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was seen until %s from %s: %w", at.Format(time.RFC3339), s.path, err)
	}
	return out, nil
}

// ObservationsOf gives what was observed then, of all of one kind, in their order.
func (s *Store) ObservationsOf(ctx context.Context, all []Newest, decode func(kind string, data []byte) (fact.Fact, error)) ([]fact.Observation, error) {
	parts := make([][]fact.Observation, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, n := range all {
		g.Go(func() (err error) {
			parts[i], err = s.observations(ctx, n.Kind, decode, `SELECT o.subject, o.place, o.digest, o.problem, o.observed_at, o.collector, f.data
				FROM observations o LEFT JOIN facts f ON f.digest = o.digest
				WHERE o.subject = ?1 AND o.kind = ?2 AND o.run = (SELECT run FROM observations WHERE subject = ?1 AND kind = ?2 AND observed_at = ?3 ORDER BY run LIMIT 1)
				ORDER BY o.place`, n.Subject, n.Kind, stamp(n.At))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("read what was seen from %s: %w", s.path, err)
	}
	return slices.Concat(parts...), nil
}
