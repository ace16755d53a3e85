package linuxhost

import (
	"os"
	"path/filepath"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

var checks = []*check.Check{Supported, SupportEnding, RegularSupport, MachineIDSet, MachineIDGuarded, MachineIDImage,
	MachineIDAgrees, Hostname, HostnameKept, SecureBoot}

func TestChecks(t *testing.T) { checktest.Run(t, Source, checks) }

func TestOSRelease(t *testing.T) {
	for file, want := range map[string]OS{
		"debian12.os-release": {ID: "debian", Version: "12", Pretty: "Debian GNU/Linux 12 (bookworm)", Codename: "bookworm"},
		"alpine.os-release":   {ID: "alpine", Version: "3.20.3", Pretty: "Alpine Linux v3.20"},
		"rocky9.os-release":   {ID: "rocky", Version: "9.4", Pretty: "Rocky Linux 9.4 (Blue Onyx)", Like: []string{"rhel", "centos", "fedora"}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got := osRelease(string(data))
		if got.ID != want.ID || got.Version != want.Version || got.Pretty != want.Pretty || got.Codename != want.Codename || len(got.Like) != len(want.Like) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}

func TestObserve(t *testing.T) {
	h := hosttest.Host{
		Files: map[string]string{
			"/etc/hostname": "# name\nweb-1\n", "/proc/sys/kernel/hostname": "web-1\n", "/proc/sys/kernel/arch": "x86_64\n",
			"/proc/sys/kernel/osrelease": "6.1.0-37-amd64\n", "/etc/machine-id": goodID + "\n",
			"/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", efiSecureBoot: "\x06\x00\x00\x00\x01",
			"/proc/self/mountinfo": "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n",
		},
		Infos: map[string]host.Info{"/sys/firmware/efi": {}, "/.dockerenv": {}, "/usr/lib/systemd/systemd": {}},
	}
	f := hosttest.Observe(Source, h).(Fact)
	if len(f.Gaps) != 0 {
		t.Errorf("gaps: %v", f.Gaps)
	}
	if f.Hostname() != "web-1" || f.MachineID() != goodID || f.Boot.SecureBoot != "on" || f.Architecture != "x86_64" || !f.Systemd {
		t.Errorf("got %+v", f)
	}
	if f.Container != "" {
		t.Errorf("a machine made of an image is taken for a container: %q", f.Container)
	}
	if c := Source.Claims(f); len(c) != 1 || c[0].Fingerprint != goodID {
		t.Errorf("claims: %v", c)
	}
	h.Files["/proc/self/mountinfo"] = "600 500 0:50 / / rw - overlay overlay rw,lowerdir=/x\n"
	if f := hosttest.Observe(Source, h).(Fact); f.Container != "docker" {
		t.Errorf("a container is not recognised")
	}
}

func TestELFMachine(t *testing.T) {
	b := make([]byte, 20)
	copy(b, "\x7fELF\x02\x01")
	b[18] = 62
	if got := elfMachine(b); got != "x86_64" {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian12.os-release", "alpine.os-release", "rocky9.os-release"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "web-1\n", goodID+"\n", "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n", "\x06\x00\x00\x00\x01")
	}
	f.Fuzz(func(t *testing.T, release, name, id, mounts, secure string) {
		h := hosttest.Host{Files: map[string]string{"/etc/os-release": release, "/etc/hostname": name, "/etc/machine-id": id,
			"/proc/self/mountinfo": mounts, efiSecureBoot: secure, "/usr/bin/true": release}, Infos: map[string]host.Info{"/.dockerenv": {}}}
		got := hosttest.Observe(Source, h)
		b, err := fact.Canonical(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Source.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		c, err := fact.Canonical(again)
		if err != nil || string(b) != string(c) {
			t.Fatalf("not stable: %s\n%s", b, c)
		}
	})
}
