package logging

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func load(t testing.TB, name string) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Txtar(data)
}

func TestRsyslog(t *testing.T) {
	h := load(t, "rsyslog.txtar")
	h.Processes = []host.Process{{Name: "rsyslogd"}, {Name: "systemd-journal"}, {Name: "bash"}}
	f := hosttest.Observe(Source, h).(Fact)
	if len(f.Gaps) != 0 {
		t.Errorf("gaps: %v", f.Gaps)
	}
	wantTargets := []Target{
		{Via: "rsyslog", Host: "log.example.org:6514", TLS: true, Source: "/etc/rsyslog.d/60-forward.conf:4"},
		{Via: "rsyslog", Host: "relp.example.org:2514", TLS: true, Source: "/etc/rsyslog.d/60-forward.conf:10"},
		{Via: "rsyslog", Host: "udp.example.org", Source: "/etc/rsyslog.d/60-forward.conf:11"},
		{Via: "rsyslog", Host: "10.0.0.5:514", Source: "/etc/rsyslog.conf:70"},
	}
	if d := cmp.Diff(wantTargets, f.Targets); d != "" {
		t.Errorf("targets (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Input{{"imtcp", "514", "/etc/rsyslog.d/10-in.conf:2"}}, f.Inputs); d != "" {
		t.Errorf("inputs (-want +got):\n%s", d)
	}
	if s, ok := get(f.Settings, "filecreatemode"); !ok || s.Value != "0640" {
		t.Errorf("settings: %v", f.Settings)
	}
	if s, _ := get(f.Journal, "storage"); s.Value != "persistent" || s.Source != "/etc/systemd/journald.conf.d/60.conf:2" {
		t.Errorf("journal: %v", f.Journal)
	}
	if d := cmp.Diff([]string{"rsyslogd", "systemd-journald"}, f.Running); d != "" {
		t.Error(d)
	}
}

func TestAudit(t *testing.T) {
	f := hosttest.Observe(Source, load(t, "audit.txtar")).(Fact)
	for name, g := range groups {
		if missing := f.Audit.lacks(g); len(missing) > 0 && name != "network" {
			t.Errorf("%s lacks %v", name, missing)
		}
	}
	if len(f.Audit.lacks(groups["network"])) != 3 {
		t.Error("a group without rules counts as covered")
	}
	if f.Audit.Immutable == "" || f.Audit.Backlog != 8192 || !f.Audit.AtBoot {
		t.Errorf("%+v", f.Audit)
	}
}

func TestSyslogNG(t *testing.T) {
	f := hosttest.Observe(Source, load(t, "syslogng.txtar")).(Fact)
	want := []Target{{Via: "syslog-ng", Host: "log.example.org:6514", TLS: true, Source: "/etc/syslog-ng/syslog-ng.conf:8"},
		{Via: "syslog-ng", Host: "10.0.0.5:514", Source: "/etc/syslog-ng/conf.d/x.conf:1"}}
	if d := cmp.Diff(want, f.Targets); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Input{{"network", "514", "/etc/syslog-ng/syslog-ng.conf:5"}}, f.Inputs); d != "" {
		t.Error(d)
	}
}

func TestFiles(t *testing.T) {
	f := hosttest.Observe(Source, hosttest.Host{Infos: map[string]host.Info{
		"/var/log": {Mode: fs.ModeDir | 0o755}, "/var/log/auth.log": {Mode: 0o640}, "/var/log/auth.log.1": {Mode: 0o644},
		"/var/log/auth.log.2.gz": {Mode: 0o640}, "/var/log/app": {Mode: fs.ModeDir | 0o777}, "/var/log/tmp": {Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		"/var/log/messages-20260101": {Mode: 0o600}, "/var/log/link": {Mode: fs.ModeSymlink | 0o777},
	}}).(Fact)
	if d := cmp.Diff([]LogFile{{Path: "/var/log/app", Mode: 0o777, Dir: true}, {Path: "/var/log/auth.log", Mode: 0o644}}, f.Open); d != "" {
		t.Error(d)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"rsyslog.txtar", "audit.txtar", "syslogng.txtar"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := hosttest.Txtar(data)
		a, err := fact.Canonical(hosttest.Observe(Source, h))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := fact.Canonical(hosttest.Observe(Source, h))
		if !bytes.Equal(a, b) {
			t.Errorf("one host gives two facts:\n%s\n%s", a, b)
		}
		if _, err := Source.Decode(a); err != nil {
			t.Error(err)
		}
	})
}

// FuzzRsyslog feeds one file to the parser alone, which is faster.
func FuzzRsyslog(f *testing.F) {
	f.Add("*.* action(type=\"omfwd\" target=\"h\"\n port=\"1\") # x\n$FileCreateMode 0640\n*.* @@(o)h:1;RSYSLOG\n/* c */ if $x then { action(type='a') }")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range parseRsyslog("f", text) {
			if s.object == "" && s.line == "" {
				t.Error("an empty statement")
			}
		}
		var a Audit
		a.read("f", text)
	})
}

// TestMachine reads the machine that the test runs on: whatever it is, two looks are equal.
func TestMachine(t *testing.T) {
	ev, tr := host.NewEvidence(), local.Machine()
	if err := tr.Gather(context.Background(), ev.Claim(Source.Needs), ev); err != nil {
		t.Fatal(err)
	}
	for range host.Rounds {
		if err := tr.Gather(context.Background(), ev.Claim(Source.Follow(ev)), ev); err != nil {
			t.Fatal(err)
		}
	}
	a, err := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if !bytes.Equal(a, b) {
		t.Error("one machine gives two facts")
	}
	if testing.Verbose() {
		t.Logf("%s", a)
	}
}
