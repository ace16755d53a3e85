package relational

import (
	"context"
	"fmt"
)

// Snapshot copies the database as it is at one moment into a new file, while others go on writing.
func (s *Store) Snapshot(ctx context.Context, path string) error {
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy %s to %s: %w", s.path, path, err)
	}
	return nil
}
