package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
)

// Hold keeps history from being removed.
type Hold = run.Hold

// maxReason is how many bytes the reason of a hold may have.
const maxReason = 1000

// PlaceHold places one; who is at the keyboard does it. The zero times are without an end on that side.
func PlaceHold(ctx context.Context, stateFlag, db, version string, h Hold) (Hold, error) {
	h.Reason = strings.TrimSpace(h.Reason)
	switch {
	case h.Reason == "" || len(h.Reason) > maxReason:
		return h, &UsageError{fmt.Sprintf("a hold wants a reason, of at most %d bytes: --reason \"case 12/2026\"", maxReason)}
	case !h.Until.IsZero() && !h.From.Before(h.Until):
		return h, &UsageError{fmt.Sprintf("the time that is held ends at %s, before it begins", h.Until.Format(time.RFC3339))}
	}
	err := holding(ctx, stateFlag, db, func(s *relational.Store, by string) (err error) {
		h.By = by
		h, err = s.Hold(ctx, h, func(h Hold) event.Event {
			return event.Maker{Version: version}.HoldPlaced(h.ID, HeldBy(h), h.Reason, by, h.Made)
		})
		return err
	})
	return h, err
}

// ReleaseHold ends one: what it kept is removed when its time has come.
func ReleaseHold(ctx context.Context, stateFlag, db, version, id string, now time.Time) error {
	return holding(ctx, stateFlag, db, func(s *relational.Store, by string) error {
		err := s.Release(ctx, id, now, event.Maker{Version: version}.HoldReleased(id, by, now))
		if errors.Is(err, run.ErrNone) {
			return &UsageError{fmt.Sprintf("no hold %q stands; all of them: holdfast hold list", id)}
		}
		return err
	})
}

// Holds gives all of them, also those that were released.
func Holds(ctx context.Context, stateFlag, db string) (out []Hold, err error) {
	err = withStore(ctx, stateFlag, db, func(s *relational.Store) error { out, err = s.Holds(ctx); return err })
	return out, err
}

// holding does something in the name of the account, and enters it into the ledger.
func holding(ctx context.Context, stateFlag, db string, do func(*relational.Store, string) error) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	by, err := account()
	if err != nil {
		return err
	}
	return withStore(ctx, stateFlag, db, func(s *relational.Store) error {
		if err := do(s, by); err != nil {
			return err
		}
		return enter(ctx, s, state)
	})
}

// HeldBy says what a hold keeps.
func HeldBy(h Hold) string {
	what := "all history"
	if h.Subject != "" {
		what = "the history of " + h.Subject
	}
	if !h.From.IsZero() {
		what += " from " + h.From.UTC().Format(time.DateOnly)
	}
	if !h.Until.IsZero() {
		what += " until " + h.Until.UTC().Format(time.DateOnly)
	}
	return what
}
