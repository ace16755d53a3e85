package ssh_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	scalibrfs "github.com/google/osv-scalibr/fs"

	"holdfast.example/holdfast/internal/collect/inventory"
	"holdfast.example/holdfast/internal/collect/inventory/inventorytest"
	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/subject/components"
)

// formats lays out the trees of all formats side by side, with programs of Go, which this test is one of.
func formats(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, data []byte, mode os.FileMode) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), data, mode))
	}
	all := inventorytest.Formats(t)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		for file, text := range all[name].Texts {
			put(filepath.Join(strings.ReplaceAll(name, "i", "'\n")+string(rune('a'+i)), file), []byte(text), 0o644)
		}
	}
	me, err := os.Executable()
	must(t, err)
	program, err := os.ReadFile(me)
	must(t, err)
	put("bin/a program", program, 0o755)
	put("bin/not-started", program, 0o644)
	put("bin/cut", program[:len(program)/3], 0o755)
	put("bin/script", []byte("#!/bin/sh\n# Go buildinf:\n"+strings.Repeat("#\n", 1000)), 0o755)
	cat, err := os.ReadFile("/usr/bin/cat")
	must(t, err)
	put("bin/cat", cat, 0o755)
	put("broken/package-lock.json", []byte("{"), 0o644)
	put("broken/x.jar", []byte("PK\x03\x04"+strings.Repeat("x", 100<<10)), 0o644)
	put("included/requirements.txt", []byte("-r more.txt\njinja2==2.11.2\n"), 0o644)
	put("included/more.txt", []byte("flask==1.0\n"), 0o644)
	put(strings.Repeat("deep/", 45)+"go.mod", []byte("module m\n"), 0o644)
	return dir
}

func far(t testing.TB, tr *ssh.Transport, roots ...string) (components.Fact, *ssh.Tree) {
	t.Helper()
	s, err := inventory.Search(roots, false)
	must(t, err)
	tree := tr.Search(t.Context(), s)
	return inventory.Far(t.Context(), tree, "here", s, tree.Gaps()), tree
}

// TestInventory: components over SSH are those that are found on the machine itself, and so are the gaps.
func TestInventory(t *testing.T) {
	dir := formats(t)
	want := inventory.Components(t.Context(), inventory.Tree{FS: os.DirFS("/").(scalibrfs.FS), Name: "here", Roots: []string{dir}})
	if len(want.Packages) < 14 || len(want.Missing()) != 1 {
		t.Fatalf("%d components, %v", len(want.Packages), want.Missing())
	}
	tr := dial(t, newServer(t).options(t))
	before := ssh.Runs(tr)
	got, tree := far(t, tr, dir)
	// Programs without a mark are read by nobody here.
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(components.Fact{}, "Files", "Linked")); d != "" {
		t.Errorf("-local +ssh\n%s", d)
	}
	// Of the programs, which have dozens of megabytes, little is sent, and not one part after the other.
	if sent, runs := ssh.Sent(tree), ssh.Runs(tr)-before; sent > 4<<20 || runs > 30 {
		t.Errorf("%d bytes were sent in %d rounds", sent, runs)
	} else {
		t.Logf("%d bytes were sent in parts in %d rounds", sent, runs)
	}
}

// TestInventoryRounds: a hundred archives in one folder take no more rounds than a few.
func TestInventoryRounds(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		name := "lib" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		write(t, filepath.Join(dir, name+".jar"), inventorytest.Jar(t, inventorytest.POM("org.example", name, "1.0")))
	}
	tr := dial(t, newServer(t).options(t))
	before, begin := ssh.Runs(tr), time.Now()
	got, _ := far(t, tr, dir)
	if len(got.Packages) != 100 || len(got.Missing()) > 0 {
		t.Errorf("%d components, %v", len(got.Packages), got.Missing())
	}
	if runs := ssh.Runs(tr) - before; runs > 15 {
		t.Errorf("%d rounds in %s", runs, time.Since(begin))
	} else {
		t.Logf("%d rounds in %s", runs, time.Since(begin))
	}
}

// BenchmarkInventory looks through this machine as an assessment over SSH does.
func BenchmarkInventory(b *testing.B) {
	tr := dial(b, newServer(b).options(b))
	b.ReportAllocs()
	for b.Loop() {
		f, tree := far(b, tr)
		b.ReportMetric(float64(len(f.Packages)), "components")
		b.ReportMetric(float64(ssh.Sent(tree)), "sent-B/op")
	}
}
