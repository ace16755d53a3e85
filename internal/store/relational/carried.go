package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.example/holdfast/internal/vuln"
)

// Carried is what of a subject was seen together to be installed. It takes the place of what was kept of that part
// before; a part that was not seen whole is not handed over.
type Carried struct {
	Subject  string
	Part     string // what was seen together: the packages of the distribution, say
	Teams    []string
	SeenAt   time.Time
	Packages []vuln.Package // ecosystem and name in the forms of vuln.Ecosystem and vuln.Name
}

// Carry keeps what subjects carry, outside of a run.
func (s *Store) Carry(ctx context.Context, all []Carried) error {
	if err := s.widely(ctx, func(tx *sql.Tx) error { return putCarried(ctx, tx, all) }); err != nil {
		return fmt.Errorf("keep what is installed in %s: %w", s.path, err)
	}
	return nil
}

// instance is a package in a version, by their numbers.
type instance struct{ name, version int64 }

// carrying writes instances in one transaction. Numbers that were looked up are kept: hosts carry the same packages.
type carrying struct {
	tx       *sql.Tx
	add      *sql.Stmt
	names    map[[2]string]int64
	versions map[string]int64
}

// putCarried writes only the instances that changed: a host that was seen again mostly changed nothing.
func putCarried(ctx context.Context, tx *sql.Tx, all []Carried) error {
	if len(all) == 0 {
		return nil
	}
	add, err := tx.PrepareContext(ctx, "INSERT INTO package_instances (name, version, carrier) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer add.Close()
	w := carrying{tx, add, map[[2]string]int64{}, map[string]int64{}}
	for _, c := range all {
		if err := w.put(ctx, c); err != nil {
			return fmt.Errorf("packages of %s: %w", c.Subject, err)
		}
	}
	return nil
}

func (w *carrying) put(ctx context.Context, c Carried) error {
	teams, err := json.Marshal(append([]string{}, c.Teams...))
	if err != nil {
		return err
	}
	var carrier int64
	if err := w.tx.QueryRowContext(ctx, `INSERT INTO package_carriers (subject, part, teams, seen_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (subject, part) DO UPDATE SET teams = excluded.teams, seen_at = excluded.seen_at RETURNING id`,
		c.Subject, c.Part, string(teams), stamp(c.SeenAt)).Scan(&carrier); err != nil {
		return err
	}
	before, err := w.of(ctx, carrier)
	if err != nil {
		return err
	}
	for _, p := range c.Packages {
		i, err := w.number(ctx, p)
		if err != nil {
			return err
		}
		_, there := before[i]
		if before[i] = true; there {
			continue
		}
		if _, err := w.add.ExecContext(ctx, i.name, i.version, carrier); err != nil {
			return err
		}
	}
	for i, still := range before {
		if still {
			continue
		}
		if _, err := w.tx.ExecContext(ctx, "DELETE FROM package_instances WHERE name = ? AND version = ? AND carrier = ?", i.name, i.version, carrier); err != nil {
			return err
		}
	}
	return nil
}

// of gives the instances of a carrier, each with false: not seen again yet.
func (w *carrying) of(ctx context.Context, carrier int64) (map[instance]bool, error) {
	rows, err := w.tx.QueryContext(ctx, "SELECT name, version FROM package_instances WHERE carrier = ?", carrier)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[instance]bool{}
	for rows.Next() {
		var i instance
		if err := rows.Scan(&i.name, &i.version); err != nil {
			return nil, err
		}
		out[i] = false
	}
	return out, rows.Err()
}

func (w *carrying) number(ctx context.Context, p vuln.Package) (i instance, err error) {
	key := [2]string{p.Ecosystem, p.Name}
	var ok bool
	if i.name, ok = w.names[key]; !ok {
		if i.name, err = w.id(ctx, "SELECT id FROM package_names WHERE ecosystem = ? AND name = ?", "INSERT INTO package_names (ecosystem, name) VALUES (?, ?) RETURNING id", p.Ecosystem, p.Name); err != nil {
			return i, err
		}
		w.names[key] = i.name
	}
	if i.version, ok = w.versions[p.Version]; !ok {
		if i.version, err = w.id(ctx, "SELECT id FROM package_versions WHERE version = ?", "INSERT INTO package_versions (version) VALUES (?) RETURNING id", p.Version); err != nil {
			return i, err
		}
		w.versions[p.Version] = i.version
	}
	return i, nil
}

// id finds the number of what is in a dictionary, or gives it one.
func (w *carrying) id(ctx context.Context, find, add string, args ...any) (id int64, err error) {
	if err = w.tx.QueryRowContext(ctx, find, args...).Scan(&id); errors.Is(err, sql.ErrNoRows) {
		err = w.tx.QueryRowContext(ctx, add, args...).Scan(&id)
	}
	return id, err
}

// Carrier is a subject that carries a package.
type Carrier struct {
	Subject string
	Teams   []string
	Version string
}

// Carrying gives the subjects that carry a package in a version that is asked for, each version's in order of their names.
// Asked is called once for each version that is anywhere.
func (s *Store) Carrying(ctx context.Context, ecosystem, name string, asked func(version string) bool) ([]Carrier, error) {
	out, err := s.carrying(ctx, ecosystem, name, asked)
	if err != nil {
		return nil, fmt.Errorf("find who carries %s in %s: %w", name, s.path, err)
	}
	return out, nil
}

func (s *Store) carrying(ctx context.Context, ecosystem, name string, asked func(version string) bool) (out []Carrier, err error) {
	versions, err := s.versions(ctx, ecosystem, name)
	if err != nil {
		return nil, err
	}
	teams := map[string][]string{} // those of a thousand systems are the same few
	for _, v := range versions {
		if !asked(v.text) {
			continue
		}
		rows, err := s.db.QueryContext(ctx, `SELECT c.subject, c.teams FROM package_instances i CROSS JOIN package_carriers c ON c.id = i.carrier
			WHERE i.name = ? AND i.version = ? ORDER BY c.subject`, v.name, v.id)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			c := Carrier{Version: v.text}
			var owners string
			if err := rows.Scan(&c.Subject, &owners); err != nil {
				rows.Close()
				return nil, err
			}
			list, ok := teams[owners]
			if !ok {
				if err := json.Unmarshal([]byte(owners), &list); err != nil {
					rows.Close()
					return nil, fmt.Errorf("teams of %s: %w", c.Subject, err)
				}
				teams[owners] = list
			}
			c.Teams = list
			out = append(out, c)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type numbered struct {
	name, id int64
	text     string
}

// versions gives the versions of a package that are anywhere.
func (s *Store) versions(ctx context.Context, ecosystem, name string) (out []numbered, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT i.name, v.id, v.version FROM
		(SELECT DISTINCT name, version FROM package_instances WHERE name = (SELECT id FROM package_names WHERE ecosystem = ? AND name = ?)) i
		JOIN package_versions v ON v.id = i.version ORDER BY v.version`, ecosystem, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n numbered
		if err := rows.Scan(&n.name, &n.id, &n.text); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// Carriers counts the subjects of which it is kept what they carry.
func (s *Store) Carriers(ctx context.Context) (n int, err error) {
	if err = s.db.QueryRowContext(ctx, "SELECT count(DISTINCT subject) FROM package_carriers").Scan(&n); err != nil {
		err = fmt.Errorf("count what is installed in %s: %w", s.path, err)
	}
	return n, err
}
