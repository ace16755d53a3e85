package link

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Spool keeps packed reports on disk until they were delivered, the oldest first. What has no room is dropped from the old
// end, and counted.
type Spool struct {
	dir string
	max int64

	mu    sync.Mutex
	sizes map[string]int64 // by id
	lost  int
	added chan struct{}
}

const spoolSuffix = ".report"

// OpenSpool opens or makes a spool of at most max bytes.
func OpenSpool(dir string, max int64) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s := &Spool{dir: dir, max: max, sizes: map[string]int64{}, added: make(chan struct{}, 1)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), spoolSuffix)
		if st, err := e.Info(); ok && err == nil && st.Mode().IsRegular() && uuid.Validate(id) == nil {
			s.sizes[id] = st.Size()
		} else if strings.HasPrefix(e.Name(), keepPrefix) {
			_ = os.Remove(filepath.Join(dir, e.Name())) // was being written when the agent ended
		}
	}
	if len(s.sizes) > 0 {
		s.added <- struct{}{}
	}
	return s, nil
}

func (s *Spool) path(id string) string { return filepath.Join(s.dir, id+spoolSuffix) }

// Add keeps a report. It gives how many older ones were dropped for it.
func (s *Spool) Add(id string, packed []byte) (dropped int, err error) {
	if err := keep(s.path(id), packed); err != nil {
		return 0, fmt.Errorf("keep a report: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes[id] = int64(len(packed))
	for total := s.total(); total > s.max && len(s.sizes) > 1; total = s.total() {
		oldest := s.oldest()
		if err := os.Remove(s.path(oldest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dropped, fmt.Errorf("make room in the spool: %w", err)
		}
		delete(s.sizes, oldest)
		dropped++
	}
	s.lost += dropped
	select {
	case s.added <- struct{}{}:
	default:
	}
	return dropped, nil
}

func (s *Spool) total() (n int64) {
	for _, size := range s.sizes {
		n += size
	}
	return n
}

// oldest is the first by time: a UUIDv7 begins with it.
func (s *Spool) oldest() string {
	first := ""
	for id := range s.sizes {
		if first == "" || id < first {
			first = id
		}
	}
	return first
}

// Oldest gives the report that is to be delivered next. False: none waits.
func (s *Spool) Oldest() (id string, packed []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id = s.oldest(); id != ""; id = s.oldest() {
		packed, err = os.ReadFile(s.path(id))
		if !errors.Is(err, fs.ErrNotExist) {
			return id, packed, err == nil, err
		}
		delete(s.sizes, id) // somebody cleaned up
	}
	return "", nil, false, nil
}

// Done lets go of a report that was delivered.
func (s *Spool) Done(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("let go of a delivered report: %w", err)
	}
	delete(s.sizes, id)
	return nil
}

// Waiting gives how many reports wait, and how many had to be dropped since the spool was opened.
func (s *Spool) Waiting() (reports, lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sizes), s.lost
}

// Added says that something waits.
func (s *Spool) Added() <-chan struct{} { return s.added }

// Jitter is a random time below d, so that a thousand agents do not do the same at once.
func Jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(d))
}
