package local

import (
	"os/exec"
	"testing"
)

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
