package relational

import (
	"context"
	"errors"
	"fmt"
)

// Snapshot copies the database as it is at one moment into a new SQLite file, while others go on writing.
func (s *Store) Snapshot(ctx context.Context, path string) error {
	if s.file() {
		if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
			return fmt.Errorf("copy %s to %s: %w", s.path, path, err)
		}
		return nil
	}
	to, err := Open(ctx, path)
	if err != nil {
		return err
	}
	_, err = to.Copy(ctx, s, nil)
	return errors.Join(err, to.Close())
}
