package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

const opensslRecord = `{"id": "DEBIAN-CVE-2023-0001", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2023-0001"], "summary": "a flaw",
 "affected": [{"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.11-1~deb12u1"}]}]}]}`

// carries makes a tree of a Debian 12 that has openssl in a version, and gives the options that assess it.
func carries(t *testing.T, version string) Options {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "web-1")
	for name, text := range map[string]string{
		"etc/os-release":      "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
		"var/lib/dpkg/status": "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: " + version + "\n\nPackage: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: " + version + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Targets: []string{"rootfs:" + tree}, State: t.TempDir(), Only: []string{"vulnerabilities-known"}}
}

// learns imports one record, as current as today.
func learns(t *testing.T, o Options, record string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(file, []byte(record), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ImportAdvisories(t.Context(), o.State, file, time.Now().Truncate(time.Second), nil); err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte of the one file that a pattern names.
func flip(t *testing.T, pattern string, at int) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 0x40
	if err := os.WriteFile(files[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func known(t *testing.T, o Options) report.Result {
	t.Helper()
	a, err := Assess(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Results) != 1 {
		t.Fatalf("%+v", a.Results)
	}
	return a.Results[0]
}

// TestDamagedAdvisories: an index that is damaged is made anew; where that cannot be, what is vulnerable is unknown, and
// the text says why.
func TestDamagedAdvisories(t *testing.T) {
	o := carries(t, "3.0.9-1")
	learns(t, o, opensslRecord)
	if r := known(t, o); r.Verdict != check.Fail {
		t.Fatalf("whole: %s %s", r.Verdict, r.Detail)
	}
	folder := filepath.Join(o.State, "advisories")
	const inBlock = 4096 + 30 // of the first record
	flip(t, folder+"/index-*", inBlock)
	if r := known(t, o); r.Verdict != check.Fail {
		t.Errorf("made anew: %s %s", r.Verdict, r.Detail)
	}
	flip(t, folder+"/index-*", inBlock)
	flip(t, folder+"/Debian-*.log", 40)
	if r := known(t, o); r.Verdict != check.Unknown || !strings.Contains(r.Detail, "damaged") || !strings.Contains(r.Detail, "import them again") {
		t.Errorf("damaged: %s %s", r.Verdict, r.Detail)
	}
}
