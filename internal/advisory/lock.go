package advisory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const lockFile = "lock"

// Waiting is told who holds the store while a writer waits for it; nil: nobody needs to know.
type Waiting func(holder string)

// lock keeps other writers away until release is called, or the process ends in whatever way: the kernel holds the
// lock, not the file. What stands in the file tells who waits whom for.
func (s *Store) lock(ctx context.Context, what string, now time.Time, waiting Waiting) (release func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for advisories: %w", err)
	}
	f, err := os.OpenFile(s.path(lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the advisories: %w", err)
	}
	said := false
	// Asking again, not a blocking flock: only so can the wait be cancelled.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", s.path(lockFile), err)
		}
		if !said && waiting != nil {
			waiting(holder(f))
		}
		said = true
		select {
		case <-ctx.Done():
			who := holder(f)
			f.Close()
			return nil, fmt.Errorf("wait for %s, which writes to %s: %w", who, s.dir, ctx.Err())
		case <-tick.C:
		}
	}
	text := fmt.Sprintf("process %d (%s, since %s)\n", os.Getpid(), what, now.UTC().Format(time.RFC3339))
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(text), 0)
	}
	return func() {
		_ = f.Truncate(0)
		f.Close()
	}, nil
}

func holder(f *os.File) string {
	b := make([]byte, 200)
	n, _ := f.ReadAt(b, 0)
	if s := strings.TrimSpace(string(b[:n])); s != "" {
		return s
	}
	return "another process"
}
