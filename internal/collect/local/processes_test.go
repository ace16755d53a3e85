package local

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"holdfast.example/holdfast/internal/host"
)

// TestReplaced runs a program, takes its file away, and sees that it runs on; beside it a twin that is still there.
func TestReplaced(t *testing.T) {
	for name, gone := range map[string]bool{"replaced": true, "still there": false} {
		program := filepath.Join(t.TempDir(), "cat")
		text, err := os.ReadFile("/bin/cat")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, text, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(in, "x")
		_, _ = io.ReadFull(out, make([]byte, 1)) // it runs
		if gone {
			_ = os.Remove(program)
		}
		p, ok := process(cmd.Process.Pid)
		if want := (host.Mapping{Path: program, Gone: gone}); !ok || p.MapsDenied || !slices.Contains(p.Mapped, want) {
			t.Errorf("%s: want %+v in %+v", name, want, p.Mapped)
		}
		_ = in.Close()
		_ = cmd.Wait()
	}
}

// TestProcessesThatVanish reads /proc while short processes come and go: one that ends while it is read is
// left out, and none is half there.
func TestProcessesThatVanish(t *testing.T) {
	churn := exec.Command("sh", "-c", "while :; do (:) & (:) & (:) & wait; done")
	if err := churn.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = churn.Process.Kill()
		_ = churn.Wait()
	}()
	for range 30 {
		ps, problem := processes()
		if problem != nil {
			t.Fatal(problem)
		}
		for _, p := range ps {
			if p.Name == "" || p.PID != 1 && p.Parent == 0 && p.Name != "kthreadd" && p.PID != 2 {
				t.Fatalf("half a process: %+v", p)
			}
		}
	}
}
