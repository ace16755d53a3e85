package services

import (
	"io/fs"
	"os"
	"reflect"
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
	link := func(to string) host.Info { return host.Info{Mode: fs.ModeSymlink | 0o777, Link: to, Real: to} }
	h.Infos = map[string]host.Info{
		"/lib": link("usr/lib"),
		"/etc/systemd/system/multi-user.target.wants/shop.service":  link("/etc/systemd/system/shop.service"),
		"/etc/systemd/system/multi-user.target.wants/ssh.service":   link("/lib/systemd/system/ssh.service"),
		"/etc/systemd/system/getty.target.wants/getty@tty1.service": link("/lib/systemd/system/getty@.service"),
		"/etc/systemd/system/ctrl-alt-del.target":                   link("/dev/null"),
		"/opt/backup.sh":       {Mode: 0o777},
		"/opt/shop/start.sh":   {Mode: 0o755, UID: 998, GID: 998},
		"/opt/shop":            {Mode: fs.ModeDir | 0o755},
		"/opt":                 {Mode: fs.ModeDir | 0o755},
		"/etc/cron.d":          {Mode: fs.ModeDir | 0o755},
		"/usr/sbin/cron":       {Mode: 0o755},
		"/etc/rc3.d/S01oldapp": link("../init.d/oldapp"),
		"/etc/rc3.d/S01ssh":    link("../init.d/ssh"),
	}
	h.Outputs["systemctl-failed"] = "nftables.service loaded failed failed nftables\n● app.service not-found failed failed app\n"
	return h
}

func TestParse(t *testing.T) {
	f := hosttest.Observe(Source, seed(t)).(Fact)
	if f.Missing() != nil {
		t.Errorf("gaps: %v", f.Missing())
	}
	units := map[string]Unit{}
	var names []string
	for _, u := range f.Units {
		units[u.Name] = u
		names = append(names, u.Name)
	}
	if want := []string{"emergency.service", "getty@tty1.service", "oldapp", "rescue.service", "shop.service", "ssh.service"}; !slices.Equal(names, want) {
		t.Errorf("units %q, want %q", names, want)
	}
	shop := units["shop.service"]
	if !shop.Local || !shop.Enabled || !shop.root() || !slices.Equal(shop.Exec, []string{"/bin/sh", "/opt/shop/start.sh", "/usr/bin/install"}) ||
		!reflect.DeepEqual(shop.Settings, map[string]string{"NoNewPrivileges": "yes"}) {
		t.Errorf("%+v", shop)
	}
	if !slices.Contains(units["getty@tty1.service"].Options, "--autologin") {
		t.Errorf("%+v", units["getty@tty1.service"])
	}
	if f.Init != "systemd" || !slices.Equal(f.Masked, []string{"ctrl-alt-del.target"}) || !slices.Equal(f.Failed, []string{"app.service", "nftables.service"}) {
		t.Errorf("%q %q %q", f.Init, f.Masked, f.Failed)
	}
	for _, j := range f.Jobs {
		for _, p := range j.Programs {
			if strings.Contains(p, "secret") || strings.HasPrefix(p, "/var/log") || strings.HasPrefix(p, "/tmp") {
				t.Errorf("%+v", j)
			}
		}
		if want := []string{"/opt/backup.sh", "/srv/poll.py"}; j.Source == "/etc/cron.d/backup" && j.User == "root" && !slices.Equal(j.Programs, want) {
			t.Errorf("%q, want %q", j.Programs, want)
		}
	}
	var exposed []string
	for _, e := range f.Exposed {
		exposed = append(exposed, e.Path+" "+e.Why+" "+strings.Join(e.Users, ","))
	}
	if want := []string{"/opt/backup.sh is writable by everybody file:/etc/cron.d/backup", "/opt/shop/start.sh belongs to user 998 unit:shop.service"}; !slices.Equal(exposed, want) {
		t.Errorf("%q, want %q", exposed, want)
	}
}

func TestDenied(t *testing.T) {
	h := seed(t)
	h.Problems = map[string]*fact.Problem{"/var/spool/cron/crontabs/*": {Cause: fact.Denied, Source: "/var/spool/cron/crontabs"}}
	if f := hosttest.Observe(Source, h).(Fact); f.Missing()[partCron].Cause != fact.Denied || len(f.Missing()) != 1 {
		t.Errorf("%v", f.Missing())
	}
}

func TestMasked(t *testing.T) {
	h := seed(t)
	h.Infos["/etc/systemd/system/ssh.service"] = host.Info{Mode: fs.ModeSymlink | 0o777, Link: "/dev/null"}
	for _, u := range hosttest.Observe(Source, h).(Fact).Units {
		if u.Name == "ssh.service" {
			t.Errorf("%+v", u)
		}
	}
}

func TestLoose(t *testing.T) {
	for want, i := range map[string]host.Info{
		"":                         {Mode: 0o664},
		"is writable by everybody": {Mode: 0o666},
		"belongs to user 5":        {Mode: 0o600, UID: 5},
		"is writable by group 50":  {Mode: 0o664, GID: 50},
	} {
		if got := loose(i); got != want {
			t.Errorf("%+v: %q, want %q", i, got, want)
		}
	}
	if got := loose(host.Info{Mode: fs.ModeDir | fs.ModeSticky | 0o777}); got != "" {
		t.Errorf("sticky folder: %q", got)
	}
}

func FuzzUnit(f *testing.F) {
	for _, data := range seed(f).Files {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		sections := map[string]section{}
		parseUnit(data, sections)
		u := Unit{Name: "x.service"}
		u.describe(sections)
		for _, p := range u.Exec {
			if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, " \n\t") {
				t.Errorf("program %q", p)
			}
		}
	})
}

func FuzzCron(f *testing.F) {
	for name, data := range seed(f).Files {
		if strings.Contains(name, "cron") {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data string) {
		for _, j := range parseCron("/etc/crontab", "", data) {
			if j.User == "" {
				t.Errorf("%+v", j)
			}
			for _, p := range j.Programs {
				if !strings.HasPrefix(p, "/") {
					t.Errorf("program %q", p)
				}
			}
		}
	})
}
