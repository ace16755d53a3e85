package ssh_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// search is a small one: not that of the inventory, which this package does not know.
func search(roots ...string) host.Search {
	return host.Search{
		Roots: roots, PassNames: []string{".git", "[x]"}, PassEnds: []string{"/pkg/mod"}, PassPaths: []string{"/proc"},
		Foreign: func(string) []string { return []string{filepath.Join(roots[0], "for*eign")} },
		Names:   []string{"go.mod"}, Ends: []string{".jar"}, Plain: []string{".py"}, Marks: []string{" Go buildinf:", "it's"},
		Use: func(p string) host.Use {
			switch {
			case filepath.Base(p) == "go.mod":
				return host.Whole
			case strings.HasSuffix(p, ".jar"):
				return host.InParts
			}
			return host.Program
		},
	}
}

// applications makes a tree of what is found and what is not.
func applications(t testing.TB) string {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		must(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	for _, d := range []string{"a", "it's", "two  words", "line\nbreak", "$(id)", "back\\slash", "*", "[y]", "-n", "\xff", "é", " "} {
		put(d+"/go.mod", "module "+d, 0o644)
	}
	for _, d := range []string{".git", "[x]", "x/pkg/mod", "for*eign", ".git/deep"} {
		put(d+"/go.mod", "passed", 0o644)
	}
	put("foreign/go.mod", "not foreign", 0o644)
	put("other.mod", "", 0o644)
	put("bin/plain", strings.Repeat("x", 3000), 0o755)
	put("bin/marked\n", strings.Repeat("x\n", 3000)+"a Go buildinf:"+strings.Repeat("\x00", 70000), 0o711)
	put("bin/quoted", strings.Repeat("x", 3000)+"it's", 0o755)
	put("bin/small", "a Go buildinf:", 0o755)
	put("bin/unstarted", strings.Repeat("x", 3000)+"a Go buildinf:", 0o644)
	put("bin/script.py", strings.Repeat("x", 3000)+"a Go buildinf:", 0o755)
	must(t, os.Symlink("a", filepath.Join(dir, "link")))
	must(t, os.Symlink("go.mod", filepath.Join(dir, "a", "x.jar")))
	return dir
}

func found(t testing.TB, tree *ssh.Tree, dir string) (out []string) {
	t.Helper()
	var all func(name string)
	all = func(name string) {
		entries, err := tree.ReadDir(name)
		must(t, err)
		for _, e := range entries {
			p := filepath.Join(name, e.Name())
			if e.IsDir() {
				all(p)
			} else {
				out = append(out, strings.TrimPrefix("/"+p, dir+"/"))
			}
		}
	}
	all(".")
	return out
}

// TestSearch: what is described is found under any name, and nothing else.
func TestSearch(t *testing.T) {
	dir := applications(t)
	tree := dial(t, newServer(t).options(t)).Search(t.Context(), search(dir, dir+"/a", "/nothing"))
	if len(tree.Gaps()) > 0 {
		t.Error(tree.Gaps())
	}
	want := []string{" /go.mod", "$(id)/go.mod", "*/go.mod", "-n/go.mod", "[y]/go.mod", "a/go.mod", "back\\slash/go.mod", "bin/marked\n", "bin/quoted", "foreign/go.mod",
		"it's/go.mod", "line\nbreak/go.mod", "two  words/go.mod", "é/go.mod", "\xff/go.mod"}
	if d := cmp.Diff(want, found(t, tree, dir)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	for _, name := range want {
		wanted, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		f, err := tree.Open(filepath.Join(dir, name)[1:])
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(f); err != nil || !bytes.Equal(got.Bytes(), wanted) {
			t.Errorf("%q: %v, %d bytes, want %d", name, err, got.Len(), len(wanted))
		}
	}
	// What was not searched for is asked for, where it is there.
	if f, err := tree.Open(filepath.Join(dir, "other.mod")[1:]); err != nil {
		t.Error(err)
	} else if i, err := f.Stat(); err != nil || i.Size() != 0 {
		t.Errorf("%v %v", i, err)
	}
	for _, name := range []string{"nothing", ".git/go.mod", "../x"} {
		if _, err := tree.Open(strings.TrimPrefix(dir, "/") + "/" + name); err == nil {
			t.Errorf("%s opens", name)
		}
	}
}

// TestSearchDenied: what the login may not see is named; what sudo shows is none of that.
func TestSearchDenied(t *testing.T) {
	name := account(t)
	s := newServer(t)
	must(t, os.Chmod(s.path("authorized"), 0o644))
	o := s.options(t)
	o.User = name
	dir := applications(t)
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(filepath.Join(dir, "it's"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "line\nbreak"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "a/go.mod"), 0o600))
	must(t, os.Chmod(filepath.Join(dir, "foreign/go.mod"), 0o600))
	look := func() (*ssh.Tree, string) {
		tree := dial(t, o).Search(t.Context(), search(dir))
		said := ""
		for _, err := range tree.Gaps() {
			said += err.Error() + "\n"
		}
		for _, f := range found(t, tree, dir) {
			if f, err := tree.Open(filepath.Join(dir, f)[1:]); err != nil {
				said += err.Error() + "\n"
			} else {
				f.Close()
			}
		}
		return tree, said
	}
	if _, said := look(); strings.Count(said, ": permission denied") != 5 || !strings.Contains(said, "it's: permission denied") || !strings.Contains(said, "line\nbreak: permission denied") ||
		!strings.Contains(said, "a/go.mod: permission denied") || !strings.Contains(said, "marked\n: permission denied") {
		t.Errorf("without sudo: %q", said)
	}
	need.Program(t, "sudo")
	drop := "/etc/sudoers.d/" + name
	must(t, os.WriteFile(drop, []byte(name+" ALL=(root) NOPASSWD: /usr/bin/cat "+dir+"/a/go.mod\n"), 0o440))
	t.Cleanup(func() { os.Remove(drop) })
	if _, said := look(); strings.Contains(said, "a/go.mod") || !strings.Contains(said, "foreign/go.mod: permission denied") {
		t.Errorf("with one file by sudo: %q", said)
	}
	must(t, os.WriteFile(drop, []byte(name+" ALL=(ALL:ALL) NOPASSWD: ALL\n"), 0o440))
	if tree, said := look(); said != "" || len(found(t, tree, dir)) != 15 {
		t.Errorf("with sudo: %q, %q", said, found(t, tree, dir))
	}
}

// TestSearchInParts: of a large archive only what is asked for is sent, and reading it through gives all of it.
func TestSearchInParts(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "large", Method: zip.Store})
	must(t, err)
	large := make([]byte, 5<<20+123)
	for i := range large {
		large[i] = byte(i * i >> 7)
	}
	_, err = w.Write(large)
	must(t, err)
	w, err = z.Create("small")
	must(t, err)
	_, err = w.Write([]byte("hello"))
	must(t, err)
	must(t, z.Close())
	must(t, os.WriteFile(filepath.Join(dir, "x.jar"), b.Bytes(), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "empty.jar"), nil, 0o644))
	tree := dial(t, newServer(t).options(t)).Search(t.Context(), search(dir))
	open := func(name string) interface {
		ReadAt([]byte, int64) (int, error)
		Err() error
	} {
		f, err := tree.Open(filepath.Join(dir, name)[1:])
		must(t, err)
		return f.(interface {
			ReadAt([]byte, int64) (int, error)
			Err() error
		})
	}
	r, err := zip.NewReader(open("x.jar"), int64(b.Len()))
	must(t, err)
	read := func(name string) string {
		f, err := r.Open(name)
		must(t, err)
		var out bytes.Buffer
		_, err = out.ReadFrom(f)
		must(t, err)
		return out.String()
	}
	if got := read("small"); got != "hello" {
		t.Errorf("%q", got)
	}
	if sent := ssh.Sent(tree); sent > 100<<10 {
		t.Errorf("for the small file %d bytes were sent", sent)
	}
	if read("large") != string(large) {
		t.Error("the large file is another")
	}
	if n, err := open("empty.jar").ReadAt(make([]byte, 1), 0); n != 0 || err == nil {
		t.Errorf("%d %v", n, err)
	}
	must(t, os.Truncate(filepath.Join(dir, "x.jar"), 1000))
	f := open("x.jar")
	if _, err := f.ReadAt(make([]byte, 10), 0); err == nil || f.Err() == nil {
		t.Errorf("a file that changed: %v", err)
	}
}

