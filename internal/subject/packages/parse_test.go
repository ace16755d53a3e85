package packages

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func TestCompare(t *testing.T) {
	// In rising order; cases of deb-version(7) and of dpkg's own tests.
	rising := []string{"0~~", "0~~a", "0~", "0", "0-1", "0a", "1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-1", "1.0-1+deb12u1",
		"1.0-1.1", "1.0.4", "1.2a+b", "1.10", "2.7.4+reloaded2-13ubuntu1", "2.7.4+reloaded2-13ubuntu2", "3.0.11-1~deb12u2", "3.0.11-1",
		"1:0.4", "1:1", "2:0"}
	for i, a := range rising {
		for j, b := range rising {
			if got := Compare(a, b); got != cmp.Compare(i, j) {
				t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, cmp.Compare(i, j))
			}
		}
	}
	for _, p := range [][2]string{{"1.0", "1.00"}, {"0:1", "1"}, {"1-0", "1"}, {"1.0-0", "1.0"}} {
		if Compare(p[0], p[1]) != 0 {
			t.Errorf("%q and %q differ", p[0], p[1])
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("1.0-1", "1.0~rc1-1", "2:0.9")
	f.Add("6.1.0-21-amd64", "6.1.0-9-amd64", "6.1.0")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if Compare(a, a) != 0 {
			t.Errorf("%q is not itself", a)
		}
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("%q and %q: not antisymmetric", a, b)
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Errorf("%q, %q, %q: not transitive", a, b, c)
		}
	})
}

func archive(t testing.TB, name string) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Txtar(data)
}

func TestDebian(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "debian12.txtar")).(Fact)
	if len(f.Gaps) != 0 {
		t.Errorf("gaps: %v", f.Gaps)
	}
	var ups []string
	for _, u := range f.Updates {
		ups = append(ups, u.Name+" "+u.Candidate+" "+u.Security)
	}
	want := []string{"curl 7.88.1-10+deb12u8 ", "libssl3 3.0.15-1~deb12u1 3.0.15-1~deb12u1"}
	if !slices.Equal(ups, want) {
		t.Errorf("updates %q, want %q", ups, want)
	}
	if !slices.Equal(f.NoOrigin, []string{"vendor-agent"}) {
		t.Errorf("without origin: %v", f.NoOrigin)
	}
	if !f.Automatic.Installs || !f.Automatic.Refreshes {
		t.Errorf("automatic: %+v", f.Automatic)
	}
	if !f.Reboot.Required || len(f.Reboot.Packages) != 1 {
		t.Errorf("reboot: %+v", f.Reboot)
	}
	if f.Kernel.Newest != "6.1.0-22-amd64" || f.Kernel.Running != "6.1.0-21-amd64" || f.Kernel.Build != "6.1.90-1" {
		t.Errorf("kernel: %+v", f.Kernel)
	}
	if s := f.Repositories[1]; s.URI != "https://repo.example/deb" || s.Unchecked != "trusted=yes" {
		t.Errorf("the password of a repository stays, or its option is lost: %+v", s)
	}
	if p, _ := find(f.Packages, "libssl3"); p.Source != "openssl" {
		t.Errorf("source of libssl3: %+v", p)
	}
}

func TestAlpine(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "alpine.txtar")).(Fact)
	if f.Manager != "apk" || len(f.Packages) != 2 || len(f.Updates) != 1 || f.Updates[0].Candidate != "1.2.4-r3" || len(f.Repositories) != 2 {
		t.Errorf("%+v", f)
	}
}

func TestRedHat(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "rhel9.txtar")).(Fact)
	if f.Manager != "rpm" || len(f.Packages) != 3 || len(f.Updates) != 2 {
		t.Fatalf("%+v", f)
	}
	if u := f.Updates[1]; u.Name != "openssl-libs" || u.Security != "1:3.0.7-27.el9" || f.Updates[0].Security != "" {
		t.Errorf("%+v", f.Updates)
	}
	if len(f.Repositories) != 2 || f.Repositories[1].Unchecked != "gpgcheck=0" || !f.Automatic.Installs {
		t.Errorf("%+v %+v", f.Repositories, f.Automatic)
	}
}

