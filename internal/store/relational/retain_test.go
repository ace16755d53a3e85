package relational

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
)

// TestForgetHeld: of 250 runs of two subjects those go that are old, but for what was seen last and what is held; one event tells of it.
func TestForgetHeld(t *testing.T) {
	ctx, s := t.Context(), open(t, filepath.Join(t.TempDir(), "holdfast.db"))
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 250 {
		at := first.Add(time.Duration(i) * time.Hour)
		subject := "web-1"
		if i%50 == 0 {
			subject = "web-2" // the last one in run 200
		}
		o := fact.Observation{Subject: subject, Kind: fact.Kind{Name: "x", Version: 1}, Problem: &fact.Problem{Cause: fact.Failed}, ObservedAt: at, Collector: "c"}
		if i%2 == 0 {
			f := simple{Value: i}
			data, err := fact.Canonical(f)
			if err != nil {
				t.Fatal(err)
			}
			o.Fact, o.Digest, o.Problem = f, fact.Digest(data), nil
		}
		if _, err := s.Record(ctx, run.Run{ID: at.Format(time.RFC3339), Started: at, Finished: at}, []fact.Observation{o}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	m := event.Maker{}
	if _, err := s.Hold(ctx, run.Hold{Reason: "x", Subject: "web-2", Until: first.Add(100 * time.Hour), Made: first}, func(h run.Hold) event.Event { return m.HoldPlaced(h.ID, "x", "x", "x", first) }); err != nil {
		t.Fatal(err)
	}
	far := first.AddDate(1, 0, 0)
	gone, err := s.Forget(ctx, far, func() event.Event { return m.HistoryForgotten(far, far) })
	// Held are 0 and 50, seen last 200 and 248; 249 saw nothing, and goes as the others do.
	if err != nil || gone.Runs != 246 || gone.Held != 2 || gone.Facts != 121 {
		t.Errorf("%+v, %v", gone, err)
	}
	if again, err := s.Forget(ctx, far, func() event.Event { t.Error("nothing was removed"); return event.Event{} }); err != nil || again.Runs != 0 || again.Held != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	if events, err := s.EventsAfter(ctx, 0, 10); err != nil || len(events) != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// TestAdvance: of many who move a setting on from the same value one does, with its event.
func TestAdvance(t *testing.T) {
	ctx, s := t.Context(), open(t, filepath.Join(t.TempDir(), "holdfast.db"))
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 8 {
		all.Go(func() {
			mine, err := s.Advance(ctx, "closed", "", "2026-01-01", event.Maker{}.DayClosed(event.Day{Day: "2026-01-01"}, time.Time{}))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if mine {
				won++
			}
		})
	}
	all.Wait()
	events, err := s.EventsAfter(ctx, 0, 10)
	if won != 1 || len(events) != 1 || err != nil {
		t.Errorf("%d won, %d events, %v", won, len(events), err)
	}
	if _, err := s.LastEstate(ctx); !errors.Is(err, run.ErrNone) {
		t.Error(err)
	}
	for range 2 { // the second is another control plane's, which was slower
		if err := s.AddEstate(ctx, KeptEstate{Seq: 1, Digest: "a", At: time.Unix(1, 0), Data: []byte("organization: x\n")}, event.Maker{}.EstateRead("a", "", nil, time.Time{})); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := s.LastEstate(ctx); err != nil || e.Seq != 1 || string(e.Data) != "organization: x\n" {
		t.Errorf("%+v, %v", e, err)
	}
}

type simple struct {
	fact.Gaps `json:"gaps,omitempty"`
	Value     int `json:"value"`
}

func (simple) Kind() fact.Kind { return fact.Kind{Name: "x", Version: 1} }