// TestSearchEnds: without a connection nothing was searched, which is said.
func TestSearchEnds(t *testing.T) {
	tr := dial(t, newServer(t).options(t))
	tr.Close()
	gaps := tr.Search(t.Context(), search(t.TempDir())).Gaps()
	p, ok := gaps[0].(*fact.Problem)
	if len(gaps) != 1 || !ok || p.Cause != fact.Unreachable {
		t.Error(gaps)
	}
}

// TestLines: lines are found as they are, in whichever file of many.
func TestLines(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a:amd64.list"), "/.\n/opt/a\n/opt/it's\n")
	write(t, filepath.Join(dir, "b.list"), "/opt/b\n/opt/abc\n/opt/.*\n")
	tree := dial(t, newServer(t).options(t)).Search(t.Context(), search(dir))
	got := map[string]string{}
	among := []string{"/opt/a", "/opt/it's", "/opt/.*", "/opt/no", "/opt/x\n/opt/b", ""}
	for range 6000 {
		among = append(among, "/opt/none")
	}
	must(t, tree.Lines(t.Context(), dir[1:]+"/*.list", among, func(file, line string) { got[line] = filepath.Base(file) }))
	if d := cmp.Diff(map[string]string{"/opt/a": "a:amd64.list", "/opt/it's": "a:amd64.list", "/opt/.*": "b.list"}, got); d != "" {
		t.Error(d)
	}
	must(t, tree.Lines(t.Context(), dir[1:]+"/*.none", among, func(string, string) { t.Error("found in nothing") }))
}
