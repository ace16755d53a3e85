package kernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func archive(t testing.TB, name string) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Txtar(data)
}

func TestPrecedence(t *testing.T) {
	h := archive(t, "precedence.txtar")
	h.Infos = map[string]host.Info{"/usr/lib/systemd/systemd": {}}
	f := hosttest.Observe(Source, h).(Fact)
	for key, want := range map[string]string{
		"kernel.kptr_restrict":               "2", // /etc hides the file of that name in /usr/lib
		"kernel.sysrq":                       "4", // the later name wins, whatever its folder
		"net.ipv4.conf.default.rp_filter":    "2", // its own line
		"net.ipv4.conf.all.rp_filter":        "",  // kept out of the pattern
		"net.ipv4.conf.all.accept_redirects": "0", // by a pattern
		"kernel.dmesg_restrict":              "1", // written with slashes
		"fs.suid_dumpable":                   "",  // systemd does not read /etc/sysctl.conf
	} {
		if s, _ := f.next(key); s.Value != want {
			t.Errorf("%s: got %q of %s, want %q", key, s.Value, s.Source, want)
		}
	}
	h.Infos = nil
	f = hosttest.Observe(Source, h).(Fact)
	if s, _ := f.next("fs.suid_dumpable"); s.Value != "0" || s.Source != "/etc/sysctl.conf:2" {
		t.Errorf("without systemd /etc/sysctl.conf counts, got %+v", s)
	}
}

func TestHiddenDropIn(t *testing.T) {
	ev := host.NewEvidence()
	for _, n := range ev.Claim(Source.Needs) {
		if n.Op == host.OpRead {
			ev.PutMatches(n.Op, n.Pattern, nil, nil)
		}
	}
	ev.PutMatches(host.OpRead, "/etc/sysctl.d/*.conf", []string{"/etc/sysctl.d/50-a.conf"}, nil)
	ev.PutFile(host.File{Info: host.Info{Path: "/etc/sysctl.d/50-a.conf", Real: "/dev/null"}, Err: &fact.Problem{Cause: fact.NotRegular}})
	ev.PutMatches(host.OpRead, "/usr/lib/sysctl.d/*.conf", []string{"/usr/lib/sysctl.d/50-a.conf"}, nil)
	ev.PutFile(host.File{Info: host.Info{Path: "/usr/lib/sysctl.d/50-a.conf", Real: "/usr/lib/sysctl.d/50-a.conf"}, Data: []byte("kernel.sysrq = 1\n")})
	f := Source.Parse(ev, fact.Key{}).(Fact)
	if len(f.Settings) != 0 {
		t.Errorf("a link to /dev/null does not hide the file: %v", f.Settings)
	}
	if p, ok := f.Gaps[partSysctl]; ok {
		t.Errorf("gap: %v", p.Error())
	}
}

func TestServer(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "server.txtar")).(Fact)
	if !f.MAC.Enforced || len(f.MAC.Complain) != 1 || f.MAC.Complain[0] != "/usr/sbin/dnsmasq" || f.MAC.AppArmor != "Y" {
		t.Errorf("access control: %+v", f.MAC)
	}
	if len(f.Modules.Loaded) != 1 || f.Modules.Loaded[0] != "usb_storage" || len(f.Modules.Available) != 2 {
		t.Errorf("modules: %+v", f.Modules)
	}
	if f.Modules.barred("rds") == "" || f.Modules.barred("usb-storage") == "" || f.Modules.barred("tipc") == "" || f.Modules.barred("hfs") != "" {
		t.Errorf("module rules: %+v", f.Modules.Rules)
	}
	if !f.Loader.Password || f.Loader.Plain != "" || len(f.Loader.Files) != 1 {
		t.Errorf("boot loader: %+v", f.Loader)
	}
	if f.Dumps.Storage != "none" || f.Dumps.ProcessSizeMax != "0" {
		t.Errorf("dumps: %+v", f.Dumps)
	}
	if l, ok := f.Dumps.hard(); !ok || l.Value != "0" || l.Source != "/etc/security/limits.d/60-core.conf:2" {
		t.Errorf("limit: %+v", l)
	}
	if f.Lockdown != "integrity" {
		t.Errorf("lockdown: %q", f.Lockdown)
	}
	names := ""
	for _, b := range f.Boot {
		names += b.Name + "=" + b.Value + "@" + b.Source + " "
	}
	if names != "apparmor=1@/proc/cmdline module_blacklist=tipc@/proc/cmdline mitigations=off@/etc/default/grub:3 " {
		t.Errorf("command line: %s", names)
	}
	b, err := fact.Canonical(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"grub.pbkdf2", "root=UUID", "hunter2"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("the fact holds %s", secret)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"precedence.txtar", "server.txtar", "debian12.txtar"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, false)
		f.Add(data, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, tree bool) {
		h := hosttest.Txtar(data)
		h.Rootfs = tree
		b, err := fact.Canonical(hosttest.Observe(Source, h))
		if err != nil {
			t.Fatal(err)
		}
		again, err := Source.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		c, err := fact.Canonical(again)
		if err != nil || string(b) != string(c) {
			t.Fatalf("not stable:\n%s\n%s", b, c)
		}
	})
}

// A fault that was seen stands although another part was not, and ends no finding of that part.
func TestFaultBesideGap(t *testing.T) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	gap := fact.Problem{Cause: fact.Denied, Source: "/etc/modprobe.d"}
	modules := Fact{Systemd: true, Installed: true, Running: map[string]string{}, Modules: Modules{Loaded: []string{"hfs"}, Available: []string{"hfs", "cramfs"}}}
	modules.Note(partModprobe, &gap)
	onlyAvailable := modules
	onlyAvailable.Modules.Loaded = nil
	boot := Fact{Boot: []BootParameter{{"mitigations", "off", "/etc/default/grub:10"}}}
	boot.Note(partBoot, &gap)
	for name, tc := range map[string]struct {
		c    *check.Check
		f    Fact
		want check.Verdict
	}{
		"a module is loaded, rules were not read":      {OddFilesystems, modules, check.Fail},
		"a module may be barred, rules were not read":  {OddFilesystems, onlyAvailable, check.Unknown},
		"the command line, as far as it was read":      {CommandLine, boot, check.Fail},
		"a parameter is wrong, another was not read":   {Redirects, oneUnread(v4+"default.accept_redirects", v4+"all.accept_redirects", "1"), check.Fail},
		"one of two is wrong, and the other may be on": {ReversePath, oneUnread(v4+"default.rp_filter", v4+"all.rp_filter", "0"), check.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			o := check.Judge(tc.c, cat, []fact.Observation{{Subject: "host:a", Kind: tc.f.Kind(), Fact: tc.f, ObservedAt: check.ExampleNow}}, nil, check.ExampleNow)[0]
			if o.Verdict != tc.want || o.Partial != (tc.want == check.Fail) {
				t.Errorf("got %s %q, partial %v, %+v, want %s", o.Verdict, o.Detail, o.Partial, o.Violations, tc.want)
			}
		})
	}
}
