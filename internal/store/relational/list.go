package relational

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
)

// subjectsAtOnce is how many subjects one query names.
const subjectsAtOnce = 500

// OpenOn counts the open findings of some subjects as Open does.
func (s *Store) OpenOn(ctx context.Context, now time.Time, subjects []string) (open, settled int, err error) {
	for len(subjects) > 0 {
		n := min(len(subjects), subjectsAtOnce)
		var all, off int
		if err := s.db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN s.settled_until <> '' AND s.settled_until >= ? THEN 1 ELSE 0 END), 0)
			FROM clocks c JOIN standings s ON s.clock = c.id WHERE c.subject IN (`+marks(n)+")", append([]any{stamp(now)}, anys(subjects[:n])...)...).Scan(&all, &off); err != nil {
			return 0, 0, fmt.Errorf("count findings in %s: %w", s.path, err)
		}
		open, settled, subjects = open+all-off, settled+off, subjects[n:]
	}
	return open, settled, nil
}

// Query says which open findings that no decision settles are listed. The zero Query is about all of them.
type Query struct {
	Subjects  []string       // nil: all
	Checks    []string       // nil: all
	Severity  check.Severity // empty: all
	DueBefore time.Time      // zero: all
	DueFrom   time.Time
	Flaw      string // empty: all
	Skip      int    // how many of the list are passed over
	After     string // finding after which the list goes on, in place of Skip; it must be there still
	Limit     int
}

// List gives findings, what to do next first.
func (s *Store) List(ctx context.Context, now time.Time, q Query) ([]finding.Finding, error) {
	parts := q.parts()
	if len(parts) == 1 {
		return s.list(ctx, now, parts[0])
	}
	var out []finding.Finding
	for _, part := range parts {
		found, err := s.list(ctx, now, part)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, finding.Next)
	out = out[min(q.Skip, len(out)):]
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}

// parts are queries that an index answers each, so that a list costs what is asked for and not what there is: some subjects
// together, or one check after the other.
func (q Query) parts() (out []Query) {
	part := q
	part.Skip = 0
	if part.Limit > 0 {
		part.Limit += q.Skip
	}
	switch {
	case len(q.Subjects) > subjectsAtOnce:
		for some := range slices.Chunk(q.Subjects, subjectsAtOnce) {
			part.Subjects = some
			out = append(out, part)
		}
		return out
	case q.Subjects == nil && len(q.Checks) > 1:
		for _, c := range q.Checks {
			part.Checks = []string{c}
			out = append(out, part)
		}
		return out
	}
	return []Query{q}
}

// nextFirst is the order of what to do next.
const nextFirst = "s.due, s.exploited DESC, s.epss DESC, s.internet DESC, s.running DESC, s.severity, s.identified, s.finding"

// list chooses among the small rows first, and reads the records of those that are listed alone.
func (s *Store) list(ctx context.Context, now time.Time, q Query) ([]finding.Finding, error) {
	var where []string
	var args []any
	and := func(text string, values ...any) { where, args = append(where, text), append(args, values...) }
	from := "standings s"
	switch {
	case q.Subjects != nil:
		from = "clocks c CROSS JOIN standings s ON s.clock = c.id" // from what is asked for: nothing else is as few
		and("c.subject IN ("+marks(len(q.Subjects))+")", anys(q.Subjects)...)
		if q.Flaw != "" {
			and("s.flaw = ?", q.Flaw)
		}
	case q.Flaw != "": // few have it: they are found by it, not met in the order of all
		from, args = "(SELECT * FROM standings WHERE flaw = ? AND flaw <> '' LIMIT 2147483647) s", append(args, q.Flaw)
	}
	and("s.settled_until < ?", stamp(now))
	if q.Checks != nil {
		and("s.check_id IN ("+marks(len(q.Checks))+")", anys(q.Checks)...)
	}
	if q.Severity != "" {
		and("s.severity = ?", q.Severity.Rank())
	}
	if !q.DueBefore.IsZero() {
		and("s.due < ?", stamp(q.DueBefore))
	}
	if !q.DueFrom.IsZero() {
		and("s.due >= ?", stamp(q.DueFrom))
	}
	if q.After != "" {
		// The order of the list as one that only rises, so that it can be compared as a whole.
		const key = "s.due, -s.exploited, -s.epss, -s.internet, -s.running, s.severity, s.identified, s.finding"
		and("s.due >= (SELECT s.due FROM standings s WHERE s.finding = ?) AND ("+key+") > (SELECT "+key+" FROM standings s WHERE s.finding = ?)", q.After, q.After)
	}
	limit := math.MaxInt32
	if q.Limit > 0 {
		limit = q.Limit
	}
	chosen := "(SELECT s.* FROM " + from + " WHERE " + strings.Join(where, " AND ") + " ORDER BY " + nextFirst + " LIMIT ? OFFSET ?) s"
	out, err := queryFrom(ctx, s.db, chosen+" CROSS JOIN clocks c ON c.id = s.clock CROSS JOIN findings f ON f.id = s.finding ORDER BY "+nextFirst, nil, 0, append(args, limit, q.Skip)...)
	if err != nil {
		return nil, fmt.Errorf("read findings from %s: %w", s.path, err)
	}
	return out, nil
}

func marks(n int) string {
	if n == 0 {
		return "NULL"
	}
	return "?" + strings.Repeat(", ?", n-1)
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
	}
	return out
}

// Flaw is a vulnerability with what is open of it.
type Flaw struct {
	ID        string
	Findings  int
	Systems   int
	Severity  check.Severity // the worst
	Due       time.Time      // the earliest; zero: no deadline
	Exploited bool
	EPSS      float64
	Running   bool
}

// Flaws gives the open vulnerabilities, the most urgent first, at most limit, and how many there are; of some subjects, nil:
// of all.
func (s *Store) Flaws(ctx context.Context, now time.Time, subjects []string, limit int) (out []Flaw, all int, err error) {
	where, args := "s.flaw <> '' AND s.settled_until < ?", []any{stamp(now)}
	if subjects != nil {
		where, args = where+" AND c.subject IN ("+marks(len(subjects))+")", append(args, anys(subjects)...)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT count(*) OVER (), s.flaw, count(*), count(DISTINCT c.subject), min(s.severity), min(s.due), max(s.exploited), max(s.epss), max(s.running)
		FROM standings s JOIN clocks c ON c.id = s.clock WHERE `+where+`
		GROUP BY s.flaw ORDER BY max(s.exploited) DESC, min(s.due), max(s.epss) DESC, min(s.severity), s.flaw LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, 0, fmt.Errorf("read vulnerabilities from %s: %w", s.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var f Flaw
		var rank int
		var due string
		if err := rows.Scan(&all, &f.ID, &f.Findings, &f.Systems, &rank, &due, &f.Exploited, &f.EPSS, &f.Running); err != nil {
			return nil, 0, err
		}
		f.Severity = severities[min(max(rank, 0), len(severities)-1)]
		if due != never {
			if f.Due, err = time.Parse(time.RFC3339Nano, due); err != nil {
				return nil, 0, fmt.Errorf("read vulnerabilities from %s: %w", s.path, err)
			}
		}
		out = append(out, f)
	}
	return out, all, rows.Err()
}

// Happening is how often one thing happened to the findings of a subject.
type Happening struct {
	Subject  string
	Happened finding.Happened
	N        int
}

// HappenedSince counts what opened, reopened and closed after a time.
func (s *Store) HappenedSince(ctx context.Context, after time.Time) ([]Happening, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT f.subject, e.happened, count(*) FROM finding_events e JOIN findings f ON f.id = e.finding
		WHERE e.at > ? AND e.happened IN ('opened', 'reopened', 'closed') GROUP BY f.subject, e.happened ORDER BY f.subject, e.happened`, stamp(after))
	if err != nil {
		return nil, fmt.Errorf("read history from %s: %w", s.path, err)
	}
	defer rows.Close()
	var out []Happening
	for rows.Next() {
		var h Happening
		var happened string
		if err := rows.Scan(&h.Subject, &happened, &h.N); err != nil {
			return nil, err
		}
		h.Happened = finding.Happened(happened)
		out = append(out, h)
	}
	return out, rows.Err()
}
