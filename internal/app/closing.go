package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
)

const (
	// closed is the setting that says which day was closed last.
	closed = "closed"
	// closeTime is how long after its end a day is closed: what was under way at midnight is recorded then.
	closeTime = 10 * time.Minute
	// maxDays is how many days that were missed are closed at once: a control plane that was off for longer has none to tell of.
	maxDays = 400
)

// bookkeeping notes, beside what people do, what the ledger is to tell of: that the estate changed, and what each day came to.
type bookkeeping struct {
	o      ServeOptions
	store  *relational.Store
	make   event.Maker
	wake   func()    // something is to enter the ledger
	steady time.Time // until then no day is closed: the clock may be set yet
}

const (
	// jumpTime is how far wall clock and elapsed time may part between two looks.
	jumpTime = 2 * time.Minute
	// unsteadyTime is how long after the start no day is closed, and steadyTime how long after the clock jumped.
	unsteadyTime = 5 * time.Minute
	steadyTime   = time.Hour
)

// run does that until the context ends.
func (b *bookkeeping) run(ctx context.Context) {
	said := ""
	last := time.Now()
	b.steady = last.Add(unsteadyTime)
	for {
		now := time.Now()
		err := errors.Join(b.noteJump(ctx, jumped(last, now), now), b.once(ctx, now))
		last = now
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			b.o.Log("%v", err)
		} else if err == nil {
			said = ""
		}
		timer := time.NewTimer(time.Minute)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// jumped is how far the wall clock went beyond the time that passed, between two readings of time.Now: ahead when it was set, or the
// machine slept, back when it was set back.
func jumped(from, to time.Time) time.Duration { return to.Round(0).Sub(from.Round(0)) - to.Sub(from) }

// noteJump notes that the clock jumped: what was recorded meanwhile has times of the other clock.
func (b *bookkeeping) noteJump(ctx context.Context, by time.Duration, now time.Time) error {
	if by.Abs() < jumpTime {
		return nil
	}
	b.steady = now.Add(steadyTime)
	b.o.Log("the clock of this machine jumped by %s; no day is closed for %s", by.Round(time.Second), steadyTime)
	defer b.wake()
	return b.store.Happened(ctx, b.make.ClockJumped(by, now))
}

func (b *bookkeeping) once(ctx context.Context, now time.Time) error {
	var e *estate.Estate
	if b.o.Estate != "" {
		var err error
		if e, err = soundEstate(b.o.Estate); err != nil {
			return err
		}
		if err := b.noteEstate(ctx, e, now); err != nil {
			return err
		}
	}
	if now.Before(b.steady) {
		return nil
	}
	return b.closeDays(ctx, e, now)
}

// noteEstate keeps an estate that is not the one that was read last.
func (b *bookkeeping) noteEstate(ctx context.Context, e *estate.Estate, now time.Time) error {
	last, err := b.store.LastEstate(ctx)
	if err != nil && !errors.Is(err, run.ErrNone) {
		return err
	}
	if last.Digest == e.Digest {
		return nil
	}
	text, err := e.Show()
	if err != nil {
		return err
	}
	var changes []string
	if last.Seq > 0 {
		if changes, err = estate.Changes(last.Data, text); err != nil {
			return err
		}
	}
	defer b.wake()
	return b.store.AddEstate(ctx, relational.KeptEstate{Seq: last.Seq + 1, Digest: e.Digest, At: now, Data: text}, b.make.EstateRead(e.Digest, last.Digest, changes, now))
}

// closeDays closes the days that ended since the one that was closed last. Of days before the first time nothing is told.
func (b *bookkeeping) closeDays(ctx context.Context, e *estate.Estate, now time.Time) error {
	last, err := b.store.Setting(ctx, closed)
	if err != nil {
		return err
	}
	zone := zoneOf(e)
	over := now.In(zone).Add(-closeTime)
	today := time.Date(over.Year(), over.Month(), over.Day(), 0, 0, 0, 0, zone)
	t, err := time.ParseInLocation(time.DateOnly, last, zone)
	if err != nil {
		_, err := b.store.Advance(ctx, closed, last, today.AddDate(0, 0, -1).Format(time.DateOnly))
		return err
	}
	next := t.AddDate(0, 0, 1)
	if first := today.AddDate(0, 0, -maxDays); next.Before(first) {
		next = first
	}
	for ; next.Before(today); next = next.AddDate(0, 0, 1) {
		name := next.Format(time.DateOnly)
		d, err := dayDigest(ctx, b.store, event.Day{Day: name, From: next, Until: next.AddDate(0, 0, 1)})
		if err != nil {
			return fmt.Errorf("close the day %s: %w", name, err)
		}
		if e != nil {
			d.Estate = e.Digest
		}
		sum := sha256.New()
		if err := b.store.OpenIDs(ctx, func(id string) { d.Open++; fmt.Fprintln(sum, id) }); err != nil {
			return err
		}
		d.Findings = hex.EncodeToString(sum.Sum(nil))
		if mine, err := b.store.Advance(ctx, closed, last, name, b.make.DayClosed(d, now)); err != nil || !mine {
			return err // another control plane does it
		}
		last = name
		b.wake()
		if err := b.forget(ctx, today, now); err != nil {
			return err
		}
	}
	return nil
}

// forget removes what is older than it is kept, once a day.
func (b *bookkeeping) forget(ctx context.Context, today, now time.Time) error {
	if b.o.Keep <= 0 {
		return nil
	}
	before := today.AddDate(0, 0, -b.o.Keep)
	gone, err := b.store.Forget(ctx, before, func() event.Event { return b.make.HistoryForgotten(before, now) })
	if gone.Runs > 0 {
		b.o.Log("%d runs before %s were removed, and %d facts that only they saw; %d are held", gone.Runs, before.Format(time.DateOnly), gone.Facts, gone.Held)
		b.wake()
	}
	return err
}

// dayDigest works out what of a day lies in the database for as long as it is kept: runs, and how requirements stood.
func dayDigest(ctx context.Context, s *relational.Store, d event.Day) (event.Day, error) {
	runs, err := s.RunsBetween(ctx, d.From, d.Until)
	if err != nil {
		return d, err
	}
	sum := sha256.New()
	for _, r := range runs {
		seen, err := s.SeenIn(ctx, r.ID)
		if err != nil {
			return d, err
		}
		if err := writeRun(sum, evidenceRun{r, seen}); err != nil {
			return d, err
		}
	}
	d.Runs, d.Seen, d.Standing = len(runs), hex.EncodeToString(sum.Sum(nil)), ""
	err = s.Days(ctx, d.Day, func(day string, data []byte) error {
		if day == d.Day {
			d.Standing = standingDigest(data)
		}
		return nil
	})
	return d, err
}

func writeRun(to io.Writer, r evidenceRun) error {
	data, err := json.Marshal(r)
	if err == nil {
		_, err = to.Write(append(data, '\n'))
	}
	return err
}

func standingDigest(data []byte) string {
	sum := sha256.Sum256(compact(data))
	return hex.EncodeToString(sum[:])
}

// closedDays are the days that a ledger tells of, and before what time runs are no longer kept.
type closedDays struct {
	days  []closedDay
	since time.Time
}

// closedDay is a day that an entry of the ledger tells of.
type closedDay struct {
	event.Day
	index uint64
}

// take reads an entry of the ledger.
func (c *closedDays) take(index uint64, e ledger.Entry) {
	if e.Kind != "event" {
		return
	}
	x, err := event.Parse(e.Body)
	if err != nil {
		return
	}
	if d, ok := x.DayOf(); ok {
		c.days = append(c.days, closedDay{d, index})
	} else if t, ok := x.ForgottenBefore(); ok && t.After(c.since) {
		c.since = t
	}
}

// same compares the days whose runs are kept with what is there of them now, and gives how many they are.
func (c *closedDays) same(now func(event.Day) (event.Day, error)) (n int, err error) {
	for _, c := range slices.DeleteFunc(c.days, func(d closedDay) bool { return d.From.Before(c.since) }) {
		d, err := now(c.Day)
		switch {
		case err != nil:
			return n, err
		case d.Runs != c.Runs:
			return n, fmt.Errorf("of %s there are %d runs, and entry %d of the ledger tells of %d: some were taken out, put in, or recorded with a time of then", c.Day.Day, d.Runs, c.index, c.Runs)
		case d.Seen != c.Seen:
			return n, fmt.Errorf("what the runs of %s saw is not what entry %d of the ledger tells by its digest", c.Day.Day, c.index)
		case d.Standing != c.Standing:
			return n, fmt.Errorf("how requirements stood on %s is not what entry %d of the ledger tells by its digest", c.Day.Day, c.index)
		}
		n++
	}
	return n, nil
}
