package all

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

// FuzzHost gives a host of any files to all sources and checks: one host gives one fact, which is
// the same after it was recorded, and no check breaks on it.
func FuzzHost(f *testing.F) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		f.Fatal(err)
	}
	names, err := filepath.Glob("../*/testdata/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "Name:\tsshd\nUid:\t0\t0\t0\t0\n", uint32(0o4755), false)
	}
	f.Add([]byte("-- etc/passwd --\nroot:x:0:0::/root:/bin/sh\n-- etc/shadow --\nroot:*:x:::::\n"), "Uid:\t-1\n", uint32(0o777)|uint32(fs.ModeSymlink), true)
	f.Fuzz(func(t *testing.T, data []byte, status string, mode uint32, rootfs bool) {
		p := host.Process{PID: 7, Exe: "/usr/sbin/sshd", Sockets: []uint64{12345}, Environ: []byte(status)}
		host.ParseStatus(status, &p)
		special := host.Info{Path: "/usr/bin/x", Real: "/usr/bin/x", Mode: fs.FileMode(mode), UID: p.UIDs[0], GID: p.GIDs[0]}
		h := hosttest.Txtar(data)
		h.Rootfs, h.Processes = rootfs, []host.Process{p}
		h.Infos = map[string]host.Info{"/etc/shadow": special, "/root": special, "/etc/systemd/system/x.service": special}
		h.Special = &host.Special{Files: []host.Info{special}, UIDs: map[int]string{p.UIDs[0]: "/x"}, GIDs: map[int]string{p.GIDs[0]: "/x"}, Count: 1}
		obs := map[string][]fact.Observation{}
		for _, s := range Sources() {
			seen := hosttest.Observe(s, h)
			first, err := fact.Canonical(seen)
			if err != nil {
				t.Fatalf("%s: %v", s.Kind, err)
			}
			if again, err := fact.Canonical(hosttest.Observe(s, h)); err != nil || !bytes.Equal(first, again) {
				t.Fatalf("%s: one host gives two facts, %v:\n%s\n%s", s.Kind, err, first, again)
			}
			back, err := s.Decode(first)
			if err != nil {
				t.Fatal(err)
			}
			if second, err := fact.Canonical(back); err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%s: recorded and read it differs, %v:\n%s\n%s", s.Kind, err, first, second)
			}
			if s.Claims != nil {
				s.Claims(seen)
			}
			obs[s.Kind.Name] = append(obs[s.Kind.Name], fact.Observation{Subject: "host:a", Kind: s.Kind, Fact: back, ObservedAt: check.ExampleNow})
		}
		for _, c := range Checks() {
			for _, o := range check.Judge(c, cat, obs[c.Rule.Kind.Name], nil, check.ExampleNow) {
				if o.Verdict == check.Error {
					t.Errorf("%s: %s", c.ID, o.Detail)
				}
			}
		}
	})
}