func TestAptConf(t *testing.T) {
	got := ParseAptConf("f", `// comment
APT { Periodic { Unattended-Upgrade "1"; }; };
/* "x" { */ APT::Get::AllowUnauthenticated "true"; # end
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,label=Debian-Security";
};
#clear APT::Periodic;
`)
	want := []Setting{{"apt::periodic::unattended-upgrade", "1", "f:2"}, {"apt::get::allowunauthenticated", "true", "f:3"},
		{"unattended-upgrade::origins-pattern::", "origin=Debian,label=Debian-Security", "f:5"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// frame is one block of LZ4: three literals, a match of ten, five literals.
var frame = []byte{0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 12, 0, 0, 0, 0x36, 'a', 'b', 'c', 3, 0, 0x50, 'c', 'a', 'b', 'c', '\n', 0, 0, 0, 0}

func TestStanzasOfALongList(t *testing.T) {
	var got []string
	take := func(stanza []byte) { got = append(got, string(stanza)) }
	if p := eachStanza(host.File{Info: host.Info{Path: "l.lz4"}, Data: frame}, take); p != nil || len(got) != 1 || strings.TrimSpace(got[0]) != "abcabcabcabcacabc" {
		t.Errorf("%q %v", got, p)
	}
	if p := eachStanza(host.File{Info: host.Info{Path: "l.lz4"}, Data: frame[:15]}, take); p == nil {
		t.Error("a list that was cut is no list")
	}
	// Stanzas over the ends of pieces, one larger than a piece, the last without its empty line.
	var list strings.Builder
	var want []string
	for i := range 3000 {
		s := "Package: p" + itoa(i) + "\nDescription: " + strings.Repeat("x", i)
		if i == 1500 {
			s += strings.Repeat("y", 3*pieceSize)
		}
		want = append(want, s)
		list.WriteString(s + "\n\n")
	}
	got = nil
	if p := eachStanza(host.File{Data: []byte(strings.TrimRight(list.String(), "\n"))}, take); p != nil {
		t.Fatal(p)
	}
	for i := range got {
		got[i] = strings.TrimRight(got[i], "\n")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d stanzas, want %d, or they differ", len(got), len(want))
	}
	if p := eachStanza(host.File{Data: bytes.Repeat([]byte("x"), maxStanza+2*pieceSize)}, take); p == nil || p.Cause != fact.TooLarge {
		t.Errorf("a stanza without end: %v", p)
	}
}

func FuzzLists(f *testing.F) {
	f.Add("l.lz4", frame)
	f.Add("l", []byte("Package: a\nVersion: 1\n\nPackage: b\n"))
	f.Add("l", []byte("\n\nPackage: a\nDescription: x\n y\nVersion: 9\r\nArchitecture: all\nPhased-Update-Percentage: 10\n\nPackage: a\nVersion: 3"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		offers := func(shared *host.Shared) (map[string][]installedOffer, bool) {
			best := map[string][]installedOffer{"a": {{}}}
			p := eachStanza(host.File{Info: host.Info{Path: name}, Data: data, Shared: shared},
				func(stanza []byte) { scan(stanza, best, "", false, false) })
			return best, p == nil
		}
		whole, good := offers(nil)
		shared := &host.Shared{}
		for range 2 {
			if short, ok := offers(shared); ok != good || !slices.Equal(short["a"], whole["a"]) {
				t.Errorf("%+v, shared with other hosts %+v", whole, short)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian12.txtar", "alpine.txtar", "rhel9.txtar"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), false)
	}
	f.Fuzz(func(t *testing.T, data string, rootfs bool) {
		h := hosttest.Txtar([]byte(data))
		h.Rootfs = rootfs
		once := hosttest.Observe(Source, h)
		a, err := fact.Canonical(once)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := fact.Canonical(hosttest.Observe(Source, h))
		if !bytes.Equal(a, b) {
			t.Error("one host gives two facts")
		}
		if _, err := Source.Decode(a); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkLists is a list of the size of Debian's main, for 700 installed packages.
func BenchmarkLists(b *testing.B) {
	var list bytes.Buffer
	best := map[string][]installedOffer{}
	for i := range 63_000 {
		name := "package" + string(rune('a'+i%26)) + strings.Repeat("x", i%7) + itoa(i)
		list.WriteString("Package: " + name + "\nSource: s\nVersion: 1.2.3-" + itoa(i%9) + "\nInstalled-Size: 123\nMaintainer: Some Body <some@example.org>\nArchitecture: amd64\nDepends: " +
			strings.Repeat("libfoo (>= 1.0), ", 12) + "libc6\nDescription: a package\nHomepage: https://example.org\nDescription-md5: 0123456789abcdef0123456789abcdef\nTag: implemented-in::c, role::program\nSection: misc\nPriority: optional\nFilename: pool/main/p/package/package_1.2.3_amd64.deb\nSize: 12345\nSHA256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n")
		if i%90 == 0 {
			best[name] = []installedOffer{{Package: Package{Name: name, Version: "1.2.3-4", Arch: "amd64"}}}
		}
	}
	b.SetBytes(int64(list.Len()))
	b.ReportAllocs()
	for b.Loop() {
		eachStanza(host.File{Data: list.Bytes()}, func(stanza []byte) { scan(stanza, best, "list", false, false) })
	}
}

// BenchmarkMachine parses what the machine at hand has. Baseline of 2026-11-24, Debian 12 with 900
// packages and 20 MB of lists packed with LZ4, 2 virtual cores: 97 ms; BenchmarkLists: 20 ms for 42 MB.
func BenchmarkMachine(b *testing.B) {
	ev := gatherMachine(b)
	b.ReportAllocs()
	for b.Loop() {
		Source.Parse(ev, fact.Key{})
	}
}

func gatherMachine(t testing.TB) *host.Evidence {
	t.Helper()
	ev, tr := host.NewEvidence(), local.Machine()
	if err := tr.Gather(context.Background(), ev.Claim(Source.Needs), ev); err != nil {
		t.Fatal(err)
	}
	if err := tr.Gather(context.Background(), ev.Claim(Source.Follow(ev)), ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

// TestMachine reads the machine that the test runs on: whatever it is, two looks are equal.
func TestMachine(t *testing.T) {
	ev := gatherMachine(t)
	a, err := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if !bytes.Equal(a, b) {
		t.Error("one machine gives two facts")
	}
	if testing.Verbose() {
		f := Source.Parse(ev, fact.Key{}).(Fact)
		t.Logf("%d packages, updates %v, without origin %d, gaps %v, auto %+v kernel %+v lists %v settings %v", len(f.Packages), len(f.Updates), len(f.NoOrigin), f.Gaps, f.Automatic, f.Kernel, f.Lists, f.Settings)
	}
}

func itoa(n int) string {
	s, _ := json.Marshal(n)
	return string(s)
}
