package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/collect/inventory"
)

// TestLinked builds two programs of the same modules with known vulnerabilities. What the one calls is linked into it; of
// the other, which calls nothing of that, it is told that nothing flawed is in it, and its findings stay. What is expected
// is what govulncheck -mode=binary says of them (docs/compare/gosymbols.md).
func TestLinked(t *testing.T) {
	a := realAdvisories(t)
	root := t.TempDir()
	for name, linked := range map[string][]string{
		"used": {"CVE-2024-45338", "CVE-2025-22872", "CVE-2025-47911", "CVE-2025-58190", "CVE-2026-25680", "CVE-2026-25681", "CVE-2026-27136",
			"CVE-2026-42502", "CVE-2026-42506"},
		"unused": nil,
	} {
		program := filepath.Join(root, name, "opt", name)
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "./"+name)
		cmd.Dir = "testdata/linked"
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		f := inventory.Rootfs(t.Context(), filepath.Join(root, name))
		if len(f.Linked) != 1 || f.Linked[0].Place != "/opt/"+name {
			t.Fatalf("%s: %d sets", name, len(f.Linked))
		}
		all := compareAll(t, a, f)
		got := map[string]bool{}
		modules := 0
		for _, v := range all {
			if !strings.HasPrefix(v.Package, "golang.org/x/") {
				continue // the standard library of whatever Go builds this
			}
			modules++
			if v.NotLinked == "" {
				got[v.ID] = true
			}
		}
		if modules != 15 || len(got) != len(linked) {
			t.Errorf("%s: %d found, linked %v", name, modules, got)
		}
		for _, id := range linked {
			if !got[id] {
				t.Errorf("%s: %s is told not to be linked", name, id)
			}
		}
		f.Linked = nil
		for _, v := range compareAll(t, a, f) {
			if v.NotLinked != "" {
				t.Errorf("%s: nobody knows, and %s is told not to be linked", name, v.ID)
			}
		}
	}
}
