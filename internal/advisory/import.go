package advisory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Options of an import.
type Options struct {
	Source  string    // what is noted as the origin; empty: the path
	AsOf    time.Time // how current the source is, as who imports it says; zero: as its newest record
	Waiting Waiting   // is told who holds the store while this import waits
	// Whole are the feeds of which the source holds all records, a mirror for example: what it lacks is gone.
	Whole []string
}

// Result is what an import did.
type Result struct {
	Feeds   []FeedResult `json:"feeds"`
	Corrupt int          `json:"corrupt,omitempty"` // records that could not be read, and were left out
	First   []string     `json:"first,omitempty"`   // names of the first of them, with what is wrong, at most 20
	Passed  int          `json:"passed,omitempty"`  // files that hold nothing of this sort
	Others  []string     `json:"others,omitempty"`  // names of the first of them, at most 20
	Kept    int          `json:"kept,omitempty"`    // records that a whole feed lacks, and that stay because too many would go
}

// FeedResult is what an import did to one feed.
type FeedResult struct {
	Name    string `json:"name"`
	Read    int    `json:"read"` // records that the source has
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
	Older   int    `json:"older,omitempty"` // older than what is there, and left out
	Gone    int    `json:"gone,omitempty"`  // the source has them no longer
	Records int    `json:"records"`         // afterwards
}

// headBytes is how much of a file tells what it is.
const headBytes = 64 << 10

const named = 20

func (r *Result) corrupt(name string, err error) {
	if r.Corrupt++; len(r.First) < named {
		text := err.Error()
		if !strings.HasPrefix(text, name) {
			text = name + ": " + text
		}
		r.First = append(r.First, text)
	}
}

func (r *Result) passed(name string) {
	if r.Passed++; len(r.Others) < named {
		r.Others = append(r.Others, name)
	}
}

// Import takes advisories from a folder, a zip, a tar.gz or tar.zst, a record or an array of records of OSV, or a list
// of KEV, EPSS or end of life, and compiles the index anew. What the content is, it tells by itself. Either all of it
// counts afterwards, or after an error nothing: single records that cannot be read are named and left out.
func (s *Store) Import(ctx context.Context, source string, now time.Time, o Options) (*Result, error) {
	release, err := s.lock(ctx, "import of "+filepath.Base(source), now, o.Waiting)
	if err != nil {
		return nil, err
	}
	defer release()
	if o.Source == "" {
		o.Source = source
	}
	i, err := s.begin(now, o)
	if err != nil {
		return nil, err
	}
	defer i.abandon()
	if err := i.take(ctx, source); err != nil {
		return nil, fmt.Errorf("import %s: %w", source, err)
	}
	return i.finish(ctx)
}

// take reads one path, a folder with all below it.
func (i *importer) take(ctx context.Context, source string) error {
	st, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		known, err := i.file(ctx, source, filepath.ToSlash(source))
		if err == nil && !known {
			err = errors.New("no advisories: it is no zip, tar.gz, tar.zst, record of OSV, or list of KEV, EPSS or end of life")
		}
		return err
	}
	var records []item
	n := 0
	err = filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if n++; n > i.store.limits.entries {
			return fmt.Errorf("the folder has more than %d files: %w", i.store.limits.entries, errTooLarge)
		}
		if !d.Type().IsRegular() { // a link may lead anywhere
			return nil
		}
		name := filepath.ToSlash(path)
		if strings.HasSuffix(name, ".json") {
			if head, err := headOf(path); err == nil && recognise(head) == sortRecord {
				records = append(records, item{name: name, read: func() ([]byte, error) { return readFile(path, i.store.limits.record) }})
				return nil
			}
		}
		known, err := i.file(ctx, path, name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !known {
			i.result.passed(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return i.items(ctx, records)
}

// file reads one file and tells whether it is something to import.
func (i *importer) file(ctx context.Context, path, name string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, err
	}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, err
	}
	switch s := recognise(head[:n]); s {
	case sortZip:
		list, err := unzip(path, f, st.Size(), i.store.limits)
		if err != nil {
			return false, err
		}
		for j := range list {
			list[j].name = folderOf(name) + list[j].name
		}
		return true, i.items(ctx, list)
	case sortGzip, sortZstd, sortTar:
		return i.packed(ctx, f, path, name, s)
	default:
		data, err := i.all(f, path, s)
		if err != nil {
			return false, err
		}
		return i.plain(ctx, data, path, name)
	}
}

// folderOf is the folder of a file as the beginning of names below it.
func folderOf(name string) string { return name[:strings.LastIndexByte(name, '/')+1] }

// all reads a file from its start, as much as its sort allows.
func (i *importer) all(f io.ReadSeeker, path string, s sort) ([]byte, error) {
	if s == unknown {
		return nil, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return bounded(f, i.store.limits.list, path)
}

// packed reads what lies in gzip or zstd, a tar or one file, and a tar that is not packed.
func (i *importer) packed(ctx context.Context, f io.ReadSeeker, path, name string, s sort) (bool, error) {
	open := func() (io.Reader, func(), error) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, nil, err
		}
		bound := func(r io.Reader) io.Reader { return &total{r, i.store.limits.total, path} }
		if s == sortTar {
			return bound(f), func() {}, nil
		}
		if s == sortGzip {
			r, err := gzip.NewReader(f)
			if err != nil {
				return nil, nil, err
			}
			return bound(r), func() { r.Close() }, nil
		}
		r, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, nil, err
		}
		return bound(r), r.Close, nil
	}
	r, done, err := open()
	if err != nil {
		return false, fmt.Errorf("%s cannot be unpacked: %w", path, err)
	}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(r, head)
	done()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, fmt.Errorf("%s cannot be unpacked, it may have been cut off: %w", path, err)
	}
	inner := recognise(head[:n])
	if inner == unknown || inner == sortZip || inner == sortGzip || inner == sortZstd {
		return false, nil // what is packed twice was not packed by a feed
	}
	r, done, err = open()
	if err != nil {
		return false, err
	}
	defer done()
	if inner == sortTar {
		return true, i.tar(ctx, path, name, r, func() (io.Reader, func(), error) { return open() })
	}
	data, err := bounded(r, i.store.limits.list, path)
	if err != nil {
		return false, fmt.Errorf("%s cannot be unpacked, it may have been cut off: %w", path, err)
	}
	return i.plain(ctx, data, path, name)
}

func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, headBytes))
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bounded(f, limit, path)
}
