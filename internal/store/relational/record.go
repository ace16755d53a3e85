package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// Record keeps a run with its observations, and what its outcomes do to findings, in one
// transaction. It gives the findings that the run touched, by id. A run that looked at a subject
// earlier than what is already recorded of it is refused with run.ErrHistory, one of a report that was recorded already with
// run.ErrTwice. Stand gives the standing of each; nil
// leaves it as it is. Carried is what the subjects were seen to carry.
func (s *Store) Record(ctx context.Context, r run.Run, obs []fact.Observation, outcomes []check.Outcome, stand Stand, carried ...Carried) (map[string]finding.Finding, error) {
	touched := map[string]finding.Finding{}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := refuseHistory(ctx, tx, obs); err != nil {
			return err
		}
		if err := putReports(ctx, tx, r.Reports); err != nil {
			return err
		}
		if err := s.putRun(ctx, tx, r); err != nil {
			return err
		}
		if err := s.putObservations(ctx, tx, r, obs); err != nil {
			return err
		}
		if err := putCarried(ctx, tx, carried); err != nil {
			return err
		}
		return follow(ctx, tx, r, outcomes, stand, touched)
	})
	if err != nil {
		return nil, fmt.Errorf("record run in %s: %w", s.path, err)
	}
	return touched, nil
}

// refuseHistory refuses what was seen before something that is recorded already. That nothing could be seen later on is no
// obstacle: an agent that was silent delivers what it saw meanwhile.
func refuseHistory(ctx context.Context, tx *sql.Tx, obs []fact.Observation) error {
	seen := map[string]bool{}
	for _, o := range obs {
		if seen[o.Subject] {
			continue
		}
		seen[o.Subject] = true
		var last sql.NullString
		if err := tx.QueryRowContext(ctx, "SELECT max(observed_at) FROM observations WHERE subject = ? AND digest IS NOT NULL", o.Subject).Scan(&last); err != nil {
			return err
		}
		if last.Valid && stamp(o.ObservedAt) < last.String {
			return fmt.Errorf("%s was last seen at %s, after %s: %w", o.Subject, last.String, o.ObservedAt.UTC().Format(time.RFC3339), run.ErrHistory)
		}
	}
	return nil
}

func (s *Store) putRun(ctx context.Context, tx *sql.Tx, r run.Run) error {
	targets, err := json.Marshal(r.Targets)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO runs (id, started_at, finished_at, version, estate_digest, targets) VALUES (?, ?, ?, ?, ?, ?)",
		r.ID, stamp(r.Started), stamp(r.Finished), r.Version, r.EstateDigest, string(targets))
	return err
}

func (s *Store) putObservations(ctx context.Context, tx *sql.Tx, r run.Run, obs []fact.Observation) error {
	putFact, err := tx.PrepareContext(ctx, "INSERT INTO facts (digest, kind, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
	if err != nil {
		return err
	}
	defer putFact.Close()
	putObservation, err := tx.PrepareContext(ctx, "INSERT INTO observations (run, subject, kind, place, digest, problem, observed_at, collector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer putObservation.Close()
	for _, o := range obs {
		var digest, problem any
		if o.Fact != nil {
			data, err := fact.Canonical(o.Fact)
			if err != nil {
				return err
			}
			digest = o.Digest
			if _, err := putFact.ExecContext(ctx, o.Digest, o.Kind.String(), s.enc.EncodeAll(data, nil)); err != nil {
				return err
			}
		} else {
			text, err := json.Marshal(o.Problem)
			if err != nil {
				return err
			}
			problem = string(text)
		}
		if _, err := putObservation.ExecContext(ctx,
			r.ID, o.Subject, o.Kind.String(), o.Place, digest, problem, stamp(o.ObservedAt), o.Collector); err != nil {
			return err
		}
	}
	return nil
}

// follow reads what is remembered of all judged subjects at once, lets package finding say what
// becomes of it, and writes that.
func follow(ctx context.Context, tx *sql.Tx, r run.Run, outcomes []check.Outcome, stand Stand, touched map[string]finding.Finding) error {
	known := map[finding.Place][]finding.Finding{}
	read := map[string]bool{}
	for _, o := range outcomes {
		subject := o.Observation.Subject
		if read[subject] {
			continue
		}
		read[subject] = true
		fs, err := query(ctx, tx, "WHERE f.subject = ?", subject)
		if err != nil {
			return err
		}
		for _, f := range fs {
			p := finding.Place{Check: f.Check, Kind: f.Kind, Subject: f.Subject}
			known[p] = append(known[p], f)
		}
	}
	put, err := newFiling(ctx, tx)
	if err != nil {
		return err
	}
	defer put.close()
	putEvent, err := tx.PrepareContext(ctx, "INSERT INTO finding_events (finding, at, run, happened, reason) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer putEvent.Close()
	looked := map[string]map[string]bool{} // by check, subjects that it could judge
	for _, o := range outcomes {
		if o.Verdict == check.Unknown || o.Verdict == check.Error {
			continue
		}
		if looked[o.Check.ID] == nil {
			looked[o.Check.ID] = map[string]bool{}
		}
		looked[o.Check.ID][o.Observation.Subject] = true
	}
	for _, o := range outcomes {
		for _, c := range finding.Follow(o, known[finding.PlaceOf(o)], r.ID, func(s string) bool { return looked[o.Check.ID][s] }) {
			if stand != nil {
				c.Standing = stand(c.Finding)
			}
			touched[c.ID] = c.Finding
			if err := put.finding(ctx, c.Finding); err != nil {
				return err
			}
			if c.Happened == finding.Still {
				continue
			}
			if _, err := putEvent.ExecContext(ctx,
				c.ID, stamp(o.Observation.ObservedAt), r.ID, string(c.Happened), c.Reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// stamp writes times so that they sort as texts.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }
