package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/collect/inventory"
	"holdfast.example/holdfast/internal/report"
)

// put writes files below a folder.
func put(t testing.TB, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// program builds a Go program that holds an old golang.org/x/text. What is vendored stands for it: of the module only
// name and version are looked at.
func program(t testing.TB, into string) {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, map[string]string{
		"go.mod":             "module shop.example/shop\n\ngo 1.22\n\nrequire golang.org/x/text v0.3.7\n",
		"main.go":            "package main\n\nimport _ \"golang.org/x/text/width\"\n\nfunc main() {}\n",
		"vendor/modules.txt": "# golang.org/x/text v0.3.7\n## explicit\ngolang.org/x/text/width\n",
		"vendor/golang.org/x/text/width/width.go": "package width\n",
	})
	cmd := exec.Command("go", "build", "-mod=vendor", "-buildvcs=false", "-o", into, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestApplications: of a program, a Node and a Python project exactly what the records say, taken from them by hand.
func TestApplications(t *testing.T) {
	a := realAdvisories(t)
	dir := t.TempDir()
	installed := "Metadata-Version: 2.1\nName: %s\nVersion: %s\n"
	py := func(name, version string) string {
		return strings.NewReplacer("%s\nV", name+"\nV", "n: %s", "n: "+version).Replace(installed)
	}
	put(t, dir, map[string]string{
		"etc/os-release":  "ID=debian\nVERSION_ID=\"12\"\n",
		"opt/shop/README": "",
		"srv/web/node_modules/jquery/package.json":                                `{"name": "jquery", "version": "3.4.1"}`,
		"srv/web/node_modules/ms/package.json":                                    `{"name": "ms", "version": "0.7.0"}`,
		"srv/web/node_modules/safe/package.json":                                  `{"name": "safe", "version": "1.0.0"}`,
		"srv/old/node_modules/jquery/package.json":                                `{"name": "jquery", "version": "3.5.0"}`, // mended
		"srv/api/lib/python3.11/site-packages/requests-2.19.1.dist-info/METADATA": py("requests", "2.19.1"),
		"srv/api/lib/python3.11/site-packages/Jinja2-3.1.6.dist-info/METADATA":    py("Jinja2", "3.1.6"),    // mended
		"usr/lib/python3/dist-packages/requests-2.18.0.dist-info/METADATA":        py("requests", "2.18.0"), // Debian mends it
	})
	program(t, filepath.Join(dir, "opt/shop/shop"))
	f := inventory.Rootfs(t.Context(), dir)
	if len(f.Missing()) > 0 {
		t.Fatal(f.Missing())
	}
	all := slices.DeleteFunc(compareAll(t, a, debian(t, "debian12-patched.dpkg-status")[1], f), func(v report.Vulnerability) bool { return v.Package == "stdlib" }) // that of the Go which runs this test
	var got []string
	for _, v := range all {
		got = append(got, v.ID+" "+v.Ecosystem+" "+v.Package+" "+v.Version+" "+strings.Join(v.Places, " "))
	}
	slices.Sort(got)
	want := []string{
		"CVE-2015-8315 npm ms 0.7.0 /srv/web/node_modules/ms/package.json",
		"CVE-2018-18074 PyPI requests 2.19.1 /srv/api/lib/python3.11/site-packages/requests-2.19.1.dist-info/METADATA",
		"CVE-2020-11022 npm jquery 3.4.1 /srv/web/node_modules/jquery/package.json",
		"CVE-2020-11023 npm jquery 3.4.1 /srv/web/node_modules/jquery/package.json",
		"CVE-2022-32149 Go golang.org/x/text 0.3.7 /opt/shop/shop",
		"CVE-2023-32681 PyPI requests 2.19.1 /srv/api/lib/python3.11/site-packages/requests-2.19.1.dist-info/METADATA",
		"CVE-2026-56852 Go golang.org/x/text 0.3.7 /opt/shop/shop",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLocks: real lock files, counted. Those found are checked by hand for a few.
func TestLocks(t *testing.T) {
	a := realAdvisories(t)
	for _, x := range []struct {
		fixture, as     string
		packages, found int
		some            []string
	}{
		{"nodegoat.package-lock.json", "package-lock.json", 1091, 47, []string{"CVE-2019-10744 npm lodash", "CVE-2022-31129 npm moment", "NSWG-ECO-101 npm marked"}},
		{"dependencytrack-frontend.package-lock.json", "package-lock.json", 1445, 3, []string{"CVE-2024-9506 npm vue"}},
		{"trivy.go.mod", "go.mod", 473, 6, []string{"CVE-2026-34040 Go github.com/docker/docker"}},
	} {
		dir := t.TempDir()
		put(t, dir, map[string]string{"srv/" + x.as: string(fixture(t, x.fixture))})
		f := inventory.Rootfs(t.Context(), dir)
		if len(f.Missing()) > 0 {
			t.Fatal(f.Missing())
		}
		found := keys(compareAll(t, a, f))
		if len(f.Packages) != x.packages || len(found) != x.found {
			t.Errorf("%s: %d packages with %d found: %q", x.fixture, len(f.Packages), len(found), found)
		}
		for _, want := range x.some {
			if !slices.Contains(found, want) {
				t.Errorf("%s: %s is not found", x.fixture, want)
			}
		}
	}
}
