package inventory

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/collect/inventory/inventorytest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/components"
)

// files makes a tree of texts.
func files(texts map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range texts {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return out
}

func look(t *testing.T, fsys fstest.MapFS, l Limits) components.Fact {
	t.Helper()
	return Components(t.Context(), Tree{FS: fsys, Name: "rootfs:/srv", Limits: l})
}

func short(f components.Fact) (out []string) {
	for _, p := range f.Packages {
		s := p.Ecosystem + " " + p.Name + " " + p.Version + " at " + strings.Join(p.Places, " ")
		if p.Owner != "" {
			s += " of " + p.Owner
		}
		out = append(out, s)
	}
	return out
}

// TestFormats: each format gives what it names, and nothing beside.
func TestFormats(t *testing.T) {
	for name, x := range inventorytest.Formats(t) {
		f := look(t, files(x.Texts), Limits{})
		if diff := cmp.Diff(x.Want, short(f)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if len(f.Missing()) > 0 {
			t.Errorf("%s: %v", name, f.Missing())
		}
	}
}

// TestHostile: what is too large, too deep, too many or broken is a gap that names it, and costs nothing else.
func TestHostile(t *testing.T) {
	var inner bytes.Buffer
	z := zip.NewWriter(&inner)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "zeros.class", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := inventorytest.Jar(t, map[string]string{"lib/inner.jar": inner.String()})
	if len(bomb) > 1<<20 {
		t.Fatal("no bomb")
	}
	good := map[string]string{"srv/good/Cargo.lock": "version = 3\n\n[[package]]\nname = \"time\"\nversion = \"0.1.43\"\n"}
	for name, x := range map[string]struct {
		texts  map[string]string
		limits Limits
		want   string // in the gap; empty: none
	}{
		"broken lock":   {map[string]string{"srv/bad/package-lock.json": `{"packages": `}, Limits{}, "/srv/bad/package-lock.json: "},
		"broken jar":    {map[string]string{"srv/bad.jar": "PK\x03\x04 nothing of the kind, and long enough to be one"}, Limits{}, "/srv/bad.jar: "},
		"climbing jar":  {map[string]string{"srv/bad.jar": inventorytest.Jar(t, map[string]string{"../../../etc/pom.properties": "groupId=a\nartifactId=b\nversion=1\n"})}, Limits{}, ""},
		"bomb":          {map[string]string{"srv/bomb.jar": bomb}, Limits{FileBytes: 1 << 20}, "/srv/bomb.jar: "},
		"large file":    {map[string]string{"srv/composer.lock": strings.Repeat(" ", 2000)}, Limits{FileBytes: 1000}, "/srv/composer.lock: is larger than"},
		"deep folder":   {map[string]string{"srv/" + strings.Repeat("d/", 60) + "go.mod": "module m"}, Limits{}, "is more than 40 folders deep"},
		"many files":    {map[string]string{"a": "", "b": "", "c": "", "d": ""}, Limits{Files: 3}, "more than 3 files"},
		"too many":      {map[string]string{"srv/requirements.txt": "a==1\nb==1\nc==1\n"}, Limits{Components: 2}, "more than 2 components"},
		"not composers": {map[string]string{"srv/installed.json": "{"}, Limits{}, ""},
	} {
		texts := map[string]string{}
		for _, m := range []map[string]string{good, x.texts} {
			for k, v := range m {
				texts[k] = v
			}
		}
		f := look(t, files(texts), x.limits)
		gap, missing := f.Missing()[components.PartFiles]
		if missing != (x.want != "") || !strings.Contains(gap.Text, x.want) {
			t.Errorf("%s: gap %q, want %q", name, gap.Text, x.want)
		}
		if name != "many files" && name != "too many" && !strings.Contains(strings.Join(short(f), "\n"), "crates.io time 0.1.43") {
			t.Errorf("%s: the good file is lost: %v", name, short(f))
		}
	}
}

// TestInterrupted: what ran out of time says so.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := Components(ctx, Tree{FS: files(map[string]string{"srv/go.mod": "module m"}), Name: "x"})
	if p := f.Missing()[components.PartFiles]; p.Cause != fact.Failed || !strings.Contains(p.Text, "the time ran out") {
		t.Errorf("%v", f.Missing())
	}
}

// TestLinks: a link is not followed, wherever it leads.
func TestLinks(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "requirements.txt"), []byte("jinja2==2.11.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, l := range [][2]string{{outside, "out"}, {filepath.Join(outside, "requirements.txt"), "requirements.txt"}, {"..", "up"}, {".", "loop"}} {
		if err := os.Symlink(l[0], filepath.Join(root, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	if f := Rootfs(t.Context(), root); len(f.Packages) > 0 || len(f.Missing()) > 0 {
		t.Errorf("%v %v", short(f), f.Missing())
	}
	if f := Rootfs(t.Context(), filepath.Join(root, "nothing")); len(f.Missing()) == 0 {
		t.Error("a folder that is not there is no gap")
	}
}

// TestOwner: what a package of the distribution brought is told from what lies beside it.
func TestOwner(t *testing.T) {
	module := `{"name": "ms", "version": "0.7.0"}`
	f := look(t, files(map[string]string{
		"usr/lib/node_modules/ms/package.json": module, "usr/lib/node_modules/own/package.json": `{"name": "own", "version": "1.0.0"}`,
		"opt/a.jar": inventorytest.Jar(t, inventorytest.POM("g", "a", "1")), "var/lib/dpkg/info/node-ms.list": "/.\n/usr\n/usr/lib/node_modules/ms/package.json\n", "var/lib/dpkg/info/liba-java:all.list": "/opt/a.jar\n"}), Limits{})
	if diff := cmp.Diff([]string{"Maven g:a 1 at /opt/a.jar of liba-java", "npm ms 0.7.0 at /usr/lib/node_modules/ms/package.json of node-ms", "npm own 1.0.0 at /usr/lib/node_modules/own/package.json"}, short(f)); diff != "" {
		t.Error(diff)
	}
	f = look(t, files(map[string]string{"usr/lib/node_modules/ms/package.json": module, "srv/node_modules/ms/package.json": module,
		"lib/apk/db/installed": "P:npm\nV:1\nF:usr/lib/node_modules/ms\nR:package.json\n"}), Limits{})
	if f.Packages[0].Owner != "" {
		t.Errorf("a copy of an administrator's own counts as the distribution's: %v", short(f))
	}
	f = look(t, files(map[string]string{"usr/lib/node_modules/ms/package.json": module, "lib/apk/db/installed": "P:npm\nV:1\nF:usr/lib/node_modules/ms\nR:package.json\n"}), Limits{})
	if f.Packages[0].Owner != "npm" {
		t.Errorf("%v", short(f))
	}
}

// TestForeignMounts: file systems of the kernel and of other machines are not looked into.
func TestForeignMounts(t *testing.T) {
	got := foreignMounts(`22 1 259:1 / / rw - ext4 /dev/root rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:40 / /srv/shared\040files rw - nfs4 nas:/x rw
41 22 259:2 / /home rw - xfs /dev/sdb rw
broken
`)
	want := map[string]bool{"/proc": true, "/srv/shared files": true, "/var/lib/docker": true, "/var/lib/containerd": true, "/var/lib/containers": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDenied: what only root sees is denied, with what would show it; beside other gaps it is one of them.
func TestDenied(t *testing.T) {
	closed := &fs.PathError{Op: "ls", Path: "/opt/closed", Err: fs.ErrPermission}
	tree := Tree{FS: files(map[string]string{"srv/go.mod": "module m\n"}), Name: "ssh://web-1", Gaps: []error{closed}}
	want := fact.Problem{Cause: fact.Denied, Source: "ssh://web-1", Text: "/opt/closed: permission denied", How: "sudo ls /opt/closed"}
	if diff := cmp.Diff(want, Components(t.Context(), tree).Missing()[components.PartFiles]); diff != "" {
		t.Error(diff)
	}
	tree.Gaps = append(tree.Gaps, errors.New("the search took too long"))
	want = fact.Problem{Cause: fact.Failed, Source: "ssh://web-1", Text: "/opt/closed: permission denied; the search took too long"}
	if diff := cmp.Diff(want, Components(t.Context(), tree).Missing()[components.PartFiles]); diff != "" {
		t.Error(diff)
	}
}
