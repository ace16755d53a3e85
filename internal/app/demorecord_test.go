package app

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/all"
)

var update = flag.Bool("update", false, "record the demo anew; wants root, who alone can give files their owners")

// fault changes one place of a clean host. An empty old text is a line that is added; of a whole file both are given.
type fault struct{ path, old, with string }

var (
	passwords = fault{"etc/ssh/sshd_config", "PasswordAuthentication no", "PasswordAuthentication yes"}
	rootLogin = fault{"etc/ssh/sshd_config", "PermitRootLogin no", "PermitRootLogin yes"}
	forwards  = fault{"etc/ssh/sshd_config", "X11Forwarding no", "X11Forwarding yes"}
	noRsyslog = fault{"etc/rsyslog.d/60-forward.conf", "*", "# nothing is sent from here\n"}
	secret    = fault{"srv/pay/config.yaml", "", "provider: northwind-pay\naccess_key_id: AKIA" + "Q3EGRAUXKD4WPYJ7\n"}
	debugUser = fault{"etc/passwd", "", "debug:x:0:0::/root:/bin/bash\n"}
	sudoAll   = fault{"etc/sudoers.d/ci", "", "ci ALL=(ALL:ALL) NOPASSWD: ALL\n"}
	oldCurl   = fault{"var/lib/dpkg/status", "7.88.1-10+deb12u12", "7.88.1-10+deb12u5"}
	oldWeb    = fault{"var/lib/dpkg/status", "", dpkg("apache2", "2.4.59-1~deb12u1") + dpkg("libwebp7", "1.2.4-0.2", "libwebp") + dpkg("php8.2-fpm", "8.2.18-1~deb12u1", "php8.2")}
	goodWeb   = fault{"var/lib/dpkg/status", "", dpkg("nginx", "1.22.1-9+deb12u11")}
	oldNginx  = fault{"var/lib/dpkg/status", "", dpkg("nginx", "1.22.1-9")}
	oldGlibc  = fault{"var/lib/dpkg/status", "", dpkg("libc6", "2.36-9+deb12u1", "glibc")}
	goodGlibc = fault{"var/lib/dpkg/status", "", dpkg("libc6", "2.36-9+deb12u14", "glibc")}
	goodCurl  = fault{"var/lib/dpkg/status", "7.88.1-10+deb12u12", "7.88.1-10+deb12u15"}
	goodSSH   = fault{"var/lib/dpkg/status", "1:9.2p1-2+deb12u7", "1:9.2p1-2+deb12u10"}
	oldGit    = fault{"var/lib/dpkg/status", "", dpkg("git", "1:2.39.2-1.1")}
)

// dpkg is an installed package; its source package has another name where one is given.
func dpkg(name, version string, source ...string) string {
	s := "\nPackage: " + name + "\nStatus: install ok installed\nArchitecture: amd64\n"
	if len(source) > 0 {
		s += "Source: " + source[0] + "\n"
	}
	return s + "Version: " + version + "\n"
}

