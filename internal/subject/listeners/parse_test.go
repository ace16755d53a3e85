package listeners

import (
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func seed(t testing.TB) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile("testdata/debian12.txtar")
	if err != nil {
		t.Fatal(err)
	}
	h := hosttest.Txtar(data)
	h.Processes = []host.Process{
		{PID: 1, Name: "systemd", Exe: "/usr/lib/systemd/systemd", Caps: 1<<41 - 1, Cgroup: "/init.scope"},
		{PID: 700, Parent: 1, Name: "sshd", Exe: "/usr/sbin/sshd", Caps: 1<<41 - 1, Cgroup: "/system.slice/ssh.service", Sockets: []uint64{1060, 1062}},
		{PID: 800, Parent: 1, Name: "nginx", Exe: "/usr/sbin/nginx (deleted)", Caps: 1<<41 - 1, Cgroup: "/system.slice/nginx.service", Sockets: []uint64{3001}},
		{PID: 801, Parent: 800, Name: "nginx", Exe: "/usr/sbin/nginx (deleted)", UIDs: [4]int{33, 33, 33, 33}, Cgroup: "/system.slice/nginx.service", Sockets: []uint64{3001}},
		{PID: 802, Parent: 800, Name: "nginx", Exe: "/usr/sbin/nginx (deleted)", UIDs: [4]int{33, 33, 33, 33}, Cgroup: "/system.slice/nginx.service", Sockets: []uint64{3001}},
		{PID: 803, Parent: 800, Name: "helper", Exe: "/usr/bin/helper", UIDs: [4]int{33, 33, 33, 33}, Cgroup: "/system.slice/nginx.service", Sockets: []uint64{3001}},
		{PID: 900, Parent: 1, Name: "postgres", Exe: "/usr/lib/postgresql/15/bin/postgres", UIDs: [4]int{110, 110, 110, 110},
			Cgroup: "/system.slice/system-postgresql.slice/postgresql@15-main.service", Sockets: []uint64{2001, 2002, 2003}},
		{PID: 950, Parent: 1, Name: "dhclient", Exe: "/usr/sbin/dhclient", Sockets: []uint64{4001, 4003}},
	}
	return h
}

func TestParse(t *testing.T) {
	f := hosttest.Observe(Source, seed(t)).(Fact)
	if f.Missing() != nil {
		t.Errorf("gaps: %v", f.Missing())
	}
	var got []string
	for _, l := range f.Listeners {
		got = append(got, l.name()+" "+l.who())
	}
	want := []string{
		"tcp/0.0.0.0:22 sshd", "tcp/0.0.0.0:80 nginx", "tcp/127.0.0.1:5432 postgres", "tcp/127.0.0.1:8080 postgres",
		"tcp/[::]:22 sshd", "tcp/[::1]:5432 postgres",
		"udp/0.0.0.0:68 dhclient", "udp/0.0.0.0:51820 something without a visible process",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	nginx := f.Listeners[1].Programs
	if len(nginx) != 2 || !nginx[0].RootParent || nginx[1].UID != 33 || !nginx[1].Deleted || nginx[1].Exe != "/usr/sbin/nginx" {
		t.Errorf("nginx: %+v", nginx)
	}
	if u := f.Listeners[2].Programs[0]; u.Unit != "postgresql@15-main.service" || u.User != "postgres" {
		t.Errorf("postgres: %+v", u)
	}
}

func TestHiddenProcesses(t *testing.T) {
	h := seed(t)
	for i := range h.Processes {
		h.Processes[i].Sockets, h.Processes[i].FDDenied = nil, true
	}
	f := hosttest.Observe(Source, h).(Fact)
	if f.Missing()[partProcesses].Cause != fact.Denied {
		t.Errorf("gaps: %v", f.Missing())
	}
}

func TestFileTree(t *testing.T) {
	f := hosttest.Observe(Source, hosttest.Host{Rootfs: true}).(Fact)
	if f.Missing()[partSockets].Cause != fact.Unsupported || f.Missing()[partProcesses].Cause != fact.Unsupported {
		t.Errorf("gaps: %v", f.Missing())
	}
}

func FuzzTable(f *testing.F) {
	h := seed(f)
	for _, name := range tableFiles {
		f.Add(h.Files[name])
	}
	f.Fuzz(func(t *testing.T, data string) {
		found, problem := parseTable("tcp", data)
		if len(found) == 0 && problem == "" && !strings.Contains(data, "local_address") {
			t.Error("nothing understood and no problem")
		}
		for _, s := range found {
			if s.port < 0 || s.port > 65535 || s.address == "" || s.address == "invalid IP" {
				t.Errorf("%+v", s)
			}
		}
	})
}
