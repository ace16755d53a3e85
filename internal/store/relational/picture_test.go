package relational

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/run"
)

// TestPictures: what was judged is given back, the newer in place of the older, and from a place on only what came after.
func TestPictures(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	mark := func(id string, v check.Verdict) picture.Mark {
		return picture.Mark{Check: id, Kind: "k", Verdict: v, At: at}
	}
	judged := func(at time.Time, name string, marks ...picture.Mark) {
		t.Helper()
		if err := s.Judged(ctx, at, map[string][]picture.Mark{name: marks}); err != nil {
			t.Fatal(err)
		}
	}
	judged(at, "x", mark("a", check.Pass), mark("b", check.Fail))
	judged(at.Add(time.Minute), "y", mark("a", check.Pass))
	names := map[string]int{}
	last, err := s.Pictured(ctx, 0, func(x picture.Subject) { names[x.Name] = len(x.Marks) })
	if err != nil || names["x"] != 2 || names["y"] != 1 {
		t.Fatal(names, err)
	}
	judged(at.Add(time.Second), "x", mark("b", check.Pass)) // later than x was, earlier than y: it is not overlooked
	judged(at.Add(-time.Hour), "y", mark("a", check.Fail))  // older than what is known
	again := map[string]int{}
	if _, err = s.Pictured(ctx, last, func(x picture.Subject) { again[x.Name] = len(x.Marks) }); err != nil || len(again) != 1 || again["x"] != 2 {
		t.Fatal(again, err)
	}
	if y, err := s.PictureOf(ctx, "y"); err != nil || y.Marks[0].Verdict != check.Pass {
		t.Errorf("%+v %v", y, err)
	}
	if _, err := s.PictureOf(ctx, "z"); !errors.Is(err, run.ErrNone) {
		t.Error(err)
	}
}

// TestDays: the last word of a day stands.
func TestDays(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	for _, x := range [][2]string{{"2026-11-25", "a"}, {"2026-11-26", "b"}, {"2026-11-26", "c"}, {"2026-11-24", "d"}} {
		if err := s.PutDay(ctx, x[0], x[1]); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	if err := s.Days(ctx, "2026-11-25", func(day string, data []byte) error { got += day + string(data); return nil }); err != nil || got != `2026-11-25"a"2026-11-26"c"` {
		t.Error(got, err)
	}
}

// TestVisits: one visit is a visit, however often a page is loaded in it.
func TestVisits(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct{ now, want time.Duration }{{0, -1}, {10 * time.Minute, -1}, {24 * time.Hour, 10 * time.Minute}, {24*time.Hour + time.Minute, 10 * time.Minute}, {48 * time.Hour, 24*time.Hour + time.Minute}} {
		before, err := s.Visit(ctx, "erika", at.Add(x.now))
		if err != nil || x.want < 0 && !before.IsZero() || x.want >= 0 && !before.Equal(at.Add(x.want)) {
			t.Errorf("%s: %s %v", x.now, before, err)
		}
	}
	if before, err := s.Visit(ctx, "sam", at); err != nil || !before.IsZero() {
		t.Error(before, err)
	}
}

// TestLease: one has a task at a time; who is gone loses it when its time is over.
func TestLease(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		holder string
		after  time.Duration
		want   bool
	}{{"a", 0, true}, {"b", time.Minute, false}, {"a", time.Minute, true}, {"b", 3 * time.Minute, false}, {"b", 5 * time.Minute, true}, {"a", 6 * time.Minute, false}} {
		mine, err := s.Lease(ctx, "rhythm", x.holder, at.Add(x.after), at.Add(x.after+3*time.Minute))
		if err != nil || mine != x.want {
			t.Errorf("%+v: %t %v", x, mine, err)
		}
	}
	if mine, err := s.Lease(ctx, "other", "b", at, at); err != nil || !mine {
		t.Error(mine, err)
	}
}

// TestAgree: what the first program uses stands, and who used it alone may change it.
func TestAgree(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	for i, x := range []struct {
		program, value string
		want           bool
	}{{"a /state", "1", true}, {"b /state", "2", false}, {"b /state", "1", true}, {"a /state", "3", true}, {"b /state", "1", false}} {
		if agrees, err := s.Agree(ctx, "authority", x.program, x.value); err != nil || agrees != x.want {
			t.Errorf("%d: %t %v", i, agrees, err)
		}
	}
}

// TestAnnounced: who said lately that it is there.
func TestAnnounced(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for program, x := range map[string]struct {
		text string
		ago  time.Duration
	}{"b /state": {"10.0.0.2:8471", time.Minute}, "a /state": {"10.0.0.1:8471", 0}, "c": {"10.0.0.3:8471", 48 * time.Hour}} {
		if err := s.Announce(ctx, "agents", program, x.text, at.Add(-x.ago)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Announce(ctx, "agentsX", "a", "other", at); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Announced(ctx, "agents", at.Add(-24*time.Hour)); err != nil || !slices.Equal(got, []string{"10.0.0.1:8471", "10.0.0.2:8471"}) {
		t.Error(got, err)
	}
}
