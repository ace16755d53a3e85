package agents

import (
	"database/sql"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast.example/holdfast/internal/need"
	"holdfast.example/holdfast/test/program"
)

// TestDiskFull: the disk of the control plane is full for a while. It goes on serving, says so, refuses what it cannot keep, and takes
// up when there is room again; nothing that was accepted is lost, nothing is there twice.
func TestDiskFull(t *testing.T) {
	need.Root(t) // to mount a small disk
	dir := t.TempDir()
	hub, agent := filepath.Join(dir, "hub"), filepath.Join(dir, "agent")
	if err := os.Mkdir(hub, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", hub, "tmpfs", 0, "size=48m,mode=0700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(hub, syscall.MNT_DETACH) })
	server := program.Start(t, nil, "--state", hub, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--every", "1s")
	page := strings.TrimSuffix(strings.TrimPrefix(server.Says("Serving on "), "Serving on "), "/")
	server.Says("Listening for agents on ")
	joined := program.Start(t, nil, "--state", agent, "join", "--max-cpu", "100", strings.TrimSpace(program.Run(t, "--state", hub, "agent", "invite", "--env", "production")))
	joined.Says("connected to ")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "holdfast.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reported := func() (n int) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM agent_reports").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	until := func(what string, is func() bool) { t.Helper(); program.Until(t, what, is, server, joined) }
	until("the first report is recorded", func() bool { return reported() > 0 })

	ballast := filepath.Join(hub, "ballast")
	fill := func() { // again and again: what is tried and given up leaves room behind
		t.Helper()
		out, err := exec.Command("dd", "if=/dev/zero", "of="+ballast, "bs=4k", "oflag=append", "conv=notrunc").CombinedOutput()
		if !strings.Contains(string(out), "No space left") {
			t.Fatalf("the disk is not full: %v: %s", err, out)
		}
	}
	fill()
	server.Says("full")
	spool := filepath.Join(agent, "agent", "spool")
	waiting := func() int { return (&spooled{ids: map[string]bool{}}).look(spool) }
	until("reports wait at the agent", func() bool { fill(); return waiting() >= 3 })
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/log-in": http.StatusUnauthorized} {
		r, err := http.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	refused := program.Command(nil, "--state", hub, "hold", "add", "--reason", "while full")
	if out, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(out), "full") {
		t.Errorf("a decision that cannot be kept: %v: %s", err, out)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	before := reported()
	until("what waits is delivered", func() bool { return waiting() <= 1 && reported() >= before+3 })
	joined.Kill()
	server.Kill()
	if out := program.Run(t, "--state", hub, "hold", "list"); strings.Contains(out, "while full") {
		t.Error("what was refused is there:", out)
	}
	if out := program.Run(t, "--state", hub, "ledger", "verify"); !strings.Contains(out, "whole") {
		t.Error(out)
	}
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Error(sound, err)
	}
}
