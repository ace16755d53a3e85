package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
)

// Approvals gives all approvals of baselines, oldest first, as they were written: whether they are whole is told by drift.Verify.
func (s *Store) Approvals(ctx context.Context) ([]drift.Approval, error) {
	out, err := approvals(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("read approvals from %s: %w", s.path, err)
	}
	return out, nil
}

func approvals(ctx context.Context, q queryer) ([]drift.Approval, error) {
	return gather(ctx, q, "SELECT seq, hash, data FROM approvals ORDER BY seq", nil, func(scan scan) (a drift.Approval, err error) {
		var seq int
		var hash, data string
		if err := scan(&seq, &hash, &data); err != nil {
			return a, err
		}
		if err := json.Unmarshal([]byte(data), &a); err != nil {
			return a, fmt.Errorf("approval %d: %w", seq, err)
		}
		a.Seq, a.Hash = seq, hash
		return a, nil
	})
}

// Baselines gives what is approved of a subject, or of all when it is empty, in order, without its data.
func (s *Store) Baselines(ctx context.Context, subject string) ([]drift.Baseline, error) {
	out, err := baselines(ctx, s.db, subject)
	if err != nil {
		return nil, fmt.Errorf("read baselines from %s: %w", s.path, err)
	}
	return out, nil
}

func baselines(ctx context.Context, q queryer, subject string) ([]drift.Baseline, error) {
	return gather(ctx, q, `SELECT b.subject, b.kind, b.place, b.digest, b.fact, b.known, b.missing, a.data
		FROM baselines b JOIN approvals a ON a.seq = b.approval WHERE ?1 = '' OR b.subject = ?1 ORDER BY b.subject, b.kind, b.place`, []any{subject}, func(scan scan) (b drift.Baseline, err error) {
		var a drift.Approval
		var known, missing, approval string
		if err := scan(&b.Subject, &b.Kind, &b.Place, &b.Digest, &b.Fact, &known, &missing, &approval); err != nil {
			return b, err
		}
		if err := errors.Join(json.Unmarshal([]byte(known), &b.Known), json.Unmarshal([]byte(missing), &b.Missing), json.Unmarshal([]byte(approval), &a)); err != nil {
			return b, fmt.Errorf("%s of %s: %w", b.Kind, b.Subject, err)
		}
		b.By, b.At, b.Reason = a.Actor.Person, a.At, a.Reason
		return b, nil
	})
}

// Filled gives a baseline with its data.
func (s *Store) Filled(ctx context.Context, b drift.Baseline) (drift.Baseline, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, "SELECT data FROM baselines WHERE subject = ? AND kind = ? AND place = ?", b.Subject, b.Kind, b.Place).Scan(&data)
	if err == nil {
		b.Data, err = s.dec.DecodeAll(data, nil)
	}
	if err == nil && fact.Digest(b.Data) != b.Digest {
		err = errors.New("it is damaged: its content has another digest")
	}
	if err != nil {
		return b, fmt.Errorf("read the baseline of %s of %s from %s: %w", b.Kind, b.Subject, s.path, err)
	}
	return b, nil
}

// Approve adds an approval with the baselines that come of it, which take the place of those before. What they follow from is checked
// under the lock of the writer: one that changed meanwhile is refused.
func (s *Store) Approve(ctx context.Context, a drift.Approval, all []drift.Baseline) (drift.Approval, error) {
	var sealed drift.Approval
	err := s.transact(ctx, func(tx *sql.Tx) error {
		before, err := approvals(ctx, tx)
		if err != nil {
			return err
		}
		if err := drift.Verify(before); err != nil {
			return err
		}
		var last *drift.Approval
		if len(before) > 0 {
			last = &before[len(before)-1]
		}
		if last != nil && a.At.Before(last.At) {
			return fmt.Errorf("the last approval was recorded at %s, which is later than %s: %w", last.At.Format(time.RFC3339), a.At.UTC().Format(time.RFC3339), run.ErrHistory)
		}
		if sealed, err = a.Sealed(last); err != nil {
			return err
		}
		data, err := json.Marshal(sealed)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO approvals (seq, subject, hash, data) VALUES (?, ?, ?, ?)", sealed.Seq, sealed.Subject, sealed.Hash, string(data)); err != nil {
			return err
		}
		for i, b := range all {
			if err := s.putBaseline(ctx, tx, b, sealed.Seq, sealed.Covers[i].Before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return sealed, fmt.Errorf("approve a baseline of %s in %s: %w", a.Subject, s.path, err)
	}
	return sealed, nil
}

func (s *Store) putBaseline(ctx context.Context, tx *sql.Tx, b drift.Baseline, approval int, before string) error {
	var now string
	err := tx.QueryRowContext(ctx, "SELECT digest FROM baselines WHERE subject = ? AND kind = ? AND place = ?", b.Subject, b.Kind, b.Place).Scan(&now)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if now != before {
		return fmt.Errorf("somebody else approved %s at the same time; look again: holdfast drift show %s", b.Kind, b.Subject)
	}
	known, err1 := json.Marshal(append([]string{}, b.Known...))
	missing, err2 := json.Marshal(append([]string{}, b.Missing...))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO baselines (subject, kind, place, digest, fact, known, missing, approval, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (subject, kind, place) DO UPDATE SET digest = excluded.digest, fact = excluded.fact, known = excluded.known, missing = excluded.missing, approval = excluded.approval, data = excluded.data`,
		b.Subject, b.Kind, b.Place, b.Digest, b.Fact, string(known), string(missing), approval, s.enc.EncodeAll(b.Data, nil))
	return err
}

// Differences gives what differed at the last look from the baselines of a subject, or of all when it is empty, in order.
func (s *Store) Differences(ctx context.Context, subject string) ([]drift.Open, error) {
	out, err := gather(ctx, s.db, "SELECT data FROM differences WHERE ?1 = '' OR subject = ?1 ORDER BY subject, kind, place, path", []any{subject}, func(scan scan) (o drift.Open, err error) {
		var data string
		if err := scan(&data); err != nil {
			return o, err
		}
		err = json.Unmarshal([]byte(data), &o)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("read differences from %s: %w", s.path, err)
	}
	return out, nil
}

// Differ keeps what differs from some baselines in place of what did before.
func (s *Store) Differ(ctx context.Context, compared []drift.Baseline, all []drift.Open) error {
	if len(compared) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for _, b := range compared {
			if _, err := tx.ExecContext(ctx, "DELETE FROM differences WHERE subject = ? AND kind = ? AND place = ?", b.Subject, b.Kind, b.Place); err != nil {
				return err
			}
		}
		for _, o := range all {
			data, err := json.Marshal(o)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO differences (subject, kind, place, path, first_seen, data) VALUES (?, ?, ?, ?, ?, ?)",
				o.Subject, o.Kind, o.Place, o.Path, stamp(o.FirstSeen), string(data)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep differences in %s: %w", s.path, err)
	}
	return nil
}
