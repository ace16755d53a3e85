package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"holdfast.example/holdfast/internal/host"
)

// tree is a file system seen from its root; all paths are absolute and clean.
type tree interface {
	open(p string) (f *os.File, real string, err error) // never blocks, follows links inside the root
	lstat(p string) (host.Info, error)                  // follows links but the last
	names(dir string) ([]string, error)
	close() error
}

var (
	errOutside = errors.New("link leads out of the root")
	errLoop    = errors.New("too many levels of symbolic links")
)

// machineTree is the running machine: the kernel resolves links.
type machineTree struct{}

func (machineTree) open(p string) (*os.File, string, error) {
	f, err := os.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, p, err
	}
	real := p
	if !strings.HasPrefix(p, "/proc/") {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			real = r
		}
	}
	return f, real, nil
}

func (machineTree) lstat(p string) (host.Info, error) {
	st, err := os.Lstat(p)
	if err != nil {
		return host.Info{}, err
	}
	i := info(p, p, st)
	if i.Mode&fs.ModeSymlink != 0 {
		i.Link, _ = os.Readlink(p)
		if r, err := filepath.EvalSymlinks(p); err == nil {
			i.Real = r
		}
	} else if dir, err := filepath.EvalSymlinks(path.Dir(p)); err == nil {
		i.Real = path.Join(dir, path.Base(p))
	}
	return i, nil
}

func (machineTree) names(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return list(f)
}

func (machineTree) close() error { return nil }

// rootTree is a folder. os.Root guards against leaving it, also when the tree changes underneath;
// resolve gives absolute links the meaning that they have inside a chroot.
type rootTree struct{ root *os.Root }

func (t rootTree) open(p string) (*os.File, string, error) {
	real, err := t.resolve(p, true)
	if err != nil {
		return nil, p, err
	}
	f, err := t.root.OpenFile(rel(real), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	return f, real, err
}

func (t rootTree) lstat(p string) (host.Info, error) {
	real, err := t.resolve(p, false)
	if err != nil {
		return host.Info{}, err
	}
	st, err := t.root.Lstat(rel(real))
	if err != nil {
		return host.Info{}, err
	}
	i := info(p, real, st)
	if i.Mode&fs.ModeSymlink != 0 {
		i.Link, _ = t.root.Readlink(rel(real))
		if end, err := t.resolve(p, true); err == nil {
			i.Real = end
		}
	}
	return i, nil
}

func (t rootTree) names(dir string) ([]string, error) {
	f, _, err := t.open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return list(f)
}

func (t rootTree) close() error { return t.root.Close() }

// resolve replaces links by what they mean inside the tree. A path that climbs above the root is
// refused: in a chroot it would end at the root, but a link that tries is worth a problem.
func (t rootTree) resolve(p string, last bool) (string, error) {
	todo := strings.Split(strings.Trim(p, "/"), "/")
	done := "/"
	for hops := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "/" {
				return "", errOutside
			}
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		st, err := t.root.Lstat(rel(next))
		if err != nil {
			return "", err
		}
		if st.Mode()&fs.ModeSymlink == 0 || len(todo) == 0 && !last {
			done = next
			continue
		}
		if hops++; hops > 40 {
			return "", errLoop
		}
		link, err := t.root.Readlink(rel(next))
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(link, "/") {
			done = "/"
		}
		todo = append(strings.Split(link, "/"), todo...)
	}
	return done, nil
}

// list gives at most one name more than a pattern may match.
func list(f *os.File) ([]string, error) {
	names, err := f.Readdirnames(host.MaxMatches + 1)
	if errors.Is(err, io.EOF) { // an empty folder
		err = nil
	}
	return names, err
}

func rel(p string) string {
	if p == "/" {
		return "."
	}
	return strings.TrimPrefix(p, "/")
}

func info(p, real string, st fs.FileInfo) host.Info {
	i := host.Info{Path: p, Real: real, Mode: st.Mode(), Size: st.Size(), UID: -1, GID: -1}
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		i.UID, i.GID, i.Inode, i.Device = int(s.Uid), int(s.Gid), s.Ino, s.Dev
	}
	return i
}
