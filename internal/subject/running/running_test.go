package running

import (
	"bytes"
	"slices"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func TestChecks(t *testing.T) { checktest.Run(t, Source, []*check.Check{Current}) }

// maps is as Linux 6.1 wrote it of an sshd whose libcrypto and libz were upgraded; the last lines are no installed files.
const maps = `55a0c0a00000-55a0c0a0d000 r--p 00000000 fe:01 1311  /usr/sbin/sshd
55a0c0a0d000-55a0c0aa0000 r-xp 0000d000 fe:01 1311                       /usr/sbin/sshd
7f1c00000000-7f1c00021000 rw-p 00000000 00:00 0
7f1c0a200000-7f1c0a2c5000 r--p 00000000 fe:01 2201                       /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
7f1c0a2c5000-7f1c0a548000 r-xp 000c5000 fe:01 2201                       /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
7f1c0a600000-7f1c0a612000 r-xp 00003000 fe:01 2310                       /usr/lib/x86_64-linux-gnu/libz.so.1.2.13;65f3a1b2 (deleted)
7f1c0a700000-7f1c0a712000 r-xp 00003000 fe:01 2311                       /usr/lib/x86_64-linux-gnu/libc.so.6
7f1c0b000000-7f1c0b001000 r-xp 00000000 00:01 77                         /memfd:jit (deleted)
7f1c0b100000-7f1c0b101000 rwxp 00000000 00:19 78                         /tmp/.x/plugin\012.so (deleted)
7ffd3a3f0000-7ffd3a3f2000 r-xp 00000000 00:00 0                          [vdso]
`

const owners = `libssl3:amd64: /usr/lib/x86_64-linux-gnu/libcrypto.so.3
libc6:amd64, libc6:i386: /lib/x86_64-linux-gnu/libc.so.6
openssh-server: /usr/sbin/sshd
diversion by dash from: /bin/sh
bash: /bin/bash
`

func looked(ps ...host.Process) hosttest.Host {
	return hosttest.Host{Files: map[string]string{dpkgStatus: "Package: x\n"}, Processes: ps,
		Outputs: map[string]string{dpkgOwners.Name: owners}}
}

func TestParse(t *testing.T) {
	mapped := host.ParseMaps(maps)
	init := host.Process{PID: 1, Name: "systemd", Exe: "/usr/lib/systemd/systemd", PIDNS: "pid:[1]"}
	f := hosttest.Observe(Source, looked(init,
		host.Process{PID: 7, Name: "sshd", Exe: "/usr/sbin/sshd", Cgroup: "/system.slice/ssh.service", PIDNS: "pid:[1]", Mapped: mapped},
		host.Process{PID: 8, Name: "bash", Exe: "/usr/bin/bash (deleted)", Cgroup: "/user.slice/user-0.slice/session-3.scope", Mapped: []host.Mapping{{Path: "/usr/bin/bash", Gone: true}}},
		host.Process{PID: 9, Name: "app", Exe: "/opt/app/app", Cgroup: "/system.slice/app.service", Mapped: []host.Mapping{{Path: "/opt/app/app"}}},
		host.Process{PID: 10, Name: "web", Exe: "/usr/sbin/web", PIDNS: "pid:[2]", Mapped: []host.Mapping{{Path: "/usr/sbin/web", Gone: true}}},
		host.Process{PID: 11, Name: "web", Exe: "/usr/sbin/web", Cgroup: "/system.slice/docker-0a1b.scope", Mapped: []host.Mapping{{Path: "/usr/sbin/web", Gone: true}}},
	)).(Fact)
	if len(f.Gaps) != 0 || f.Processes != 4 {
		t.Errorf("%+v", f)
	}
	if want := []string{"bash", "libc6", "libssl3", "openssh-server"}; !slices.Equal(f.Packages, want) {
		t.Errorf("packages %q, want %q", f.Packages, want)
	}
	if !slices.Equal(f.Programs, []string{"/opt/app/app"}) {
		t.Errorf("programs %q", f.Programs)
	}
	if len(f.Stale) != 2 || f.Stale[0].Program != "bash" || !f.Stale[0].Session || f.Stale[1].Program != "sshd" || f.Stale[1].Session {
		t.Fatalf("%+v", f.Stale)
	}
	s := f.Stale[1]
	want := []File{{"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "libssl3"}, {"/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", ""}}
	if !slices.Equal(s.Files, want) || !slices.Equal(s.Units, []string{"ssh.service"}) {
		t.Errorf("%+v", s)
	}
}

func TestGaps(t *testing.T) {
	f := hosttest.Observe(Source, looked(host.Process{PID: 1, MapsDenied: true})).(Fact)
	if p := f.Missing()[partProcesses]; p.Cause != fact.Denied || p.How == "" {
		t.Errorf("a process that may not be read: %+v", f.Gaps)
	}
	h := looked()
	h.Rootfs = true
	if f := hosttest.Observe(Source, h).(Fact); f.Missing()[partProcesses].Cause != fact.Unsupported {
		t.Errorf("a file tree: %+v", f.Gaps)
	}
	f = hosttest.Observe(Source, hosttest.Host{Processes: []host.Process{{PID: 1}}}).(Fact)
	if f.Missing()[partOwners].Cause != fact.Unsupported {
		t.Errorf("no manager that tells owners: %+v", f.Gaps)
	}
}

func TestAPK(t *testing.T) {
	got := apkOwners("P:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl-x86_64.so.1\nR:libc.musl-x86_64.so.1\n\nP:busybox\nF:bin\nR:busybox\nF:etc\nR:securetty\n")
	if got["/lib/ld-musl-x86_64.so.1"] != "musl" || got["/bin/busybox"] != "busybox" || len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(maps, owners, "P:musl\nF:lib\nR:libc.so\n", "/system.slice/ssh.service")
	f.Fuzz(func(t *testing.T, maps, owners, apk, cgroup string) {
		h := looked(host.Process{PID: 1, Mapped: host.ParseMaps(maps), Cgroup: cgroup})
		h.Outputs[dpkgOwners.Name] = owners
		h.Files[apkDB] = apk
		a, err := fact.Canonical(hosttest.Observe(Source, h))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := fact.Canonical(hosttest.Observe(Source, h))
		if !bytes.Equal(a, b) {
			t.Error("one host gives two facts")
		}
	})
}
