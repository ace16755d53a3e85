package filesystems

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	h := hosttest.Txtar(data)
	h.Special = &host.Special{}
	return h
}

func TestMounts(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "debian12.txtar")).(Fact)
	if len(f.Gaps) != 0 {
		t.Errorf("gaps: %v", f.Gaps)
	}
	var got []string
	for _, m := range f.Mounts {
		got = append(got, m.Path+" "+m.Type+" "+strings.Join(m.Options, ","))
	}
	want := "/ ext4 |/dev/shm tmpfs |/proc proc "
	if strings.Join(got, "|") != want {
		t.Errorf("mounts: got %q, want %q", strings.Join(got, "|"), want)
	}
	f = hosttest.Observe(Source, archive(t, "server.txtar")).(Fact)
	got = nil
	for _, m := range f.Fstab {
		got = append(got, m.Path+" "+strings.Join(m.Options, ",")+" "+m.Source)
	}
	want = "/  /etc/fstab:3|/home nodev,nosuid /etc/fstab:4|/tmp nodev,noexec,nosuid /etc/fstab:5|/srv nodev,nosuid /etc/fstab:6"
	if strings.Join(got, "|") != want {
		t.Errorf("fstab: got %q, want %q", strings.Join(got, "|"), want)
	}
	if f.Mounts[len(f.Mounts)-1].Path != "/tmp" || len(f.Mounts[len(f.Mounts)-1].Options) != 3 {
		t.Errorf("the upper mount on /tmp counts: %+v", f.Mounts)
	}
	if f.Directory != "sss" {
		t.Errorf("directory: %q", f.Directory)
	}
	if f.Container != "" {
		t.Errorf("taken for a container: %q", f.Container)
	}
}

func TestPermissions(t *testing.T) {
	h := archive(t, "server.txtar")
	h.Infos = map[string]host.Info{
		"/etc/shadow":                     {Mode: 0o640, GID: 42},
		"/etc/init.d/app":                 {Mode: 0o664, GID: 1000},
		"/etc/systemd/system/own.service": {Mode: 0o664, GID: 50}, // nobody is in staff
		"/usr/local/bin":                  {Mode: fs.ModeDir | 0o777},
		"/usr/bin":                        {Mode: fs.ModeSymlink | 0o777, Link: "../bin"},
		"/home/erika":                     {Mode: fs.ModeDir | 0o700, UID: 1000, GID: 1000},
		"/home/erika/.bashrc":             {Mode: 0o666, UID: 1000, GID: 1000},
		"/home/erika/.profile":            {Mode: 0o664, UID: 1000, GID: 1000}, // a group of her own
		"/home/erika/.rhosts":             {Mode: 0o600, UID: 1000, GID: 1000},
	}
	h.Special = &host.Special{
		Files: []host.Info{
			{Path: "/usr/bin/su", Mode: fs.ModeSetuid | 0o755},
			{Path: "/etc/app.conf", Mode: 0o666},
			{Path: "/tmp/x", Mode: 0o666},
			{Path: "/tmp/sh", Mode: fs.ModeSetuid | 0o755},
			{Path: "/var/lib/docker/overlay2/1/diff/bin/su", Mode: fs.ModeSetuid | 0o755},
			{Path: "/srv/drop", Mode: fs.ModeDir | 0o777},
		},
		UIDs: map[int]string{0: "/", 1000: "/home/erika", 1007: "/srv/old", 100500: "/home/erika/.x", 62000: "/var/lib/private/a", 70: "/var/lib/docker/x"},
		GIDs: map[int]string{0: "/", 42: "/etc/shadow", 1007: "/srv/old"},
	}
	f := hosttest.Observe(Source, h).(Fact)
	paths := func(files []File) string {
		var out []string
		for _, x := range files {
			out = append(out, x.Path+" "+x.Mode+" "+x.Owner+":"+x.Group)
		}
		return strings.Join(out, "|")
	}
	for name, pair := range map[string][2]string{
		"startup":  {paths(f.Startup), "/etc/init.d/app 0664 root:erika"},
		"programs": {paths(f.Programs), "/usr/local/bin 0777 root:root"},
		"set-ID":   {paths(f.SetID), "/tmp/sh 4755 root:root|/usr/bin/su 4755 root:root"},
		"open":     {paths(f.Open), "/etc/app.conf 0666 root:root|/srv/drop 0777 root:root"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", name, pair[0], pair[1])
		}
	}
	if len(f.Unowned) != 2 || f.Unowned[0] != (Unowned{true, 1007, "/srv/old"}) || f.Unowned[1] != (Unowned{false, 1007, "/srv/old"}) {
		t.Errorf("unowned: %v", f.Unowned)
	}
	erika := f.Homes[1]
	if erika.User != "erika" || erika.File == nil || paths(erika.Dots) != "/home/erika/.bashrc 0666 erika:erika|/home/erika/.rhosts 0600 erika:erika" {
		t.Errorf("home: %+v", erika)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian12.txtar", "server.txtar"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint32(0o4755), 1000)
	}
	f.Fuzz(func(t *testing.T, data []byte, mode uint32, id int) {
		h := hosttest.Txtar(data)
		h.Infos = map[string]host.Info{"/etc/shadow": {Mode: fs.FileMode(mode), UID: id, GID: id}}
		h.Special = &host.Special{Files: []host.Info{{Path: "/a", Mode: fs.FileMode(mode) | fs.ModeSetuid, UID: id}}, UIDs: map[int]string{id: "/a"}, GIDs: map[int]string{id: "/a"}}
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
