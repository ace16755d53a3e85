package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
)

// Invite keeps an invitation.
func (s *Store) Invite(ctx context.Context, i agent.Invitation, e ...event.Event) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO invitations (digest, environment, subject, made, until, agent) VALUES (?, ?, ?, ?, ?, '')", i.Digest, i.Environment, i.Subject, stamp(i.Made), stamp(i.Until)); err != nil {
			return err
		}
		return putEvents(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("keep an invitation in %s: %w", s.path, err)
	}
	return nil
}

// Invitation finds one by its digest; agent.ErrInvitation: there is none.
func (s *Store) Invitation(ctx context.Context, digest string) (agent.Invitation, error) {
	i := agent.Invitation{Digest: digest}
	var made, until string
	err := s.db.QueryRowContext(ctx, "SELECT environment, subject, made, until, agent FROM invitations WHERE digest = ?", digest).Scan(&i.Environment, &i.Subject, &made, &until, &i.Agent)
	if errors.Is(err, sql.ErrNoRows) {
		return i, agent.ErrInvitation
	} else if err != nil {
		return i, fmt.Errorf("read an invitation from %s: %w", s.path, err)
	}
	var err2 error
	i.Made, err = time.Parse(time.RFC3339Nano, made)
	i.Until, err2 = time.Parse(time.RFC3339Nano, until)
	return i, errors.Join(err, err2)
}

// Admit uses an invitation up and adds its agent, both or neither; agent.ErrInvitation: it was used, or is over by now.
func (s *Store) Admit(ctx context.Context, digest string, a agent.Agent, now time.Time, e ...event.Event) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE invitations SET agent = ? WHERE digest = ? AND agent = '' AND until > ?", a.ID, digest, stamp(now))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(agent.ErrInvitation, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO agents (id, environment, subject, joined, until, seen, revoked, data) VALUES (?, ?, ?, ?, ?, '', '', ?)",
			a.ID, a.Environment, a.Subject, stamp(a.Joined), stamp(a.Until), string(data)); err != nil {
			return err
		}
		return putEvents(ctx, tx, e)
	})
	if err != nil && !errors.Is(err, agent.ErrInvitation) {
		return fmt.Errorf("add an agent to %s: %w", s.path, err)
	}
	return err
}

// Agent finds one by its id; agent.ErrRevoked: there is none.
func (s *Store) Agent(ctx context.Context, id string) (agent.Agent, error) {
	all, err := s.agents(ctx, " WHERE id = ?", id)
	if err != nil {
		return agent.Agent{}, err
	}
	if len(all) == 0 {
		return agent.Agent{}, agent.ErrRevoked
	}
	return all[0], nil
}

// Agents gives all, by environment and the day on which they joined, those that were revoked too.
func (s *Store) Agents(ctx context.Context) ([]agent.Agent, error) {
	return s.agents(ctx, " ORDER BY environment, joined, id")
}

// RevokedAgents gives the ids of those that were revoked.
func (s *Store) RevokedAgents(ctx context.Context) ([]string, error) {
	out, err := gather(ctx, s.db, "SELECT id FROM agents WHERE revoked <> ''", nil, func(scan scan) (id string, err error) {
		err = scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("read agents from %s: %w", s.path, err)
	}
	return out, nil
}

func (s *Store) agents(ctx context.Context, end string, args ...any) ([]agent.Agent, error) {
	out, err := gather(ctx, s.db, "SELECT data, until, seen, revoked FROM agents"+end, args, func(scan scan) (a agent.Agent, err error) {
		var data string
		var until, seen, revoked time.Time
		if err := scan(&data, moment{&until}, moment{&seen}, moment{&revoked}); err != nil {
			return a, err
		}
		err = json.Unmarshal([]byte(data), &a)
		a.Until, a.Seen, a.Revoked = until, seen, revoked
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("read agents from %s: %w", s.path, err)
	}
	return out, nil
}

// Renewed notes the end of an agent's newest certificate.
func (s *Store) Renewed(ctx context.Context, id string, until time.Time) error {
	return s.changeOne(ctx, "an agent", nil, "UPDATE agents SET until = ? WHERE id = ?", stamp(until), id)
}

// Revoke keeps an agent out from now on. run.ErrNone: there is none, or it is revoked already.
func (s *Store) Revoke(ctx context.Context, id string, now time.Time, e ...event.Event) error {
	return s.changeOne(ctx, "an agent", e, "UPDATE agents SET revoked = ? WHERE id = ? AND revoked = ''", stamp(now), id)
}

// Heard notes what agents said of themselves, and reports of theirs that told nothing new; run.ErrTwice: one of these was
// noted already.
func (s *Store) Heard(ctx context.Context, agents []agent.Agent, reports ...run.Report) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := putReports(ctx, tx, reports); err != nil {
			return err
		}
		for _, a := range agents {
			data, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE agents SET seen = CASE WHEN seen > ?1 THEN seen ELSE ?1 END, data = ?2 WHERE id = ?3", stamp(a.Seen), string(data), a.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what agents said in %s: %w", s.path, err)
	}
	return nil
}

// putReports notes reports as recorded; run.ErrTwice: one of them is.
func putReports(ctx context.Context, tx *sql.Tx, reports []run.Report) error {
	for _, r := range reports {
		done, err := tx.ExecContext(ctx, "INSERT INTO agent_reports (id, agent, received) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", r.ID, r.Agent, stamp(r.At))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(run.ErrTwice, err)
		}
	}
	return nil
}

// Reported tells whether a report was recorded.
func (s *Store) Reported(ctx context.Context, id string) (bool, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM agent_reports WHERE id = ?", id).Scan(&n); err != nil {
		return false, fmt.Errorf("read reports from %s: %w", s.path, err)
	}
	return n > 0, nil
}

// ForgetReports lets go of the ids of reports that were taken before a time: the bus hands none of them over any more.
func (s *Store) ForgetReports(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM agent_reports WHERE received < ?", stamp(before)); err != nil {
		return fmt.Errorf("let go of old reports in %s: %w", s.path, err)
	}
	return nil
}

// Content gives the canonical bytes of a fact; run.ErrNone: it is not here.
func (s *Store) Content(ctx context.Context, digest string) ([]byte, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, "SELECT data FROM facts WHERE digest = ?", digest).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, run.ErrNone
	} else if err != nil {
		return nil, fmt.Errorf("read a fact from %s: %w", s.path, err)
	}
	return s.dec.DecodeAll(data, nil)
}

// CountReports tells how many reports are known by their id.
func (s *Store) CountReports(ctx context.Context) (n int, err error) {
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM agent_reports").Scan(&n); err != nil {
		return 0, fmt.Errorf("count reports in %s: %w", s.path, err)
	}
	return n, nil
}
