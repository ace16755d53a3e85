package advisory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Index opens the index. One that is missing, damaged or of another version is made anew from the records, which needs
// the right to write. ErrEmpty: nothing was imported yet.
func (s *Store) Index(ctx context.Context, now time.Time) (*Index, error) {
	var last error
	for range 3 { // a writer may put another in its place between the two steps
		m, err := s.manifest()
		if err != nil {
			return nil, err
		}
		ix, err := s.open(m)
		if err == nil {
			return ix, nil
		}
		last = err
		if again, err := s.manifest(); err == nil && again.Generation != m.Generation {
			continue
		}
		if err := s.Rebuild(ctx, now); err != nil {
			return nil, fmt.Errorf("%w; making it anew: %w", last, err)
		}
	}
	return nil, last
}

func (s *Store) open(m *manifest) (*Index, error) {
	if m.Index == "" {
		return nil, fmt.Errorf("%s has no index: %w", s.dir, ErrCorrupt)
	}
	ix, err := OpenIndex(s.path(m.Index))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: %w", s.path(m.Index), ErrCorrupt)
	} else if err != nil {
		return nil, err
	}
	ix.feeds = m.feeds()
	return ix, nil
}

// usable tells whether the index of a manifest can be opened.
func (s *Store) usable(m *manifest) bool {
	ix, err := s.open(m)
	if err != nil {
		return false
	}
	ix.Close()
	return true
}

// Rebuild compiles the index anew from the stored records.
func (s *Store) Rebuild(ctx context.Context, now time.Time) error {
	release, err := s.lock(ctx, "compiling", now, nil)
	if err != nil {
		return err
	}
	defer release()
	old, err := s.manifest()
	if err != nil {
		return err
	}
	next := old.copy()
	next.Generation++
	if err := s.compile(ctx, next, nil); err != nil {
		return err
	}
	return s.commit(next)
}

// Feeds are what was imported, without opening the index.
func (s *Store) Feeds() ([]Feed, error) {
	m, err := s.manifest()
	if err != nil {
		return nil, err
	}
	return m.feeds(), nil
}

// Text is a record as it came; of one that came in parts an array of them. fs.ErrNotExist: the feed has none of that id.
func (s *Store) Text(feed, id string) ([]byte, error) {
	m, err := s.manifest()
	if err != nil {
		return nil, err
	}
	e := m.Feeds[feed]
	if e == nil || feed == KEV || feed == EPSS || feed == EOL {
		return nil, fmt.Errorf("feed %q: %w", feed, fs.ErrNotExist)
	}
	b, release, err := mapped(s.path(e.File), e.Length)
	if err != nil {
		return nil, err
	}
	defer release()
	var last []byte
	err = frames(b, func(f frame) error {
		r := reader{s: f.parsed}
		if r.string() == id {
			if last = f.raw; f.kind != frameRecord {
				last = nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path(e.File), err)
	}
	if last == nil {
		return nil, fmt.Errorf("%s in feed %s: %w", id, feed, fs.ErrNotExist)
	}
	return unpacked(last, s.path(e.File))
}
