package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/subject/all"
)

func TestMapNamesChecksThatExist(t *testing.T) {
	m, err := parseMap(mapping)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, c := range all.Checks() {
		known[c.ID] = true
	}
	for _, list := range [][]pair{m.Lynis, m.OpenSCAP} {
		for _, p := range list {
			for _, id := range p.Checks {
				if !known[id] {
					t.Errorf("%s is paired with %s, which is no check", p.name(), id)
				}
			}
		}
	}
}

func TestParseMapRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a pair that stands twice":  "lynis: [{rule: A, note: x}, {rule: A, note: y}]",
		"neither checks nor a note": "lynis: [{rule: A}]",
		"both":                      "openscap: [{rule: a, checks: [c], note: x}]",
		"an unknown field":          "openscap: [{rule: a, check: c}]",
	} {
		if _, err := parseMap([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestCompare holds the lines that the real excerpts give, so that a change of the rules shows.
func TestCompare(t *testing.T) {
	ours, err := parseHoldfast(bytes.NewReader(seed(t, "holdfast.json")))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := parseLynis(bytes.NewReader(seed(t, "lynis-report.dat")))
	if err != nil {
		t.Fatal(err)
	}
	got := compare([]pair{
		{Rule: "SSH-7408", Item: "AllowTcpForwarding", Key: "option:allowtcpforwarding", Checks: []string{"sshd-forwarding"}},
		{Rule: "SSH-7408", Item: "PermitRootLogin", Key: "option:permitrootlogin", Checks: []string{"sshd-root-login"}},
		{Rule: "FILE-6310", Item: "/home on a separate", Key: "mount:/home", Checks: []string{"filesystems-separate"}},
		{Rule: "AUTH-9286", Item: "maximum password age", Checks: []string{"accounts-password-max-days"}},
		{Rule: "AUTH-9204", Checks: []string{"accounts-root-uid"}},
		{Rule: "HRDN-7230", Note: "on purpose"},
		{Rule: "FIRE-4520", Checks: []string{"firewall-active"}},
	}, theirs, ours)
	disagreed := []string{"AUTH-9286 maximum password age", "SSH-7408 PermitRootLogin"}
	if d := cmp.Diff(disagreed, names(got.disagreed)); d != "" {
		t.Error(d)
	}
	alone := []string{"AUTH-9286", "FILE-6310", "FILE-6310", "HRDN-7230",
		"KRNL-6000 dev.tty.ldisc_autoload", "KRNL-6000 kernel.kptr_restrict", "KRNL-6000 net.ipv4.conf.all.rp_filter",
		"PKGS-7392", "SSH-7408 X11Forwarding"}
	if d := cmp.Diff(alone, names(got.alone)); d != "" {
		t.Error(d)
	}
	if got.agreed != 3 || got.silent != 1 {
		t.Errorf("%d agree, %d not judged; want 3 and 1", got.agreed, got.silent)
	}
}

func names(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, r.rule)
	}
	return out
}

// TestVerdictThroughKey: a check that fails for another setting passes for the one that is asked for.
func TestVerdictThroughKey(t *testing.T) {
	ours := map[string]result{
		"a": {Verdict: fail, Violations: []violation{{Key: "file:/etc/passwd-", Detail: "open"}}},
		"b": {Verdict: "not_applicable"},
	}
	for _, c := range []struct{ key, want string }{
		{"", fail}, {"file:/etc/passwd-", fail}, {"file:/etc/*", fail}, {"file:/etc/passwd", pass},
	} {
		if got, _ := verdict([]string{"a", "b"}, c.key, ours); got != c.want {
			t.Errorf("key %q: %s, want %s", c.key, got, c.want)
		}
	}
	if got, _ := verdict([]string{"c"}, "", ours); got != "no result" {
		t.Errorf("a check that was not run gives %s", got)
	}
}
