package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query gives findings with their standings, those that the end of a query chooses.
func query(ctx context.Context, q queryer, end string, args ...any) ([]finding.Finding, error) {
	return queryFrom(ctx, q, "findings f LEFT JOIN standings s ON s.finding = f.id LEFT JOIN clocks c ON c.id = s.clock "+end, nil, 0, args...)
}

// queryFrom gives findings, those that keep wants, until there are as many as the limit; 0: all.
func queryFrom(ctx context.Context, q queryer, from string, keep func(finding.Finding) bool, limit int, args ...any) ([]finding.Finding, error) {
	rows, err := q.QueryContext(ctx, "SELECT f.data, c.standing, s.decided FROM "+from, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []finding.Finding
	for (limit <= 0 || len(out) < limit) && rows.Next() {
		var data string
		var shared, decided sql.NullString
		if err := rows.Scan(&data, &shared, &decided); err != nil {
			return nil, err
		}
		f, err := unfiled(data, shared.String, decided.String)
		if err != nil {
			return nil, err
		}
		if keep == nil || keep(f) {
			out = append(out, f)
		}
	}
	return out, rows.Err()
}

// Findings gives all findings, open and closed, in no order.
func (s *Store) Findings(ctx context.Context) ([]finding.Finding, error) {
	out, err := query(ctx, s.db, "")
	if err != nil {
		return nil, fmt.Errorf("read findings from %s: %w", s.path, err)
	}
	return out, nil
}

// OpenOf gives the open findings of a subject, and how many are closed.
func (s *Store) OpenOf(ctx context.Context, subject string) (open []finding.Finding, closed int, err error) {
	if open, err = query(ctx, s.db, "WHERE f.subject = ? AND f.state = 'open' ORDER BY f.id", subject); err == nil {
		err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM findings WHERE subject = ? AND state = 'closed'", subject).Scan(&closed)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read findings of %s from %s: %w", subject, s.path, err)
	}
	return open, closed, nil
}

// Finding gives one finding with its history, oldest first; run.ErrNone when there is none.
func (s *Store) Finding(ctx context.Context, id string) (finding.Finding, []finding.Event, error) {
	fs, err := query(ctx, s.db, "WHERE f.id = ?", id)
	if err != nil {
		return finding.Finding{}, nil, fmt.Errorf("read finding %s from %s: %w", id, s.path, err)
	}
	if len(fs) == 0 {
		return finding.Finding{}, nil, fmt.Errorf("finding %s: %w", id, run.ErrNone)
	}
	events, err := s.events(ctx, "WHERE finding = ?", id)
	return fs[0], events, err
}

// Events gives the history of all findings, oldest first.
func (s *Store) Events(ctx context.Context) ([]finding.Event, error) { return s.events(ctx, "") }

