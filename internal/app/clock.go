package app

import (
	"context"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/sla"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/waiver"
)

// standingFor is the setting that holds the digest of the estate which the deadlines follow from.
const standingFor = "standing-for"

// clockOf gives the clock of findings under an estate, which may be nil, and the recorded decisions.
func clockOf(ctx context.Context, store *relational.Store, e *estate.Estate) (*finding.Clock, error) {
	table, err := sla.LoadTable(catalog.FS)
	if err != nil {
		return nil, err
	}
	entries, err := store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	if err := waiver.Verify(entries); err != nil {
		return nil, err
	}
	return finding.NewClock(table, e, waiver.Fold(entries))
}

// restand works out all deadlines anew when they follow from another estate.
func restand(ctx context.Context, store *relational.Store, e *estate.Estate, clock *finding.Clock, now time.Time) error {
	if e == nil {
		return nil
	}
	last, err := store.Setting(ctx, standingFor)
	if err != nil || last == e.Digest {
		return err
	}
	if _, err := store.Restand(ctx, nil, func(f finding.Finding) finding.Standing { return clock.Stand(f, now) }); err != nil {
		return err
	}
	return store.Set(ctx, standingFor, e.Digest)
}
