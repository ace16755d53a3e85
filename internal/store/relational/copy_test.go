package relational

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/test/targets"
)

// TestCopy: what a file holds goes into PostgreSQL and back into another file, and is the same then; nothing is written over.
func TestCopy(t *testing.T) {
	sqliteOnly(t)
	server, _ := targets.Database(t, "fsync=off")
	file := open(t, filepath.Join(t.TempDir(), "a.db"))
	for i, subject := range []string{"a", "b", "c"} {
		if _, err := look(t, file, string(rune('1'+i)), subject, noon, door{Open: []string{"front", "back"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := file.Restand(t.Context(), nil, stands(func(string) int { return 4 })); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		file.Judged(t.Context(), noon, map[string][]picture.Mark{"a": {{Check: "x", Verdict: check.Pass, At: noon}}}),
		file.PutDay(t.Context(), "2026-11-26", 1), file.Set(t.Context(), "name", "värde \u0000"),
		file.AddToken(t.Context(), access.Token{ID: "T-1", Person: "erika", Made: noon, Until: noon}, "digest"),
		file.Invite(t.Context(), agent.Invitation{Digest: "x", Environment: "prod", Made: noon, Until: noon.Add(agent.InvitationTime)}),
		file.Remember(t.Context(), map[string]string{"CVE-1": "CVE-2"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := look(t, file, "9", "d", noon, door{}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(serverOf, server)
	there := open(t, t.TempDir())
	told := 0
	counts, err := there.Copy(t.Context(), file, func(TableCount) { told++ })
	if err != nil || told != len(copied) {
		t.Fatal(told, err)
	}
	rows := map[string]int{}
	for _, c := range counts {
		rows[c.Table] = c.Rows
	}
	if rows["runs"] != 4 || rows["findings"] != 6 || rows["finding_events"] != 6 || rows["standings"] != 6 || rows["tokens"] != 1 || rows["verdicts"] != 1 {
		t.Error(rows)
	}
	if d := cmp.Diff(everything(t, file), everything(t, there)); d != "" {
		t.Error(d)
	}
	if _, err := there.Copy(t.Context(), file, nil); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	// It goes on there: numbers that the database gives out begin after those that came.
	if _, err := look(t, there, "a1", "e", noon, door{Open: []string{"front"}}); err != nil {
		t.Error(err)
	}
	t.Setenv(serverOf, "")
	back := open(t, filepath.Join(t.TempDir(), "b.db"))
	if _, err := back.Copy(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(everything(t, there), everything(t, back)); d != "" {
		t.Error(d)
	}
	a, err := there.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := back.Events(t.Context())
	if d := cmp.Diff(a, b); d != "" || err != nil {
		t.Error(d, err)
	}
}

// TestCopied: no table is forgotten when a migration adds one.
func TestCopied(t *testing.T) {
	sqliteOnly(t)
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	rows, err := s.db.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	known := map[string]bool{}
	for _, name := range copied {
		known[name] = true
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !known[name] {
			t.Errorf("table %s is not copied", name)
		}
		delete(known, name)
	}
	if rows.Err() != nil || len(known) > 0 {
		t.Error(known, rows.Err())
	}
}
