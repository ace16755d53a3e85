package app

import (
	"context"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/store/relational"
)

// EstateChange is an estate that the control plane worked by from a time on.
type EstateChange struct {
	Number  int       `json:"number"` // from 1
	At      time.Time `json:"at"`
	Digest  string    `json:"digest"`
	Changes []string  `json:"changes"` // against the one before
	Text    string    `json:"-"`       // as "estate show" writes it
}

// EstateHistory gives the estates that the control plane of a state folder worked by, the first first.
func EstateHistory(ctx context.Context, stateFlag, db string) ([]EstateChange, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	out := []EstateChange{}
	var before []byte
	err = withStore(ctx, state, db, func(s *relational.Store) error {
		return s.Estates(ctx, func(e relational.KeptEstate) error {
			changes := []string{}
			if before != nil {
				if changes, err = estate.Changes(before, e.Data); err != nil {
					return err
				}
			}
			before = e.Data
			out = append(out, EstateChange{e.Seq, e.At, e.Digest, changes, string(e.Data)})
			return nil
		})
	})
	return out, err
}