func (s *Store) events(ctx context.Context, where string, args ...any) ([]finding.Event, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT finding, at, run, happened, reason FROM finding_events "+where+" ORDER BY at, "+s.order+"", args...)
	if err != nil {
		return nil, fmt.Errorf("read history from %s: %w", s.path, err)
	}
	defer rows.Close()
	var out []finding.Event
	for rows.Next() {
		var e finding.Event
		var at, happened string
		if err := rows.Scan(&e.Finding, &at, &e.Run, &happened, &e.Reason); err != nil {
			return nil, err
		}
		e.Happened = finding.Happened(happened)
		if e.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Run gives a run by its id, by the start of it, or "last"; run.ErrNone when there is none.
func (s *Store) Run(ctx context.Context, id string) (run.Run, error) {
	text, args := "WHERE id LIKE ? || '%' ORDER BY id LIMIT 2", []any{id}
	if id == "last" {
		text, args = "ORDER BY id DESC LIMIT 1", nil
	}
	found, err := s.runs(ctx, text, args...)
	switch {
	case err != nil:
		return run.Run{}, err
	case len(found) == 0:
		return run.Run{}, fmt.Errorf("run %s in %s: %w", id, s.path, run.ErrNone)
	case len(found) > 1:
		return run.Run{}, fmt.Errorf("run %s in %s: several runs begin so; give more of the id", id, s.path)
	}
	return found[0], nil
}

// Kinds gives the kinds of fact that a run asked for, as name/version, in order.
func (s *Store) Kinds(ctx context.Context, runID string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT kind FROM observations WHERE run = ? ORDER BY kind", runID)
	if err != nil {
		return nil, fmt.Errorf("read run %s from %s: %w", runID, s.path, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// Observations gives what a run saw of one kind: the first n subjects that come after one name, in
// order. Facts are decoded by decode, several at once; one that cannot be is a problem of its
// observation.
func (s *Store) Observations(ctx context.Context, runID, kind, after string, n int, decode func(kind string, data []byte) (fact.Fact, error)) ([]fact.Observation, error) {
	out, err := s.observations(ctx, kind, decode, `SELECT o.subject, o.place, o.digest, o.problem, o.observed_at, o.collector, f.data
		FROM (SELECT DISTINCT subject FROM observations WHERE run = ?1 AND kind = ?2 AND subject > ?3 ORDER BY subject LIMIT ?4) s
		JOIN observations o ON o.run = ?1 AND o.kind = ?2 AND o.subject = s.subject
		LEFT JOIN facts f ON f.digest = o.digest
		ORDER BY o.subject, o.place`, runID, kind, after, n)
	if err != nil {
		return nil, fmt.Errorf("read run %s from %s: %w", runID, s.path, err)
	}
	return out, nil
}

// Latest gives for every subject of a kind the newest observations at or before a time that have a fact, in order
// of the subjects.
func (s *Store) Latest(ctx context.Context, kind string, at time.Time, decode func(kind string, data []byte) (fact.Fact, error)) ([]fact.Observation, error) {
	out, err := s.observations(ctx, kind, decode, `SELECT o.subject, o.place, o.digest, o.problem, o.observed_at, o.collector, f.data
		FROM (SELECT DISTINCT subject FROM observations WHERE kind = ?1) s
		JOIN observations o ON o.subject = s.subject AND o.kind = ?1 AND o.digest IS NOT NULL AND o.run = (
			SELECT run FROM observations WHERE subject = s.subject AND kind = ?1 AND digest IS NOT NULL AND observed_at <= ?2
			ORDER BY observed_at DESC LIMIT 1)
		JOIN facts f ON f.digest = o.digest
		ORDER BY o.subject, o.place`, kind, stamp(at))
	if err != nil {
		return nil, fmt.Errorf("read what was last seen of %s from %s: %w", kind, s.path, err)
	}
	return out, nil
}

func (s *Store) observations(ctx context.Context, kind string, decode func(kind string, data []byte) (fact.Fact, error), text string, args ...any) ([]fact.Observation, error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*fact.Observation
	first := map[string]*fact.Observation{} // equal facts are decoded once
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for rows.Next() {
		var o fact.Observation
		var at string
		var digest, problem sql.NullString
		var data []byte
		if err := rows.Scan(&o.Subject, &o.Place, &digest, &problem, &at, &o.Collector, &data); err != nil {
			return nil, errors.Join(err, g.Wait())
		}
		var err1, err2, err3 error
		o.ObservedAt, err1 = time.Parse(time.RFC3339Nano, at)
		o.Kind, err2 = run.ParseKind(kind)
		o.Digest = digest.String
		if problem.Valid {
			o.Problem = &fact.Problem{}
			err3 = json.Unmarshal([]byte(problem.String), o.Problem)
		}
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, errors.Join(err, g.Wait())
		}
		out = append(out, &o)
		if problem.Valid {
			continue
		}
		if _, again := first[o.Digest]; again {
			continue
		}
		first[o.Digest] = &o
		g.Go(func() error { return s.unpack(data, kind, &o, decode) })
	}
	if err := errors.Join(rows.Err(), g.Wait()); err != nil {
		return nil, err
	}
	all := make([]fact.Observation, len(out))
	for i, o := range out {
		if f := first[o.Digest]; f != nil {
			o.Fact, o.Problem = f.Fact, f.Problem
		}
		all[i] = *o
	}
	return all, nil
}

func (s *Store) unpack(data []byte, kind string, o *fact.Observation, decode func(string, []byte) (fact.Fact, error)) error {
	plain, err := s.dec.DecodeAll(data, nil)
	if err != nil {
		return fmt.Errorf("fact %s in %s is damaged: %w", o.Digest, s.path, err)
	}
	if fact.Digest(plain) != o.Digest {
		return errors.New("fact " + o.Digest + " in " + s.path + " is damaged: its content has another digest")
	}
	if o.Fact, err = decode(kind, plain); err != nil {
		o.Fact = nil
		o.Problem = &fact.Problem{Cause: fact.NotParsable, Source: "recorded fact " + kind, Text: err.Error()}
	}
	return nil
}

// Collector gives through what a subject was last seen; run.ErrNone when it never was.
func (s *Store) Collector(ctx context.Context, subject string) (string, error) {
	var c string
	err := s.db.QueryRowContext(ctx, "SELECT collector FROM observations WHERE subject = ? ORDER BY observed_at DESC LIMIT 1", subject).Scan(&c)
	if errors.Is(err, sql.ErrNoRows) {
		err = run.ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("read how %s was seen from %s: %w", subject, s.path, err)
	}
	return c, nil
}
