package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seed(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseLynis(t *testing.T) {
	got, err := parseLynis(bytes.NewReader(seed(t, "lynis-report.dat")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"KRNL-6000": fail, "SSH-7408": fail, "FILE-6310": fail, "PKGS-7392": fail, "AUTH-9286": fail, "HRDN-7230": fail,
		"AUTH-9204": pass, "SSH-7440": pass, "CORE-1000": pass,
		"FIRE-4520": none, "MALW-3288": none,
	}
	if d := cmp.Diff(want, got.rules); d != "" {
		t.Error(d)
	}
	items := []item{{"AllowTcpForwarding", "is YES, want NO"}, {"X11Forwarding", "is YES, want NO"}}
	if d := cmp.Diff(items, got.items["SSH-7408"], cmp.AllowUnexported(item{})); d != "" {
		t.Error("the suggestions that repeat details are left out: " + d)
	}
	if n := len(got.items["FILE-6310"]); n != 3 {
		t.Errorf("FILE-6310 names %d folders, want 3", n)
	}
}

func TestParseLynisRefusesHalfAReport(t *testing.T) {
	half, _, _ := strings.Cut(string(seed(t, "lynis-report.dat")), "finish=")
	if _, err := parseLynis(strings.NewReader(half)); err == nil {
		t.Error("a report without its end was read")
	}
}

func TestParseOSCAP(t *testing.T) {
	got, err := parseOSCAP(bytes.NewReader(seed(t, "oscap.xml")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"file_permissions_systemmap": fail, "file_owner_etc_shadow": pass,
		"package_telnetd_removed": pass, "sshd_disable_root_login": none,
	}
	if d := cmp.Diff(want, got.rules); d != "" {
		t.Error(d)
	}
}

func TestParseHoldfast(t *testing.T) {
	got, err := parseHoldfast(bytes.NewReader(seed(t, "holdfast.json")))
	if err != nil {
		t.Fatal(err)
	}
	if r := got["sshd-root-login"]; r.Verdict != fail || len(r.Violations) != 1 || r.Violations[0].Key != "option:permitrootlogin" {
		t.Errorf("sshd-root-login reads as %+v", r)
	}
	if _, err := parseHoldfast(strings.NewReader(`{"schema":"other/v1","hosts":[{}]}`)); err == nil {
		t.Error("another schema was read")
	}
}

func TestParseTimes(t *testing.T) {
	got, err := parseTimes(strings.NewReader("0.85\t190464\tHoldfast\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]cost{{"Holdfast", 0.85, 190464}}, got, cmp.AllowUnexported(cost{})); d != "" {
		t.Error(d)
	}
	if _, err := parseTimes(strings.NewReader("fast\n")); err == nil {
		t.Error("a line without three fields was read")
	}
}

func FuzzParseLynis(f *testing.F) {
	f.Add(seed(f, "lynis-report.dat"))
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, text, parseLynis) })
}

func FuzzParseOSCAP(f *testing.F) {
	f.Add(seed(f, "oscap.xml"))
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, text, parseOSCAP) })
}
