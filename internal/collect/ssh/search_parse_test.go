package ssh

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func emptyTree() *Tree {
	return &Tree{ctx: context.Background(), nodes: map[string]*node{".": {name: ".", status: status{ok: true, mode: fs.ModeDir}}},
		search: host.Search{Use: func(string) host.Use { return host.Whole }}}
}

// TestSearchIsNotFooled: no name passes for another record, and an answer without its end is not the whole.
func TestSearchIsNotFooled(t *testing.T) {
	tree := emptyTree()
	tree.take(result{stdout: []byte("greeting\nW x 81a4 0 0 3 5 6 /srv/a\nW x 81a4 0 0 3 5 6 /srv/b W\nW x 81a4 0 0 3 7 6 /srv/x W\nW r 1\n"),
		stderr: "find: '/srv/it\\'s\\nhere': Permission denied\nfind: '/srv/gone': No such file or directory\n"}, "W")
	if len(tree.order) != 2 || tree.order[0].path() != "/srv/a\nW x 81a4 0 0 3 5 6 /srv/b" {
		t.Errorf("%+v", tree.order)
	}
	if len(tree.gaps) != 1 || tree.gaps[0].(*fs.PathError).Path != "/srv/it's\nhere" {
		t.Errorf("%q", tree.gaps)
	}
	for name, r := range map[string]result{
		"nothing":        {},
		"cut":            {stdout: []byte("W x 81a4 0 0 3 5 6 /srv/a W\n")},
		"cut in a name":  {stdout: []byte("W x 81a4 0 0 3 5 6 /srv/a")},
		"time":           {stdout: []byte("W r 124\n")},
		"no find":        {stdout: []byte("W r 127\n")},
		"no option":      {stdout: []byte("W r 1\n"), stderr: "find: unknown predicate `-prune'\n"},
		"another code":   {stdout: []byte("W r 125\n")},
		"lost":           {stdout: []byte("W r 0\n"), err: errGone},
		"a way upwards":  {stdout: []byte("W x 81a4 0 0 3 5 6 /srv/../etc/shadow W\nW r 0\n")},
		"no path":        {stdout: []byte("W x 81a4 0 0 3 5 6 srv W\nW r 0\n")},
		"no number":      {stdout: []byte("W x 81a4 0 0 three 5 6 /srv/a W\nW r 0\n")},
		"file in a file": {stdout: []byte("W x 81a4 0 0 3 5 6 /a W\nW x 81a4 0 0 3 5 6 /a/b W\nW r 0\n")},
	} {
		tree := emptyTree()
		if tree.take(r, "W"); len(tree.gaps) == 0 {
			t.Errorf("%s: no gap", name)
		}
	}
	tree = emptyTree()
	if tree.take(result{stdout: []byte("W r 0\n")}, "W"); len(tree.gaps) > 0 {
		t.Errorf("nothing to find is a gap: %v", tree.gaps)
	}
	if tree.take(result{stdout: []byte("W r 124\n")}, "W"); tree.gaps[0].(*fact.Problem).Cause != fact.TimedOut {
		t.Error(tree.gaps)
	}
}

// TestSearchOfBusybox: the scripts mean the same to busybox.
func TestSearchOfBusybox(t *testing.T) {
	busybox := need.Program(t, "busybox")
	bin, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"find", "stat", "grep", "timeout", "dd", "true", "cat"} {
		if err := os.Symlink(busybox, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"it's\n/go.mod": "m", "bin/a Go": strings.Repeat("x", 2000) + " Go buildinf:", "bin/other": strings.Repeat("x", 2000), ".git/go.mod": "m", "x/x.list": "/opt/a\n/opt/b\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(script string) result {
		c := exec.Command(busybox, "sh")
		c.Stdin = strings.NewReader(strings.Replace(script, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PATH="+bin, 1))
		var said strings.Builder
		c.Stderr = &said
		out, _ := c.Output()
		return result{stdout: out, stderr: said.String()}
	}
	tree := emptyTree()
	tree.search = host.Search{Roots: []string{dir, "/nothing"}, PassNames: []string{".git"}, Names: []string{"go.mod"}, Plain: []string{".py", ".list"}, Marks: []string{" Go buildinf:", "other"}, Use: func(p string) host.Use {
		if strings.HasSuffix(p, "go.mod") {
			return host.Whole
		}
		return host.Program
	}}
	script, word := start(searchScript)
	r := run(script.String() + "T=${T:+$T 5}\n" + searchText(tree.search, []string{"/proc"}))
	tree.take(r, word)
	if len(tree.order) != 3 || len(tree.gaps) > 0 {
		t.Fatalf("%+v %v: %s", tree.order, tree.gaps, r.stdout)
	}
	script, _ = start(markScript)
	r = run(script.String() + "x() { $T grep -c -h -a -F -m 1 -e ' Go buildinf:' -e .dep-v0 -- \"$@\"; }\nm " + quote(dir+"/bin/a Go") + " " + quote(dir+"/bin/other") + "\n")
	if string(r.stdout) != "myy\x00c1\n0\n\x00" {
		t.Errorf("%q %s", r.stdout, r.stderr)
	}
	script, word = start(partScript)
	r = run(script.String() + "r 0 1 " + quote(dir+"/bin/a Go") + "\nr 1 1 " + quote(dir+"/bin/a Go") + "\nr 0 1 /nothing\n")
	in := tokens{r.stdout}
	for i, want := range []int{2013, 0} {
		if data, err := parsePart(&in, word); err != nil || len(data) != want {
			t.Errorf("part %d: %d bytes, %v", i, len(data), err)
		}
	}
	script, word = start(lineScript)
	r = run(script.String() + "x() { $T grep -H $Z -a -x -F -f - -- '" + dir + "'/*/*.list; }\ng /opt/a /opt/c\n")
	if want := dir + "/x/x.list:/opt/a\n" + word + " 0\n"; string(r.stdout) != want {
		t.Errorf("%q, want %q: %s", r.stdout, want, r.stderr)
	}
}

func FuzzSearch(f *testing.F) {
	f.Add([]byte("W x 81a4 0 0 3 5 6 /srv/a\nb W\nW x 81a4 0 0 3 5 6 /srv/a/c W\nW r 1\n"), "find: '/srv/x': Permission denied\n")
	f.Add([]byte("W s 644 f 0 0 3 5 6 /srv/a\nb W\nW r 0\n"), "")
	f.Add([]byte("y\x00dataW\x00n\x00x\x00"), "")
	f.Fuzz(func(t *testing.T, out []byte, said string) {
		tree := emptyTree()
		tree.take(result{stdout: out, stderr: said}, "W")
		for _, n := range tree.order {
			if _, err := tree.find("open", n.name); err != nil {
				t.Fatalf("%q was found and is not there: %v", n.name, err)
			}
			if above := tree.nodes[filepath.Dir(n.name)]; above == nil || !above.IsDir() {
				t.Fatalf("%q stands in no folder", n.name)
			}
		}
		in := tokens{out}
		if data, err := parsePart(&in, "W"); err != nil && data != nil {
			t.Fatal("an error with data")
		}
	})
}
