package timesync

import (
	"bytes"
	"os"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{Running, Single, Servers, Unprivileged, Restricted})
}

func load(t testing.TB) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile("testdata/debian12.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Txtar(data)
}

func TestParse(t *testing.T) {
	h := load(t)
	h.Processes = []host.Process{{Name: "chronyd", UIDs: [4]int{105, 105, 105, 105}}, {Name: "chronyd", UIDs: [4]int{105, 105, 105, 105}}, {Name: "ntpd"}}
	f := hosttest.Observe(Source, h).(Fact)
	if len(f.Gaps) != 0 || len(f.Services) != 3 {
		t.Fatalf("%+v", f)
	}
	c, n, s := f.Services[0], f.Services[1], f.Services[2]
	if !c.Running || c.AsRoot || c.Enabled == "" || len(c.Servers) != 2 || c.Servers[1].Value != "ntp.example.org" || len(c.Allowed) != 1 {
		t.Errorf("%+v", c)
	}
	if n.Name != "ntp" || !n.AsRoot || len(n.Servers) != 4 || len(n.Restrict) != 1 {
		t.Errorf("%+v", n)
	}
	if s.Name != "timesyncd" || s.Running || len(s.Servers) != 1 || s.Servers[0].Value != "time.example.org" {
		t.Errorf("%+v", s)
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/debian12.txtar")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, true)
	f.Fuzz(func(t *testing.T, data []byte, rootfs bool) {
		h := hosttest.Txtar(data)
		h.Rootfs = rootfs
		a, err := fact.Canonical(hosttest.Observe(Source, h))
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
