// Package packaging builds the Debian package and looks into it, and asks systemd what it thinks of the units.
package packaging

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestPackage: what is in the package, with which modes, for which architecture, and that its program runs.
func TestPackage(t *testing.T) {
	need.Program(t, "dpkg-deb")
	need.Program(t, "git")
	work := t.TempDir()
	run(t, ".", "git", "clone", "-q", "../..", filepath.Join(work, "src"))
	out := run(t, filepath.Join(work, "src"), "sh", "tools/package.sh")
	all, err := filepath.Glob(filepath.Join(work, "src", "dist", "*.deb"))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err, out)
	}
	list := run(t, ".", "dpkg-deb", "-c", all[0])
	for _, want := range []string{
		`-rwxr-xr-x root/root +\d+ .* ./usr/bin/holdfast\n`, `-rw-r--r-- root/root .* ./usr/lib/systemd/system/holdfast.service\n`, `-rw-r--r-- root/root .* ./usr/lib/systemd/system/holdfast-agent.service\n`,
		`./usr/share/bash-completion/completions/holdfast\n`, `./usr/share/zsh/vendor-completions/_holdfast\n`, `./usr/share/fish/vendor_completions.d/holdfast.fish\n`, `./usr/share/man/man1/holdfast.1\n`, `drwxr-xr-x root/root .* ./etc/holdfast/\n`,
	} {
		if !regexp.MustCompile(want).MatchString(list) {
			t.Errorf("%s is not in\n%s", want, list)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(list), "\n") {
		if !strings.Contains(line, " root/root ") || strings.Contains(line[:10], "s") || line[8] == 'w' {
			t.Error("not root's alone:", line)
		}
	}
	control := run(t, ".", "dpkg-deb", "-f", all[0])
	for _, want := range []string{"Package: holdfast\n", "Architecture: ", "Version: 0", "Maintainer: "} {
		if !strings.Contains(control, want) {
			t.Errorf("no %q in\n%s", want, control)
		}
	}
	root := filepath.Join(work, "root")
	run(t, ".", "dpkg-deb", "-x", all[0], root)
	version := strings.TrimSpace(run(t, ".", "dpkg-deb", "-f", all[0], "Version"))
	if got := run(t, ".", filepath.Join(root, "usr/bin/holdfast"), "version"); !strings.Contains(got, version) {
		t.Errorf("the program says %q, the package %q", got, version)
	}
	if units(t, filepath.Join(root, "usr/lib/systemd/system")) != 2 {
		t.Error("not both units")
	}
	own(t, root)
}

// own holds the units against the checks of the program itself, as an administrator would have them: copied to /etc and enabled. What an
// agent is by its nature is named here, and nothing else is found.
func own(t *testing.T, root string) {
	t.Helper()
	need.Root(t) // files of the tree belong to root
	for _, folder := range []string{"etc/systemd/system/multi-user.target.wants", "usr/lib/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "usr/lib/systemd/systemd": "", "etc/passwd": "root:x:0:0::/root:/bin/sh\nholdfast:x:990:990::/var/lib/holdfast:/usr/sbin/nologin\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, unit := range []string{"holdfast.service", "holdfast-agent.service"} {
		run(t, root, "cp", "usr/lib/systemd/system/"+unit, "etc/systemd/system/"+unit)
		run(t, root, "ln", "-s", "../"+unit, "etc/systemd/system/multi-user.target.wants/"+unit)
	}
	var a struct {
		Results []struct {
			Check, Verdict, Detail string
			Violations             []struct{ Key, Detail string }
		}
	}
	out := run(t, ".", filepath.Join(root, "usr/bin/holdfast"), "--state", t.TempDir(), "assess", "rootfs:"+root, "--format", "json", "--fail-on", "never",
		"--only", "services-sandbox,services-run-as-root,services-capabilities,services-unit-writable,services-program-writable,services-temporary-program,secrets-units-jobs")
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err, out)
	}
	var found []string
	for _, r := range a.Results {
		if r.Verdict != "pass" && r.Verdict != "fail" {
			t.Errorf("%s is %s: %s", r.Check, r.Verdict, r.Detail)
		}
		for _, v := range r.Violations {
			found = append(found, r.Check+" "+v.Key)
		}
	}
	slices.Sort(found)
	want := []string{"services-sandbox unit:holdfast-agent.service"} // it looks at the /tmp of the machine, not at one of its own
	if len(a.Results) != 7 || !slices.Equal(found, want) {
		t.Errorf("%d checks found %q\n%s", len(a.Results), found, out)
	}
}

// units holds each unit against systemd's own judgement of its sandbox. An agent has to read all of a machine, which costs.
func units(t *testing.T, dir string) (n int) {
	t.Helper()
	need.Program(t, "systemd-analyze")
	for name, most := range map[string]float64{"holdfast.service": 2.0, "holdfast-agent.service": 5.0} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		n++
		out := run(t, ".", "systemd-analyze", "security", "--offline=true", "--no-pager", path)
		m := regexp.MustCompile(`Overall exposure level for [^:]*: ([0-9.]+)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatal(out)
		}
		if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > most {
			t.Errorf("%s: exposure %s, want at most %v\n%s", name, m[1], most, out)
		} else {
			t.Logf("%s: exposure %s", name, m[1])
		}
	}
	return n
}
