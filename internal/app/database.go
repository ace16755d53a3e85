package app

import (
	"context"
	"errors"
	"fmt"

	"holdfast.example/holdfast/internal/store/relational"
)

// TableCount is how many rows of a table were copied.
type TableCount = relational.TableCount

// MigrateDatabase brings the database that --db names up to date, and gives where it is.
func MigrateDatabase(ctx context.Context, stateFlag, db string) (string, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return "", err
	}
	s, err := openStore(ctx, state, db)
	if err != nil {
		return "", err
	}
	return s.Path(), s.Close()
}

// CopyDatabase fills an empty database with all that another holds; an empty From is that of the state folder.
func CopyDatabase(ctx context.Context, stateFlag, from, to string, progress func(TableCount)) ([]TableCount, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	if to == "" {
		return nil, &UsageError{"--to is missing: the database to fill, postgres://USER@HOST/NAME or sqlite:FILE"}
	}
	source, err := openStore(ctx, state, from)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	target, err := openStore(ctx, state, to)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	if source.Path() == target.Path() {
		return nil, &UsageError{fmt.Sprintf("--from and --to are the same database, %s", source.Path())}
	}
	out, err := target.Copy(ctx, source, progress)
	if errors.Is(err, relational.ErrFull) {
		return nil, &UsageError{err.Error()}
	}
	return out, err
}
