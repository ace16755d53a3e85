package host_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/host"
)

// status is /proc/PID/status of sshd on Debian 12, Linux 6.1, shortened.
const status = `Name:	sshd
Umask:	0022
State:	S (sleeping)
Tgid:	672
Ngid:	0
Pid:	672
PPid:	1
TracerPid:	0
Uid:	1	2	3	4
Gid:	5	6	7	8
FDSize:	128
Groups:	 
CapInh:	0000000000000000
CapPrm:	000001ffffffffff
CapEff:	000001ffffffffff
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
`

func TestParseStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		data string
		want host.Process
	}{
		"Debian 12": {status, host.Process{Name: "sshd", Parent: 1, UIDs: [4]int{1, 2, 3, 4}, GIDs: [4]int{5, 6, 7, 8}, Caps: 0x1ffffffffff, NoNewPriv: true, Seccomp: 2}},
		"nothing":   {"", host.Process{}},
		"a name that looks like a line of its own": {"Name:\tUid:\t0\nUid:\t7\t7\t7\t7\n", host.Process{Name: "Uid:\t0", UIDs: [4]int{7, 7, 7, 7}}},
		"no new privileges is 1 alone":             {"NoNewPrivs:\t0\n", host.Process{}},
		"malformed lines leave zero":               {"Name\nPPid: x\nUid: a b c d\nCapEff: xyz\nSeccomp: ?\n", host.Process{}},
		"too few and too many numbers":             {"Uid: 1 2\nGid: 1 2 3 4 5 6\n", host.Process{UIDs: [4]int{1, 2}, GIDs: [4]int{1, 2, 3, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			var p host.Process
			host.ParseStatus(tc.data, &p)
			if d := cmp.Diff(tc.want, p); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	p := host.Process{PID: 7, Exe: "/usr/sbin/sshd"}
	host.ParseStatus(status, &p)
	if p.PID != 7 || p.Exe != "/usr/sbin/sshd" {
		t.Errorf("what was known is lost: %+v", p)
	}
}

func TestParseCgroup(t *testing.T) {
	for name, tc := range map[string]struct{ data, want string }{
		"unified":                      {"0::/system.slice/ssh.service\n", "/system.slice/ssh.service"},
		"unified goes first in hybrid": {"12:pids:/user.slice/very/long/path/indeed\n1:name=systemd:/a.service\n0::/b.service\n", "/b.service"},
		"systemd's own in version 1":   {"12:pids:/system.slice/a/longer/path\n1:name=systemd:/system.slice/cron.service\n0::/\n", "/system.slice/cron.service"},
		"the longest of what is left":  {"3:cpu,cpuacct:/docker/abc\n2:pids:/docker/abc/def\n1:memory:/\n", "/docker/abc/def"},
		"a path with colons":           {"0::/system.slice/a:b:c.service\n", "/system.slice/a:b:c.service"},
		"the root of a namespace":      {"0::/\n", "/"},
		"nothing":                      {"", ""},
		"lines of another form":        {"x\n1:2\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := host.ParseCgroup(tc.data); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseArgs(t *testing.T) {
	for name, tc := range map[string]struct {
		data string
		want []string
	}{
		"a kernel thread has none":    {"", nil},
		"only the end":                {"\x00", nil},
		"one":                         {"sshd\x00", []string{"sshd"}},
		"several":                     {"redis-server\x00--bind\x000.0.0.0\x00", []string{"redis-server", "--bind", "0.0.0.0"}},
		"an empty one in the middle":  {"a\x00\x00b\x00", []string{"a", "", "b"}},
		"a title set by the program":  {"nginx: master process /usr/sbin/nginx\x00\x00\x00", []string{"nginx: master process /usr/sbin/nginx"}},
		"without an end":              {"a\x00b", []string{"a", "b"}},
		"white space does not divide": {"a b\nc\x00", []string{"a b\nc"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, host.ParseArgs(tc.data)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestSocketInode(t *testing.T) {
	for link, want := range map[string]uint64{"socket:[12345]": 12345, "socket:[18446744073709551615]": 18446744073709551615} {
		if got, ok := host.SocketInode(link); !ok || got != want {
			t.Errorf("%s: got %d, %v", link, got, ok)
		}
	}
	for _, link := range []string{"", "pipe:[12345]", "/dev/null", "socket:[]", "socket:[12", "socket:[12]]", "socket:[-1]", "socket:[x]", "socket:[18446744073709551616]", "/tmp/socket:[1]"} {
		if got, ok := host.SocketInode(link); ok {
			t.Errorf("%q is taken for socket %d", link, got)
		}
	}
}

func TestLocalStorage(t *testing.T) {
	for fs, want := range map[string]bool{"ext4": true, "xfs": true, "btrfs": true, "zfs": true, "overlay": true, "tmpfs": true,
		"proc": false, "sysfs": false, "cgroup2": false, "nfs4": false, "cifs": false, "fuse.sshfs": false, "devtmpfs": false, "autofs": false, "": false, "EXT4": false} {
		if host.LocalStorage(fs) != want {
			t.Errorf("%q: local %v, want %v", fs, !want, want)
		}
	}
}

// A walk leaves out what holds only what distributions ship, and never the places from which
// programs start.
func TestBulky(t *testing.T) {
	for dir, want := range map[string]bool{
		"/":                                false,
		"/usr":                             false,
		"/usr/share":                       true,
		"/usr/sharex":                      false,
		"/var/lib/docker":                  true,
		"/var/lib/dpkg":                    false,
		"/srv/app/node_modules":            true,
		"/srv/app/my_node_modules":         false,
		"/root/go/pkg/mod":                 true,
		"/root/go/pkg/model":               false,
		"/home/a/.ssh":                     false,
		"/home/a/b/c/d":                    false, // five deep
		"/home/a/b/c/d/e":                  true,  // six
		"/etc/a/b/c/d/e/f/g":               false,
		"/usr/bin/a/b/c/d/e":               false,
		"/usr/sbin/a/b/c/d/e":              false,
		"/usr/libexec/a/b/c/d/e":           false,
		"/boot/efi/a/b/c/d/e":              false,
		"/etcetera/a/b/c/d/e":              true,
		"/usr/bin":                         false,
		"/etc/" + strings.Repeat("a/", 50): false,
	} {
		if host.Bulky(dir) != want {
			t.Errorf("%s: left out %v, want %v", dir, !want, want)
		}
	}
}

// FuzzProcess: whatever stands in /proc is read without breaking, and within its bounds.
func FuzzProcess(f *testing.F) {
	f.Add(status, "0::/system.slice/ssh.service\n", "a\x00\x00b\x00", "socket:[12345]")
	f.Add("Name:\tx\ty\nUid:\t-1\t99999999999999999999\nCapEff:\tffffffffffffffffffff\n", "1:name=systemd:/\n0::\n::\n", "\x00\x00", "socket:[]")
	f.Add("Uid:\v1\f2\n", "3:a:b:c", "x", "pipe:[1]")
	f.Fuzz(func(t *testing.T, status, cgroup, args, link string) {
		var p, again host.Process
		host.ParseStatus(status, &p)
		host.ParseStatus(status, &again)
		if d := cmp.Diff(p, again); d != "" {
			t.Fatalf("read twice it differs: %s", d)
		}
		if strings.ContainsAny(p.Name, "\n") {
			t.Fatalf("the name %q runs over a line", p.Name)
		}
		if c := host.ParseCgroup(cgroup); !strings.Contains(cgroup, c) {
			t.Fatalf("cgroup %q is not in %q", c, cgroup)
		}
		if list := host.ParseArgs(args); strings.Join(list, "\x00") != strings.TrimRight(args, "\x00") {
			t.Fatalf("%q is read as %q", args, list)
		}
		if n, ok := host.SocketInode(link); !ok && n != 0 {
			t.Fatalf("%q is no socket, and gives %d", link, n)
		}
	})
}
