package relational

import (
	"context"
	"database/sql"
	"encoding/json"

	"holdfast.example/holdfast/internal/finding"
)

// never is the due time of what has no deadline: it sorts behind all others.
const never = "9999"

// filing writes findings. The record of an open one is written without its standing: that lies in its clock, which it
// shares, and in a row of its own that is small enough to be written a million times. A closed one keeps the last in its
// record.
type filing struct {
	record, clock, place, gone *sql.Stmt
	clocks                     map[string]int64 // that were written in this transaction, with their content
}

func newFiling(ctx context.Context, tx *sql.Tx) (*filing, error) {
	p := &filing{clocks: map[string]int64{}}
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&p.record, `INSERT INTO findings (id, check_id, kind, subject, state, data) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, data = excluded.data`},
		{&p.clock, `INSERT INTO clocks (subject, identified, ratings, standing) VALUES (?, ?, ?, ?)
			ON CONFLICT (subject, identified, ratings) DO UPDATE SET standing = excluded.standing RETURNING id`},
		{&p.place, `INSERT INTO standings (clock, finding, due, settled_until, exploited, epss, internet, running, severity, identified, decided, flaw, check_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (finding) DO UPDATE SET clock = excluded.clock, due = excluded.due, settled_until = excluded.settled_until, exploited = excluded.exploited, epss = excluded.epss,
				internet = excluded.internet, running = excluded.running, severity = excluded.severity, identified = excluded.identified, decided = excluded.decided, flaw = excluded.flaw
			WHERE (standings.clock, standings.due, standings.settled_until, standings.exploited, standings.epss, standings.internet, standings.running, standings.severity, standings.identified, standings.decided, standings.flaw) IS DISTINCT FROM
				(excluded.clock, excluded.due, excluded.settled_until, excluded.exploited, excluded.epss, excluded.internet, excluded.running, excluded.severity, excluded.identified, excluded.decided, excluded.flaw)`},
		{&p.gone, "DELETE FROM standings WHERE finding = ?"},
	} {
		var err error
		if *s.to, err = tx.PrepareContext(ctx, s.text); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *filing) close() {
	for _, s := range []*sql.Stmt{p.record, p.clock, p.place, p.gone} {
		if s != nil {
			s.Close()
		}
	}
}

// finding writes one with its place in what to do next.
func (p *filing) finding(ctx context.Context, f finding.Finding) error {
	standing := f.Standing
	if f.State == finding.Open {
		f.Standing = finding.Standing{}
	}
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if _, err := p.record.ExecContext(ctx, f.ID, f.Check, f.Kind, f.Subject, string(f.State), string(data)); err != nil {
		return err
	}
	if f.State != finding.Open {
		_, err := p.gone.ExecContext(ctx, f.ID)
		return err
	}
	clock, err := p.clockOf(ctx, f, standing)
	if err != nil {
		return err
	}
	settled, decided := "", ""
	if standing.SettledBy != "" {
		if settled = never; standing.Until != nil {
			settled = stamp(*standing.Until)
		}
	}
	if standing.SettledBy != "" || standing.Extended != "" {
		text, err := json.Marshal(standing)
		if err != nil {
			return err
		}
		decided = string(text)
	}
	epss, exploited, running := 0.0, false, false
	if t := f.Threat; t != nil {
		exploited, running = t.Exploited, t.Running
		if t.EPSS != nil {
			epss = *t.EPSS
		}
	}
	flaw := ""
	if f.Flaw != nil {
		flaw = f.Flaw.ID
	}
	_, err = p.place.ExecContext(ctx, clock, f.ID, due(standing), settled, number(exploited), epss, number(standing.Internet), number(running), f.Severity.Rank(), stamp(f.Identified), decided, flaw, f.Check)
	return err
}

// clockOf gives the number of the clock of a finding, whose standing is written there as it is without decisions.
func (p *filing) clockOf(ctx context.Context, f finding.Finding, standing finding.Standing) (id int64, err error) {
	if len(f.Ratings) == 0 { // written before severities were kept
		f.Ratings = []finding.Rating{{Since: f.Identified, Severity: f.Severity}}
	}
	ratings, err := json.Marshal(f.Ratings)
	if err != nil {
		return 0, err
	}
	shared, err := json.Marshal(undecided(standing))
	if err != nil {
		return 0, err
	}
	at := stamp(f.Identified)
	key := f.Subject + "\x00" + at + "\x00" + string(ratings) + "\x00" + string(shared)
	if id, ok := p.clocks[key]; ok {
		return id, nil
	}
	if len(p.clocks) > 10_000 {
		clear(p.clocks)
	}
	if err := p.clock.QueryRowContext(ctx, f.Subject, at, string(ratings), string(shared)).Scan(&id); err != nil {
		return 0, err
	}
	p.clocks[key] = id
	return id, nil
}

// undecided is a standing as it is without decisions.
func undecided(s finding.Standing) finding.Standing {
	s.Due, s.Extended, s.SettledBy, s.SettledAs, s.Until = s.FirstDue, "", "", "", nil
	return s
}

func due(s finding.Standing) string {
	if s.Due == nil {
		return never
	}
	return stamp(*s.Due)
}

// unfiled puts a finding together: its record, and its standing as it was decided, else as its clock has it.
func unfiled(data, shared, decided string) (f finding.Finding, err error) {
	if err = json.Unmarshal([]byte(data), &f); err != nil {
		return f, err
	}
	standing := decided
	if standing == "" {
		standing = shared
	}
	if standing == "" {
		return f, nil // closed, or written before there were clocks
	}
	f.Standing = finding.Standing{}
	err = json.Unmarshal([]byte(standing), &f.Standing)
	return f, err
}

// number is a truth as the tables hold it.
func number(is bool) int {
	if is {
		return 1
	}
	return 0
}