// demoLooks are what was wrong with whom, how many days ago.
var demoLooks = []struct {
	days  int
	hosts map[string][]fault
}{
	{84, map[string][]fault{"web-1": {goodSSH, passwords, oldNginx, oldGlibc, oldCurl}, "web-2": {goodCurl, goodSSH, passwords, oldNginx, oldGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, oldGlibc}, "pay-1": {goodCurl, goodSSH, goodGlibc}, "wiki-1": {goodSSH, passwords, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
	{56, map[string][]fault{"web-1": {goodSSH, passwords, goodWeb, oldGlibc, oldCurl}, "web-2": {goodCurl, goodSSH, passwords, goodWeb, goodGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, oldGlibc}, "pay-1": {goodCurl, goodSSH, goodGlibc}, "wiki-1": {goodSSH, passwords, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
	{35, map[string][]fault{"web-1": {goodSSH, goodWeb, oldGlibc, oldCurl}, "web-2": {goodCurl, goodSSH, goodWeb, goodGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, oldGlibc, noRsyslog}, "pay-1": {goodCurl, goodSSH, goodGlibc}, "wiki-1": {goodSSH, passwords, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
	{14, map[string][]fault{"web-1": {goodSSH, goodWeb, goodGlibc, oldCurl}, "web-2": {goodCurl, goodSSH, goodWeb, goodGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, goodGlibc}, "pay-1": {goodCurl, goodSSH, goodGlibc}, "wiki-1": {goodSSH, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
	{3, map[string][]fault{"web-1": {goodSSH, goodWeb, goodGlibc, oldCurl}, "web-2": {goodCurl, goodSSH, goodWeb, goodGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, goodGlibc}, "pay-1": {goodCurl, goodSSH, goodGlibc}, "wiki-1": {goodSSH, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
	{0, map[string][]fault{"web-1": {goodSSH, goodWeb, goodGlibc, oldCurl, debugUser}, "web-2": {goodCurl, goodSSH, goodWeb, goodGlibc}, "shop-db": {goodCurl, goodSSH, rootLogin, goodGlibc}, "pay-1": {goodCurl, goodSSH, goodGlibc, secret}, "wiki-1": {goodSSH, forwards, oldWeb}, "build-1": {goodCurl, goodSSH, sudoAll, oldGit}, "web-t1": {goodCurl, goodSSH, passwords}}},
}

// TestDemoRecording records the demo anew where that is asked for, and else tells whether this version reads what is recorded.
func TestDemoRecording(t *testing.T) {
	if *update {
		record(t)
	}
	looks, err := demoRecording()
	if err != nil {
		t.Fatal(err)
	}
	if len(looks.Looks) != len(demoLooks) {
		t.Errorf("%d looks are recorded, want %d", len(looks.Looks), len(demoLooks))
	}
	w := &world{sources: all.Sources()}
	for digest, f := range looks.Facts {
		content, err := w.decode(f.Kind, f.Data)
		if err != nil {
			t.Errorf("%s: %v", f.Kind, err)
			continue
		}
		if data, err := fact.Canonical(content); err != nil || fact.Digest(data) != digest {
			t.Errorf("%s: what is recorded is read as something else %v", f.Kind, err)
		}
	}
}

func record(t *testing.T) {
	t.Helper()
	archive, err := txtar.ParseFile("../../test/planted/testdata/clean.txtar")
	if err != nil {
		t.Fatal(err)
	}
	out := demoLooksFile{Facts: map[string]demoFact{}}
	for _, look := range demoLooks {
		made := demoLook{Days: look.days, Hosts: map[string][]string{}}
		names := make([]string, 0, len(look.hosts))
		for name := range look.hosts {
			names = append(names, name)
		}
		slices.Sort(names)
		for i, name := range names {
			dir := filepath.Join(t.TempDir(), name)
			plantHost(t, dir, archive, name, i)
			for _, f := range look.hosts[name] {
				change(t, dir, f)
			}
			o := Options{State: t.TempDir(), Targets: []string{"rootfs:" + dir}, Subject: name}
			a, err := Assess(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			store, err := openStore(t.Context(), o.State, "")
			if err != nil {
				t.Fatal(err)
			}
			kinds, err := store.Kinds(t.Context(), a.Run)
			if err != nil {
				t.Fatal(err)
			}
			w := &world{sources: all.Sources()}
			for _, k := range kinds {
				obs, err := store.Observations(t.Context(), a.Run, k, "", 10, w.decode)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range obs {
					if o.Fact == nil {
						continue
					}
					data, err := fact.Canonical(o.Fact)
					if err != nil {
						t.Fatal(err)
					}
					out.Facts[o.Digest] = demoFact{k, json.RawMessage(data)}
					made.Hosts["prod/"+name] = append(made.Hosts["prod/"+name], o.Digest)
				}
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		made.Hosts["test/web-t1"] = made.Hosts["prod/web-t1"]
		delete(made.Hosts, "prod/web-t1")
		out.Looks = append(out.Looks, made)
	}
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("demo/looks.json.zst", enc.EncodeAll(data, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plantHost makes the tree of a clean host with a name, a machine id and keys of its own.
func plantHost(t *testing.T, dir string, archive *txtar.Archive, name string, n int) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	type owned struct {
		path     string
		mode     os.FileMode
		uid, gid int
	}
	var later []owned
	for _, f := range archive.Files {
		if path, to, ok := strings.Cut(f.Name, " -> "); ok {
			must(os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
			must(os.Symlink(to, filepath.Join(dir, path)))
			continue
		}
		words := strings.Fields(f.Name)
		o := owned{path: filepath.Join(dir, words[0]), mode: 0o644}
		if len(words) > 1 {
			bits, err := strconv.ParseUint(words[1], 8, 32)
			must(err)
			o.mode = os.FileMode(bits & 0o777)
			for bit, mode := range map[uint64]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
				if bits&bit != 0 {
					o.mode |= mode
				}
			}
		}
		if len(words) > 2 {
			_, err := fmt.Sscanf(words[2], "%d:%d", &o.uid, &o.gid)
			must(err)
		}
		if strings.HasSuffix(words[0], "/") {
			must(os.MkdirAll(o.path, 0o755))
		} else {
			must(os.MkdirAll(filepath.Dir(o.path), 0o755))
			data := f.Data
			switch words[0] {
			case "etc/hostname":
				data = []byte(name + "\n")
			case "etc/machine-id":
				data = []byte(fmt.Sprintf("%032x\n", 0xdec0de00+n))
			case "etc/ssh/ssh_host_ed25519_key.pub", "etc/ssh/ssh_host_rsa_key.pub":
				words := strings.Fields(string(data))
				key := []byte(words[1])
				key[len(key)-6] = byte('a' + n)
				data = []byte(words[0] + " " + string(key) + "\n")
			}
			must(os.WriteFile(o.path, data, 0o644))
		}
		later = append(later, o)
	}
	for _, o := range slices.Backward(later) {
		must(os.Chown(o.path, o.uid, o.gid))
		must(os.Chmod(o.path, o.mode))
	}
}

func change(t *testing.T, dir string, f fault) {
	t.Helper()
	path := filepath.Join(dir, f.path)
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	text := string(data)
	switch {
	case f.old == "*":
		text = f.with
	case f.old == "":
		text += f.with
	case strings.Count(text, f.old) != 1:
		t.Fatalf("%s holds %q %d times, want once", f.path, f.old, strings.Count(text, f.old))
	default:
		text = strings.Replace(text, f.old, f.with, 1)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	mode := os.FileMode(0o644)
	if strings.HasPrefix(f.path, "etc/sudoers.d") {
		mode = 0o440
	}
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode()
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
