package planted

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"github.com/rogpeppe/go-internal/txtar"
)

// tree is a folder that is judged as the root of a host. Its methods change it in one place each
// and end the test when they cannot.
type tree struct {
	t   *testing.T
	dir string
}

// clean makes the tree of testdata/clean.txtar, in which nothing is wrong.
func clean(t *testing.T) tree {
	t.Helper()
	need.Root(t) // to give the files of a tree to the owners that the checks want
	archive, err := txtar.ParseFile("testdata/clean.txtar")
	if err != nil {
		t.Fatal(err)
	}
	r := tree{t, filepath.Join(t.TempDir(), "root")}
	r.folder("", 0o755)
	for _, f := range archive.Files {
		r.plant(f.Name, f.Data)
	}
	return r
}

// plant makes what the name of a file in the archive says: "etc/shadow 0640 0:42", "tmp/ 1777",
// "sbin -> usr/sbin".
func (r tree) plant(name string, data []byte) {
	r.t.Helper()
	if path, to, ok := strings.Cut(name, " -> "); ok {
		r.link(path, to)
		return
	}
	words := strings.Fields(name)
	path, mode := words[0], uint64(0)
	if len(words) > 1 {
		var err error
		if mode, err = strconv.ParseUint(words[1], 8, 32); err != nil {
			r.t.Fatalf("%s: %v", name, err)
		}
	}
	if strings.HasSuffix(path, "/") {
		r.folder(path, uint32(mode))
	} else {
		if mode == 0 {
			mode = 0o644
		}
		r.write(path, string(data))
		r.chmod(path, uint32(mode))
	}
	if len(words) > 2 {
		var uid, gid int
		if _, err := fmt.Sscanf(words[2], "%d:%d", &uid, &gid); err != nil {
			r.t.Fatalf("%s: %v", name, err)
		}
		r.chown(path, uid, gid)
		r.chmod(path, uint32(mode)) // chown takes set-user-ID bits away
	}
}

func (r tree) path(name string) string { return filepath.Join(r.dir, name) }

func (r tree) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// parents makes the folders above a path, open to all for reading, whatever the umask.
func (r tree) parents(name string) {
	r.t.Helper()
	for up := filepath.Dir(r.path(name)); len(up) > len(r.dir); up = filepath.Dir(up) {
		if _, err := os.Stat(up); err == nil {
			return
		}
		defer func() { r.must(os.Chmod(up, 0o755)) }()
		defer func() { r.must(os.MkdirAll(up, 0o755)) }()
	}
}

func (r tree) folder(name string, mode uint32) {
	r.t.Helper()
	r.parents(name)
	r.must(os.MkdirAll(r.path(name), 0o755))
	r.chmod(name, mode)
}

// write replaces a file's content, or makes the file with mode 0644.
func (r tree) write(name, text string) {
	r.t.Helper()
	r.parents(name)
	_, err := os.Lstat(r.path(name))
	r.must(os.WriteFile(r.path(name), []byte(text), 0o644))
	if err != nil {
		r.chmod(name, 0o644)
	}
}

// add puts lines behind a file.
func (r tree) add(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_WRONLY, 0)
	r.must(err)
	_, err = f.WriteString(text)
	r.must(err)
	r.must(f.Close())
}

// replace changes the one place in a file where old stands.
func (r tree) replace(name, old, with string) {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	r.must(err)
	if n := strings.Count(string(data), old); n != 1 {
		r.t.Fatalf("%s holds %q %d times, want once", name, old, n)
	}
	r.write(name, strings.Replace(string(data), old, with, 1))
}

func (r tree) link(name, to string) {
	r.t.Helper()
	r.parents(name)
	r.must(os.Symlink(to, r.path(name)))
}

func (r tree) remove(name string) {
	r.t.Helper()
	r.must(os.RemoveAll(r.path(name)))
}

// chmod sets permission bits as chmod(1) takes them, set-user-ID and sticky ones too.
func (r tree) chmod(name string, mode uint32) {
	r.t.Helper()
	m := os.FileMode(mode & 0o777)
	for bit, is := range map[uint32]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
		if mode&bit != 0 {
			m |= is
		}
	}
	r.must(os.Chmod(r.path(name), m))
}

func (r tree) chown(name string, uid, gid int) {
	r.t.Helper()
	r.must(os.Chown(r.path(name), uid, gid))
}
