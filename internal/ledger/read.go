package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
)

// Checkpoint is a signed head of the ledger.
type Checkpoint struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"` // entries
	Root   []byte `json:"root"` // Merkle root, RFC 6962
	Text   string `json:"text"` // as it was signed
}

var errHeadless = errors.New("the checkpoint is gone, and entries are there")

// Head reads the checkpoint and checks its signature. ErrEmpty: there is none.
func Head(files fs.FS) (Checkpoint, error) {
	text, err := read(files, layout.CheckpointPath, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		if _, key, err := verifierOf(files); err == nil && key != "" && exists(files, layout.EntriesPath(0, 1)) {
			return Checkpoint{}, errHeadless
		}
		return Checkpoint{}, ErrEmpty
	} else if err != nil {
		return Checkpoint{}, fmt.Errorf("read the checkpoint: %w", err)
	}
	r, err := ringOf(files)
	if err != nil {
		return Checkpoint{}, err
	}
	head, _, err := r.parse(string(text))
	return head, err
}

// Each calls f for each entry from an index on. It checks nothing but that the entries can be read; Verify does.
func Each(files fs.FS, from uint64, f func(index uint64, e Entry) error) error {
	head, err := Head(files)
	if err != nil {
		return err
	}
	if from > head.Size {
		return fmt.Errorf("the ledger has %d entries, and had %d: its end was cut off", head.Size, from)
	}
	return eachLeaf(files, head.Size, from, func(index uint64, data []byte) error {
		e, err := parseEntry(index, data)
		if err != nil {
			return err
		}
		return f(index, e)
	})
}

func eachLeaf(files fs.FS, size, from uint64, f func(index uint64, data []byte) error) error {
	for at := from / layout.EntryBundleWidth; at*layout.EntryBundleWidth < size; at++ {
		raw, err := fetcher{files}.ReadEntryBundle(context.Background(), at, layout.PartialTileSize(0, at, size))
		if err != nil {
			return fmt.Errorf("entries from %d on cannot be read: %w", at*layout.EntryBundleWidth, err)
		}
		var b api.EntryBundle
		if err := b.UnmarshalText(raw); err != nil {
			return fmt.Errorf("entries from %d on are damaged: %w", at*layout.EntryBundleWidth, err)
		}
		for i, data := range b.Entries {
			if index := at*layout.EntryBundleWidth + uint64(i); index >= from && index < size {
				if err := f(index, data); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fetcher reads the files of tlog-tiles.
type fetcher struct{ files fs.FS }

func (f fetcher) ReadCheckpoint(context.Context) ([]byte, error) {
	return read(f.files, layout.CheckpointPath, 1<<20)
}

func (f fetcher) ReadTile(_ context.Context, level, index uint64, p uint8) ([]byte, error) {
	return f.partial(p, func(p uint8) string { return layout.TilePath(level, index, p) }, 256*32)
}

func (f fetcher) ReadEntryBundle(_ context.Context, index uint64, p uint8) ([]byte, error) {
	return f.partial(p, func(p uint8) string { return layout.EntriesPath(index, p) }, 256*(MaxEntry+2))
}

// partial reads a file that holds fewer than 256 of something, or the whole one that came later in its place.
func (f fetcher) partial(p uint8, name func(p uint8) string, limit int64) ([]byte, error) {
	data, err := read(f.files, name(p), limit)
	if p > 0 && errors.Is(err, fs.ErrNotExist) {
		return read(f.files, name(0), limit)
	}
	return data, err
}

func read(files fs.FS, name string, limit int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, err
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}
