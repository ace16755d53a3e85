package firewall

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func observe(t testing.TB, name string, rootfs bool) Fact {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	h := hosttest.Txtar(data)
	h.Rootfs = rootfs
	return hosttest.Observe(Source, h).(Fact)
}

func TestParse(t *testing.T) {
	admin := []string{"10.9.0.0/24"}
	for name, want := range map[string]struct {
		v4, v6 string // what refuses input
		open4  []string
		same   bool // the rules on disk give the same
	}{
		"nftables.txtar":       {"last rule", "last rule", []string{"tcp 22 from @admin4", "tcp 5432 from 10.1.0.0/16, 10.2.3.4", "tcp 80,443", "udp 51820-51830"}, false},
		"debian-default.txtar": {"", "", nil, false},
		"ipv4-only.txtar":      {"last rule", "", []string{"tcp 22"}, false},
		"iptables-nft.txtar":   {"policy drop", "", []string{"tcp 22 from " + admin[0], "tcp 80,443"}, false},
		"ufw.txtar":            {"policy drop", "policy drop", []string{"tcp 22 from " + admin[0], "tcp 443", "udp 1900", "udp 5353", "udp 68"}, true},
	} {
		f := observe(t, name, false)
		if f.Missing() != nil || f.Running == nil {
			t.Errorf("%s: gaps %v", name, f.Missing())
			continue
		}
		if f.Running.IPv4.Input.Deny != want.v4 || f.Running.IPv6.Input.Deny != want.v6 {
			t.Errorf("%s: %q %q, want %q %q", name, f.Running.IPv4.Input.Deny, f.Running.IPv6.Input.Deny, want.v4, want.v6)
		}
		var open []string
		for _, o := range f.Running.IPv4.Input.Open {
			open = append(open, o.text())
		}
		if !reflect.DeepEqual(open, want.open4) {
			t.Errorf("%s: open %q, want %q", name, open, want.open4)
		}
		if want.same && !reflect.DeepEqual(f.Running.IPv4.Input, f.OnDisk.IPv4.Input) {
			t.Errorf("%s: running %+v\non disk %+v", name, f.Running.IPv4.Input, f.OnDisk.IPv4.Input)
		}
	}
}

func TestNFTText(t *testing.T) {
	f := observe(t, "nftables.txtar", true)
	if f.Running != nil || f.OnDisk == nil || f.Missing()[partRules].Cause != "" {
		t.Fatalf("%+v", f)
	}
	ran := observe(t, "nftables.txtar", false)
	if d, r := f.OnDisk.IPv4.Input, ran.Running.IPv4.Input; d.Deny != r.Deny || d.Loopback != r.Loopback || d.Spoofed != r.Spoofed || len(d.Open) != len(r.Open) {
		t.Errorf("on disk %+v\nrunning %+v", d, r)
	}
	if !f.OnDisk.IPv6.Input.Spoofed || f.OnDisk.IPv4.Forward.Deny != "policy drop" {
		t.Errorf("%+v", f.OnDisk)
	}
}

func TestDenied(t *testing.T) {
	no := &fact.Problem{Cause: fact.Denied, Source: "nft -j list ruleset", How: "sudo nft -j list ruleset"}
	f := hosttest.Observe(Source, hosttest.Host{Problems: map[string]*fact.Problem{"nft-ruleset": no}}).(Fact)
	if f.Running != nil || f.Missing()[partRules].Cause != fact.Denied {
		t.Errorf("%+v", f)
	}
}

func TestContainer(t *testing.T) {
	data, err := os.ReadFile("testdata/nftables.txtar")
	if err != nil {
		t.Fatal(err)
	}
	h := hosttest.Txtar(data)
	h.Files["/.dockerenv"] = ""
	if f := hosttest.Observe(Source, h).(Fact); f.Container || f.Running == nil {
		t.Errorf("a container with rules of its own: %+v", f)
	}
	h.Outputs["nft-ruleset"] = `{"nftables": []}`
	if f := hosttest.Observe(Source, h).(Fact); !f.Container || f.Missing() != nil {
		t.Errorf("a container without rules: %+v", f)
	}
}

