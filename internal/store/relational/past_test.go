package relational

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
)

// TestUntil: what was newest at a time, seen or not, is found whatever came later; and from when on that is known.
func TestUntil(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	if at, _, err := s.Begins(ctx); err != nil || !at.IsZero() {
		t.Error(at, err)
	}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	for i, subject := range []string{"a", "b", "a"} {
		if _, err := look(t, s, string(rune('1'+i)), subject, day(i), door{Open: []string{subject, string(rune('1' + i))}}); err != nil {
			t.Fatal(err)
		}
	}
	away := []fact.Observation{{Subject: "b", Kind: door{}.Kind(), Problem: &fact.Problem{Cause: fact.Unreachable, Text: "it is away"}, ObservedAt: day(3), Collector: "test"}}
	if _, err := s.Record(ctx, run.Run{ID: "4", Started: day(3), Finished: day(3), Targets: []string{"test"}}, away, nil, nil); err != nil {
		t.Fatal(err)
	}
	decode := func(_ string, data []byte) (fact.Fact, error) {
		var d door
		err := json.Unmarshal(data, &d)
		return d, err
	}
	for n, want := range map[int]string{-1: "", 0: "a1 ", 1: "a1 b2 ", 2: "a3 b2 ", 3: "a3 b: unreachable ", 9: "a3 b: unreachable "} {
		newest, err := s.NewestUntil(ctx, day(n))
		if err != nil {
			t.Fatal(err)
		}
		obs, err := s.ObservationsOf(ctx, newest, decode)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range obs {
			if d, ok := o.Fact.(door); ok {
				got += o.Subject + d.Open[1] + " "
			} else {
				got += o.Subject + ": " + string(o.Problem.Cause) + " "
			}
		}
		if got != want {
			t.Errorf("until day %d: %q, want %q", n, got, want)
		}
	}
	if at, removed, err := s.Begins(ctx); err != nil || !at.Equal(day(0)) || removed {
		t.Error(at, removed, err)
	}
	if out, err := s.Forget(ctx, day(2), func() event.Event { return event.Maker{}.HistoryForgotten(day(2), day(4)) }); err != nil || out.Runs != 1 {
		t.Error(out, err)
	}
	if at, removed, err := s.Begins(ctx); err != nil || !at.Equal(day(2)) || !removed {
		t.Error(at, removed, err)
	}
	if _, err := s.ObservationsOf(ctx, []Newest{{"a", "door/1", day(2)}}, func(string, []byte) (fact.Fact, error) { return nil, errors.New("of another version") }); err != nil {
		t.Error("what cannot be read is a problem of its own:", err)
	}
}
