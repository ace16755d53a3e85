package advisory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifest says which bytes of which files count. Replacing it is the one moment at which an import happens: what is
// killed before has changed nothing, what is killed after has changed all.
type manifest struct {
	Generation int               `json:"generation"`
	Index      string            `json:"index"`
	Feeds      map[string]*entry `json:"feeds"`
}

// entry is a feed with where it lies.
type entry struct {
	Feed
	File         string `json:"file"`
	Length       int64  `json:"length"`
	Dead         int64  `json:"dead,omitempty"` // bytes of frames that no longer count
	URL          string `json:"url,omitempty"`  // of the last update, with what the server said of its edition
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

const manifestFile = "feeds.json"

// ErrEmpty says that nothing was imported yet.
var ErrEmpty = errors.New("no advisories")

func (s *Store) manifest() (*manifest, error) {
	data, err := os.ReadFile(s.path(manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrEmpty, s.dir)
	} else if err != nil {
		return nil, fmt.Errorf("read the list of advisory feeds: %w", err)
	}
	m := &manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("read %s: %w; remove the folder and import again", s.path(manifestFile), err)
	}
	for name, e := range m.Feeds {
		if e == nil || !local(e.File) || e.Length < 0 {
			return nil, fmt.Errorf("read %s: feed %q names no file in this folder; remove the folder and import again", s.path(manifestFile), name)
		}
	}
	if m.Index != "" && !local(m.Index) {
		return nil, fmt.Errorf("read %s: the index is no file in this folder; remove the folder and import again", s.path(manifestFile))
	}
	if m.Feeds == nil {
		m.Feeds = map[string]*entry{}
	}
	return m, nil
}

func local(file string) bool {
	return file != "" && file == filepath.Base(file) && filepath.IsLocal(file)
}

// copy is a manifest to change.
func (m *manifest) copy() *manifest {
	out := &manifest{Generation: m.Generation, Index: m.Index, Feeds: map[string]*entry{}}
	for name, e := range m.Feeds {
		c := *e
		out.Feeds[name] = &c
	}
	return out
}

func (m *manifest) names() []string { return slices.Sorted(maps.Keys(m.Feeds)) }

func (m *manifest) feeds() (out []Feed) {
	for _, n := range m.names() {
		out = append(out, m.Feeds[n].Feed)
	}
	return out
}

// commit puts a manifest in the place of the old one. Its files have to be durable.
func (s *Store) commit(m *manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	// The folder first: the names of new files have to be there before anything points at them.
	if err := syncDir(s.dir); err != nil {
		return err
	}
	if err := replaceFile(s.path(manifestFile), append(data, '\n')); err != nil {
		return fmt.Errorf("write the list of advisory feeds: %w", err)
	}
	s.sweep(m)
	return nil
}

// sweep removes what nothing points at any more. Who has it open or mapped keeps it. What cannot be removed stays for
// the next time.
func (s *Store) sweep(m *manifest) {
	keep := map[string]bool{manifestFile: true, lockFile: true, m.Index: true}
	for _, e := range m.Feeds {
		keep[e.File] = true
	}
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, f := range list {
		n := f.Name()
		ours := strings.HasPrefix(n, "index-") || strings.HasSuffix(n, ".log") || strings.HasSuffix(n, ".zst") || strings.HasSuffix(n, ".new")
		if ours && !keep[n] && f.Type().IsRegular() {
			_ = os.Remove(s.path(n))
		}
	}
}

// replaceFile puts a file in the place of another such that after a loss of power one of the two is there, whole.
func replaceFile(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
