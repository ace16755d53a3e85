package relational

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/waiver"
)

// lists records doors of some subjects, with the deadline that days gives, and one that is settled.
func lists(t *testing.T, s *Store, days func(subject string) int) {
	t.Helper()
	for i, subject := range []string{"a", "b", "c"} {
		at := noon.Add(time.Duration(i) * time.Hour)
		d := door{Open: []string{"front", "back"}}
		data, err := fact.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		obs := []fact.Observation{{Subject: subject, Kind: d.Kind(), Fact: d, Digest: fact.Digest(data), ObservedAt: at, Collector: "test"}}
		if _, err := s.Record(t.Context(), run.Run{ID: subject, Started: at, Finished: at, Version: "test"}, obs, check.Judge(shut, nil, obs, nil, at), stands(days)); err != nil {
			t.Fatal(err)
		}
	}
}

// stands gives a deadline by subject, and settles the front door of c.
func stands(days func(subject string) int) Stand {
	return func(f finding.Finding) finding.Standing {
		st := finding.Standing{Environment: "prod", Teams: []string{"team-" + f.Subject}, Rule: fmt.Sprint(days(f.Subject), " days")}
		if n := days(f.Subject); n > 0 {
			due := f.Identified.AddDate(0, 0, n)
			st.FirstDue, st.Due = &due, &due
		}
		if f.Subject == "c" && f.Key == "door:front" {
			until := noon.AddDate(1, 0, 0)
			st.SettledBy, st.SettledAs, st.Until = "W-1", waiver.Acceptance, &until
		}
		return st
	}
}

func order(t *testing.T, s *Store, now time.Time, limit int, keep func(finding.Finding) bool) (out []string) {
	t.Helper()
	list, err := s.Next(t.Context(), now, limit, keep)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(list, finding.Next) {
		t.Errorf("the store's order is not that of finding.Next")
	}
	for _, f := range list {
		due := "never"
		if f.Due != nil {
			due = f.Due.Format(time.DateOnly)
		}
		out = append(out, f.Subject+" "+f.Key+" "+due+" "+f.Teams[0])
	}
	return out
}

func everything(t *testing.T, s *Store) []finding.Finding {
	t.Helper()
	all, err := s.Findings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, finding.Next)
	return all
}

