package planted

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/need"
)

const canary = "canary-3f1c9a77e0"

// junk is binary, longer than any line that a parser should keep.
var junk = strings.Repeat("\x00\xff\xfe\x01[\r\n=;{\"'\\", 4096)

// hostile are changes that somebody who owns a tree could make to stop, mislead or leave it, each
// with checks that must not pass any more.
var hostile = []struct {
	name  string
	plant func(tree)
	hurt  []string
}{
	{"a pipe for /etc/passwd", func(r tree) { r.remove("etc/passwd"); r.pipe("etc/passwd") },
		[]string{"accounts-root-uid", "accounts-password-empty", "accounts-unique-uid"}},
	{"a folder for /etc/shadow", func(r tree) { r.remove("etc/shadow"); r.folder("etc/shadow", 0o755) },
		[]string{"accounts-password-empty", "accounts-password-scheme"}},
	{"a pipe among the drop-ins of sshd", func(r tree) { r.pipe("etc/ssh/sshd_config.d/01-pipe.conf") },
		[]string{"sshd-root-login", "sshd-password-alone"}},
	{"a link out of the tree, absolute", func(r tree) {
		r.remove("etc/ssh/sshd_config")
		r.link("etc/ssh/sshd_config", r.outside())
	}, []string{"sshd-root-login"}},
	{"a link out of the tree, upwards", func(r tree) {
		r.remove("etc/sudoers")
		r.link("etc/sudoers", "../../../../../../../../../../../../../.."+r.outside())
	}, []string{"sudo-nopasswd-all", "sudo-authenticate"}},
	{"a folder that is a link out of the tree", func(r tree) {
		r.remove("etc/pam.d")
		r.link("etc/pam.d", filepath.Dir(r.outside()))
	}, nil},
	{"a loop of links for /etc/group", func(r tree) {
		r.remove("etc/group")
		r.link("etc/group", "group-")
		r.link("etc/group-", "group")
	}, []string{"accounts-shadow-group"}},
	{"folders that contain themselves", func(r tree) {
		r.link("srv/again", ".")
		r.link("etc/systemd/system/loop.d", "..")
		r.link("home/erika/.ssh/loop", "../.ssh")
	}, nil},
	{"files that include themselves", func(r tree) {
		r.add("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config\nInclude /etc/ssh/loop.conf\n")
		r.write("etc/ssh/loop.conf", "Include /etc/ssh/loop.conf\n")
		r.add("etc/sudoers", "@include /etc/sudoers\n@include /etc/sudo-loop\n")
		r.write("etc/sudo-loop", "@include /etc/sudo-loop\n")
		r.add("etc/pam.d/common-auth", "@include common-auth\n")
		r.add("etc/rsyslog.conf", "$IncludeConfig /etc/rsyslog.conf\n")
		r.add("etc/nftables.conf", "include \"/etc/nftables.conf\"\n")
		r.add("etc/chrony/chrony.conf", "include /etc/chrony/chrony.conf\n")
	}, nil},
	{"junk for text", func(r tree) {
		for _, path := range []string{"etc/sysctl.d/70-junk.conf", "etc/modprobe.d/junk.conf", "etc/fstab", "etc/login.defs", "etc/crontab",
			"etc/nftables.conf", "etc/audit/rules.d/60.rules", "etc/chrony/chrony.conf", "var/lib/dpkg/status", "etc/systemd/system/junk.service",
			"etc/apt/sources.list.d/junk.sources", "home/erika/.ssh/authorized_keys", "boot/grub/grub.cfg"} {
			r.write(path, junk)
		}
	}, nil},
	{"too much of it", func(r tree) {
		f, err := os.Create(r.path("etc/ssh/sshd_config.d/02-large.conf"))
		r.must(err)
		line := []byte(strings.Repeat("# "+strings.Repeat("x", 1021)+"\n", 1024))
		for range 50 {
			_, err = f.Write(line)
			r.must(err)
		}
		r.must(f.Close())
	}, []string{"sshd-root-login"}},
	{"an endless file", func(r tree) {
		r.remove("etc/hosts")
		r.must(os.WriteFile(r.path("etc/hosts"), nil, 0o644))
		r.must(os.Truncate(r.path("etc/hosts"), 1<<40))
	}, nil},
	{"device nodes", func(r tree) {
		r.remove("etc/sysctl.conf")
		if err := syscall.Mknod(r.path("etc/sysctl.conf"), syscall.S_IFCHR|0o600, 1<<8|5); err != nil {
			need.Missing(r.t, "no device nodes here: %v", err)
		}
		r.remove("etc/rsyslog.conf")
		r.must(syscall.Mknod(r.path("etc/rsyslog.conf"), syscall.S_IFCHR|0o600, 1<<8|5))
	}, nil},
	{"lines of another system", func(r tree) {
		for _, path := range []string{"etc/group", "etc/sysctl.d/60-hardening.conf", "etc/fstab"} {
			data, err := os.ReadFile(r.path(path))
			r.must(err)
			r.write(path, strings.ReplaceAll(string(data), "\n", "\r\n"))
		}
	}, nil},
	{"names that are no UTF-8", func(r tree) {
		r.add("etc/passwd", "m\xfcller:x:1009:1009:M\xfcller:/home/m\xfcller:/usr/sbin/nologin\n")
		r.add("etc/group", "m\xfcller:x:1009:\n")
		r.write("srv/\xff\xfe\x1b]0;title\x07.conf", "\xff")
		r.chmod("srv/\xff\xfe\x1b]0;title\x07.conf", 0o666)
	}, nil},
	{"half a file", func(r tree) {
		r.write("var/lib/dpkg/status", "Package: curl\nStatus: install ok inst")
		r.write("etc/shadow", "root:!*:20500:1:3")
		r.write("etc/sudoers", "Defaults env_reset, \\")
	}, nil},
}