func TestSeveralChains(t *testing.T) {
	tables := parseNFTText("table inet f2b {\n chain f { type filter hook input priority -1; policy accept; tcp dport 22 accept\n }\n}\n" +
		"table inet filter {\n chain input { type filter hook input priority 0; policy drop; tcp dport 443 accept\n }\n}\n")
	in := summary(tables).IPv4.Input
	if in.Deny != "policy drop" || len(in.Open) != 1 || in.Open[0].Ports[0] != "443" {
		t.Errorf("%+v", in)
	}
}

func TestCommands(t *testing.T) {
	h := hosttest.Host{Rootfs: true, Files: map[string]string{
		"/etc/systemd/system/sysinit.target.wants/nftables.service": "",
		"/etc/nftables.conf": "table inet filter\nadd chain inet filter input { type filter hook input priority 0; policy drop; }\n",
	}}
	f := hosttest.Observe(Source, h).(Fact)
	if f.OnDisk != nil || f.Missing()[partDisk].Cause != fact.NotParsable || f.Missing()[partRules].Cause == "" {
		t.Errorf("%+v", f)
	}
}

func TestFirewalld(t *testing.T) {
	h := hosttest.Host{Rootfs: true, Files: map[string]string{
		"/etc/systemd/system/multi-user.target.wants/firewalld.service": "",
		"/etc/firewalld/firewalld.conf":                                 "DefaultZone=public\n",
		"/usr/lib/firewalld/zones/public.xml":                           `<zone><short>Public</short><service name="ssh"/><service name="dhcpv6-client"/><forward/></zone>`,
		"/usr/lib/firewalld/zones/trusted.xml":                          `<zone target="ACCEPT"><short>Trusted</short></zone>`,
	}}
	f := hosttest.Observe(Source, h).(Fact)
	in := f.OnDisk.IPv4.Input
	if in.Deny != "last rule" || len(in.Open) != 2 {
		t.Errorf("%+v", in)
	}
	h.Files["/etc/firewalld/firewalld.conf"] = "DefaultZone=trusted\n"
	if in := hosttest.Observe(Source, h).(Fact).OnDisk.IPv4.Input; in.Deny != "" {
		t.Errorf("trusted zone: %+v", in)
	}
}

// sound checks what holds of every summary, whatever was read.
func sound(t *testing.T, r *Ruleset) {
	for _, h := range []Hook{r.IPv4.Input, r.IPv6.Input} {
		if h.Deny != "" && !h.Filtered {
			t.Errorf("denies without a chain: %+v", h)
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func seeds(f *testing.F, pick func(hosttest.Host) []string) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range pick(hosttest.Txtar(data)) {
			if s != "" {
				f.Add(s)
			}
		}
	}
}

func FuzzNFT(f *testing.F) {
	seeds(f, func(h hosttest.Host) []string { return []string{h.Outputs["nft-ruleset"]} })
	f.Fuzz(func(t *testing.T, data string) {
		if tables, err := parseNFT([]byte(data)); err == nil {
			sound(t, summary(tables))
		}
	})
}

func FuzzNFTText(f *testing.F) {
	seeds(f, func(h hosttest.Host) []string { return []string{h.Files["/etc/nftables.conf"]} })
	f.Fuzz(func(t *testing.T, data string) { sound(t, summary(parseNFTText(data))) })
}

func FuzzIPTables(f *testing.F) {
	seeds(f, func(h hosttest.Host) []string {
		return []string{h.Outputs["iptables-save"], h.Outputs["ip6tables-save"], h.Files["/etc/ufw/before.rules"]}
	})
	f.Fuzz(func(t *testing.T, data string) {
		sound(t, summary(one(parseIPTables("ip", data))))
	})
}

func one(t *table, _ bool) []*table { return []*table{t} }