// TestRestand: after another calendar each finding stands as if it had been recorded under it, whether few or many
// clocks changed; what is settled stays so.
func TestRestand(t *testing.T) {
	first := func(subject string) int { return map[string]int{"a": 5, "b": 3, "c": 9}[subject] }
	second := func(subject string) int { return map[string]int{"a": 5, "b": 8, "c": 0}[subject] }
	for name, many := range map[string]int{"few": many, "many": 1} {
		t.Run(name, func(t *testing.T) {
			s, fresh := open(t, filepath.Join(t.TempDir(), "x.db")), open(t, filepath.Join(t.TempDir(), "y.db"))
			lists(t, s, first)
			lists(t, fresh, second)
			if d := cmp.Diff([]string{"b door:front 2026-11-26 team-b", "b door:back 2026-11-26 team-b", "a door:front 2026-11-28 team-a", "a door:back 2026-11-28 team-a", "c door:back 2026-12-02 team-c"}, order(t, s, noon, 0, nil)); d != "" {
				t.Errorf("before (-want +got):\n%s", d)
			}
			var moved int
			if err := s.transact(t.Context(), func(tx *sql.Tx) (err error) {
				moved, err = restandClocks(t.Context(), tx, s.dialect, stands(second), many)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if moved != 3 { // both doors of b, and that of c which is not settled
				t.Errorf("%d deadlines moved", moved)
			}
			if _, err := s.Restand(t.Context(), []string{idOf(t, s, "c", "door:front")}, stands(second)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(everything(t, fresh), everything(t, s)); d != "" {
				t.Errorf("findings (-recorded so +restood):\n%s", d)
			}
			if d := cmp.Diff(order(t, fresh, noon, 0, nil), order(t, s, noon, 0, nil)); d != "" {
				t.Errorf("order (-recorded so +restood):\n%s", d)
			}
			if got := order(t, s, noon, 1, func(f finding.Finding) bool { return f.Subject == "b" }); len(got) != 1 || got[0][:1] != "b" {
				t.Errorf("the first of b: %v", got)
			}
			for now, want := range map[time.Time][2]int{noon: {5, 1}, noon.AddDate(2, 0, 0): {6, 0}} {
				if open, settled, err := s.Open(t.Context(), now); err != nil || [2]int{open, settled} != want {
					t.Errorf("%s: %d open, %d settled, %v; want %v", now, open, settled, err, want)
				}
			}
			if again, err := s.Restand(t.Context(), nil, stands(second)); again != 0 || err != nil {
				t.Errorf("a second time moved %d, %v", again, err)
			}
			if explained(t, s) != len(orders) {
				t.Error("the order of what to do next is gone")
			}
		})
	}
}

func idOf(t *testing.T, s *Store, subject, key string) string {
	for _, f := range everything(t, s) {
		if f.Subject == subject && f.Key == key {
			return f.ID
		}
	}
	t.Fatal(subject, key)
	return ""
}

// explained gives the indexes that open findings are listed by.
func explained(t *testing.T, s *Store) (n int) {
	t.Helper()
	catalogue := "sqlite_schema WHERE type = 'index' AND name"
	if !s.file() {
		catalogue = "pg_indexes WHERE indexname"
	}
	for _, name := range orders {
		var one int
		if err := s.db.QueryRow("SELECT count(*) FROM "+catalogue+" = ?", name).Scan(&one); err != nil {
			t.Fatal(err)
		}
		n += one
	}
	return n
}

// TestClosedKeepsItsStanding: what is closed shows whose it was and when it was due, and counts no more.
func TestClosedKeepsItsStanding(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	days := func(string) int { return 4 }
	lists(t, s, days)
	at := noon.AddDate(0, 0, 1)
	obs := []fact.Observation{{Subject: "a", Kind: door{}.Kind(), Fact: door{}, Digest: "x", ObservedAt: at, Collector: "test"}}
	if _, err := s.Record(t.Context(), run.Run{ID: "later", Started: at, Finished: at}, obs, check.Judge(shut, nil, obs, nil, at), nil); err != nil {
		t.Fatal(err)
	}
	f, _, err := s.Finding(t.Context(), idOf(t, s, "a", "door:front"))
	if err != nil || f.State != finding.Closed || f.Due == nil || !f.Due.Equal(noon.AddDate(0, 0, 4)) || f.Environment != "prod" {
		t.Errorf("%v %+v", err, f)
	}
	if open, settled, err := s.Open(t.Context(), noon); open != 3 || settled != 1 || err != nil {
		t.Errorf("%d open, %d settled, %v", open, settled, err)
	}
}

// TestUpgradeOfStandings: findings of a database from before there were clocks stand as they stood.
func TestUpgradeOfStandings(t *testing.T) {
	sqliteOnly(t)
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	lists(t, s, func(string) int { return 4 })
	all, next := everything(t, s), order(t, s, noon, 0, nil)
	sub, err := fs.Sub(migrations, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, sub)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(context.Background(), 3); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, path)
	if d := cmp.Diff(all, everything(t, s)); d != "" {
		t.Errorf("findings (-before +after):\n%s", d)
	}
	if d := cmp.Diff(next, order(t, s, noon, 0, nil)); d != "" {
		t.Errorf("order (-before +after):\n%s", d)
	}
	// What is written then shares a clock with what was taken over, and takes nothing from it.
	if _, err := s.Restand(t.Context(), nil, stands(func(string) int { return 4 })); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, everything(t, s)); d != "" {
		t.Errorf("findings after another round (-before +after):\n%s", d)
	}
}
