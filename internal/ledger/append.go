package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

// quiet keeps Tessera's words from the terminal: what fails comes back as an error.
var quiet = sync.OnceFunc(func() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
})

// Enter adds the entries that the ledger does not have yet, in their order, and gives the signed checkpoint that holds
// them. From is where to look for those that it has: an index at or before the first of them; so what is entered again
// after a kill is entered once. One process writes at a time, others wait.
func (l *Ledger) Enter(ctx context.Context, from uint64, entries []Entry) (Checkpoint, error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return Checkpoint{}, fmt.Errorf("make the folder of the ledger: %w", err)
	}
	release, err := l.lock(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	defer release()
	if err := l.takeOver(ctx); err != nil {
		return Checkpoint{}, fmt.Errorf("replace the key of the ledger in %s: %w", l.dir, err)
	}
	signer, err := l.signer()
	if err != nil {
		return Checkpoint{}, err
	}
	if err := l.add(ctx, signer, from, entries); err != nil {
		return Checkpoint{}, fmt.Errorf("add to the ledger in %s: %w", l.dir, err)
	}
	return Head(l.FS())
}

// missing gives the bytes of entries whose ids the ledger does not have from an index on.
func (l *Ledger) missing(from uint64, entries []Entry) ([][]byte, error) {
	has := map[string]bool{}
	err := Each(l.FS(), from, func(_ uint64, e Entry) error { has[e.ID] = true; return nil })
	if err != nil && !errors.Is(err, ErrEmpty) {
		return nil, err
	}
	var out [][]byte
	for _, e := range entries {
		if has[e.ID] {
			continue
		}
		has[e.ID] = true
		e.At = e.At.UTC()
		data, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if len(data) > MaxEntry {
			return nil, fmt.Errorf("%s has %d bytes, an entry of the ledger holds %d: enter its hash", e.ID, len(data), MaxEntry)
		}
		out = append(out, data)
	}
	return out, nil
}

func (l *Ledger) add(ctx context.Context, signer note.Signer, from uint64, entries []Entry) (err error) {
	quiet()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // Tessera's loops outlive its shutdown
	driver, err := posix.New(ctx, posix.Config{Path: l.dir})
	if err != nil {
		return err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).
		WithCheckpointRepublishInterval(24*time.Hour).
		WithBatching(256, 5*time.Millisecond))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shutdown(ctx)) }()
	if err := l.settled(ctx, reader); err != nil {
		return err
	}
	missing, err := l.missing(from, entries)
	if err != nil || len(missing) == 0 {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	futures := make([]tessera.IndexFuture, len(missing))
	for i, e := range missing {
		futures[i] = appender.Add(ctx, tessera.NewEntry(e))
	}
	for _, f := range futures {
		if _, _, err := awaiter.Await(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the checkpoint is over all that was written. A writer that was killed may have left entries behind
// it, which Tessera takes in now: before that nobody can say what is missing.
func (l *Ledger) settled(ctx context.Context, reader tessera.LogReader) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		next, err := reader.NextIndex(ctx)
		if err != nil {
			return err
		}
		head, err := Head(l.FS())
		if err != nil && !errors.Is(err, ErrEmpty) && !errors.Is(err, errHeadless) {
			return err
		}
		if head.Size >= next {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a checkpoint over the %d entries that are there, it has %d: %w", next, head.Size, ctx.Err())
		case <-tick.C:
		}
	}
}

// lock keeps other writers away until release is called or the process ends.
func (l *Ledger) lock(ctx context.Context) (release func(), err error) {
	f, err := os.OpenFile(l.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the ledger: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", l.path("lock"), err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another process that writes to the ledger in %s: %w", l.dir, ctx.Err())
		case <-tick.C:
		}
	}
}

// Hold keeps writers away while f runs: what it sees of the ledger's files belongs together. Without a ledger it just runs.
func (l *Ledger) Hold(ctx context.Context, f func() error) error {
	if _, err := os.Stat(l.dir); errors.Is(err, fs.ErrNotExist) {
		return f()
	}
	release, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	return f()
}