func (r tree) pipe(name string) {
	r.t.Helper()
	r.must(syscall.Mkfifo(r.path(name), 0o644))
}

// outside makes a file beside the tree that no assessment of the tree may read.
func (r tree) outside() string {
	r.t.Helper()
	dir := filepath.Join(filepath.Dir(r.dir), "beside")
	r.must(os.MkdirAll(dir, 0o755))
	for _, name := range []string{"sshd", "login", "secret"} {
		r.must(os.WriteFile(filepath.Join(dir, name), []byte("Banner /"+canary+"\nerika ALL=(ALL) NOPASSWD: /bin/"+canary+"\nauth required pam_"+canary+".so\n"), 0o644))
	}
	return filepath.Join(dir, "secret")
}

func TestHostileTrees(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			r := clean(t)
			h.plant(r)
			r.survives(h.hurt)
		})
	}
}

// survives holds that an assessment ends in time and in words, tells nothing from outside of the tree, and passes
// none of these checks.
func (r tree) survives(hurt []string) {
	r.t.Helper()
	began := time.Now()
	a := r.look()
	if took := time.Since(began); took > 20*time.Second {
		r.t.Errorf("it took %v", took)
	}
	data, err := json.Marshal(a)
	r.must(err)
	if strings.Contains(string(data), canary) {
		r.t.Error("it tells what a file outside of the tree says")
	}
	got := verdicts(a, "web")
	for _, id := range hurt {
		if got[id] == check.Pass {
			r.t.Errorf("%s passes", id)
		}
	}
}

func TestEverythingHostileTogether(t *testing.T) {
	t.Parallel()
	r := clean(t)
	for _, h := range hostile {
		switch h.name {
		case "half a file", "a folder for /etc/shadow", "a loop of links for /etc/group", "lines of another system", "names that are no UTF-8",
			"files that include themselves", "a folder that is a link out of the tree", "a pipe for /etc/passwd":
			continue // they want the file that another one spoils
		}
		h.plant(r)
	}
	r.survives(nil)
}

// An empty tree shows nothing, so nearly nothing can be right about it: these alone are true of no
// files at all.
func TestEmptyTreeEarnsNoPass(t *testing.T) {
	t.Parallel()
	r := tree{t, t.TempDir()}
	a := r.look()
	vacuous := map[string]bool{
		"linuxhost-image-machine-id": true,
	}
	absent := []string{"filesystems-", "secrets-", "services-", "logging-files-", "firewall-single-framework", "kernel-prelink"}
	for _, res := range a.Results {
		if res.Verdict != check.Pass || vacuous[res.Check] {
			continue
		}
		none := false
		for _, prefix := range absent { // no file that is wrong: true where the whole tree was seen
			none = none || strings.HasPrefix(res.Check, prefix)
		}
		if !none {
			t.Errorf("%s passes on an empty tree: %s", res.Check, res.Detail)
		}
	}
	for _, req := range a.Requirements {
		if req.Status == "pass" {
			t.Errorf("%s is met by an empty tree: %s", req.ID, req.Reason)
		}
	}
}
