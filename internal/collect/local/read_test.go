package local_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// What a pattern could not look into is a problem beside what it found, never an absence.
func TestPatternSaysWhereItCouldNotLook(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{"home/alice", "home/bob", "home/carol"} {
		if err := os.MkdirAll(filepath.Join(dir, p), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for p, text := range map[string]string{"home/bob/.netrc": "machine x", "home/file": ""} {
		if err := os.WriteFile(filepath.Join(dir, p), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("loop", filepath.Join(dir, "home/loop")); err != nil {
		t.Fatal(err)
	}
	tr, err := local.Rootfs(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if fs, p := unprivileged(t, tr); len(fs) != 1 || p != nil {
		t.Errorf("homes without the file, a file and a loop of links: %d files, %v, want one and no problem", len(fs), p)
	}
	if err := os.Chmod(filepath.Join(dir, "home/alice"), 0); err != nil {
		t.Fatal(err)
	}
	if fs, p := unprivileged(t, tr); len(fs) != 1 || p == nil || p.Cause != fact.Denied {
		t.Errorf("a home that is closed: %d files, %v, want one and %s", len(fs), p, fact.Denied)
	}
}

// unprivileged reads a file of all homes, as nobody when the test runs as root: on a thread of its
// own, which ends with the goroutine.
func unprivileged(t *testing.T, tr *local.Transport) (fs []host.File, p *fact.Problem) {
	t.Helper()
	ev := host.NewEvidence()
	done := make(chan error)
	go func() {
		if os.Getuid() == 0 {
			runtime.LockOSThread()
			if err := unix.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		done <- tr.Gather(t.Context(), host.Read("/home/*/.netrc"), ev)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return ev.Glob("/home/*/.netrc")
}
