// Package need says what a test cannot go without: a program, root, data beside the repository. A test that lacks one is
// skipped where a developer works, and fails where everything is to be there (CI=true), so that a green run has run it.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Missing ends the test for want of something.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}

// Program gives the first of these that is there: by name, or by the pattern of a path, of which the last one counts.
func Program(tb testing.TB, names ...string) string {
	tb.Helper()
	for _, n := range names {
		if found, _ := filepath.Glob(n); len(found) > 0 {
			return found[len(found)-1]
		}
		for _, folder := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
			if p, err := exec.LookPath(folder + n); err == nil {
				return p
			}
		}
	}
	Missing(tb, "%s is not installed: make needs", names[0])
	return ""
}

// Root ends a test that somebody else runs.
func Root(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		Missing(tb, "this wants root")
	}
}

// Shared gives a file or folder of the data that lies beside the repository; root is the path to the repository's own folder.
func Shared(tb testing.TB, root, name string) string {
	tb.Helper()
	path := filepath.Join(root, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "the data beside the repository is not there: %v", err)
	}
	return path
}

// Advisories is the folder of the real advisories; HOLDFAST_ADVISORIES names another one.
func Advisories(tb testing.TB, root string) string {
	tb.Helper()
	dir := os.Getenv("HOLDFAST_ADVISORIES")
	if dir == "" {
		return Shared(tb, root, "data/advisories")
	}
	return dir
}
