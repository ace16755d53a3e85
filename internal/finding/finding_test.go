package finding_test

import (
	"crypto/sha256"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
)

// idOf computes an id from the text of the identity specification alone: F- and ten base32
// characters (RFC 4648) of the hash over check, kind and name of the subject, and key. SHA-256 is
// read as one number, of which the first fifty bits are ten digits of five.
func idOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00") + "\x00"))
	n := new(big.Int).SetBytes(sum[:])
	n.Rsh(n, 256-50)
	digits := make([]byte, 10)
	for i := 9; i >= 0; i-- {
		digits[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[new(big.Int).And(n, big.NewInt(31)).Int64()]
		n.Rsh(n, 5)
	}
	return "F-" + string(digits)
}

var golden = []struct{ check, kind, subject, key, id string }{
	{"sshd-root-login", "sshd", "prod/web-1", "option:permitrootlogin", "F-WKOQ6XT45J"},
	{"accounts-root-uid", "accounts", "host:web1", "user:toor", "F-OZWOS4AFZJ"},
	{"kernel-randomize", "kernel", "prod/web-1", "sysctl:kernel.randomize_va_space", "F-YIDUGFO3AJ"},
	{"kernel-randomize", "kernel", "test/web-1", "sysctl:kernel.randomize_va_space", "F-FBMJHPXTT7"},
	{"listeners-exposed", "listeners", "prod/cache", "listener:tcp/0.0.0.0:6379", "F-SNG7E2BIVS"},
	{"filesystems-cron", "filesystems", "rootfs:/srv/image", "file:/etc/cron.d/job", "F-TPAL5WAJ53"},
	{"user-grüße", "sshd", "prod/Größe", "user:日本", "F-ZSOWD6FRBC"},
	{"environment-host-key-once", "claims", "prod/web-1", "host_key:YWJjZGVmZ2hpamtsbW5vcA", "F-RZNSR4HS7V"},
}

// Ids are in people's tickets and in databases: they stay what they are, in every release.
func TestIDIsGolden(t *testing.T) {
	form := regexp.MustCompile(`^F-[A-Z2-7]{10}$`)
	seen := map[string]bool{}
	for _, g := range golden {
		got := finding.ID(g.check, g.kind, g.subject, g.key)
		if got != g.id {
			t.Errorf("%s on %s %s, %s: got %s, want %s", g.check, g.kind, g.subject, g.key, got, g.id)
		}
		if want := idOf(g.check, g.kind, g.subject, g.key); got != want {
			t.Errorf("%s on %s %s, %s: got %s, the specification gives %s", g.check, g.kind, g.subject, g.key, got, want)
		}
		if !form.MatchString(got) {
			t.Errorf("%s is not F- and ten base32 characters", got)
		}
		if seen[got] {
			t.Errorf("%s names two findings", got)
		}
		seen[got] = true
	}
}

// Where one part ends and the next begins counts.
func TestIDKeepsPartsApart(t *testing.T) {
	parts := [][4]string{{"ab", "c", "d", "e"}, {"a", "bc", "d", "e"}, {"a", "b", "cd", "e"}, {"a", "b", "c", "de"}, {"a", "b", "c", "d"}, {"b", "a", "c", "d"}, {"", "", "", ""}}
	seen := map[string][4]string{}
	for _, p := range parts {
		id := finding.ID(p[0], p[1], p[2], p[3])
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %q are both %s", p, other, id)
		}
		seen[id] = p
	}
}

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func day(n int) time.Time { return monday.AddDate(0, 0, n) }

// outcome is that of check box-toor on host:a, as seen on a day.
func outcome(on int, verdict check.Verdict, keys ...string) check.Outcome {
	o := check.Outcome{
		Check:       &check.Check{ID: "box-toor", Title: "No second root"},
		Settings:    &check.Settings{Severity: check.High},
		Observation: &fact.Observation{Subject: "host:a", Kind: fact.Kind{Name: "box", Version: 1}, Digest: "d" + string(rune('0'+on)), ObservedAt: day(on)},
		Result:      check.Result{Verdict: verdict, Detail: "2 users"},
	}
	for _, k := range keys {
		o.Violations = append(o.Violations, check.Violation{Key: k, Detail: k + " is wrong", At: "/users/0", Source: "/etc/passwd:3"})
	}
	return o
}

func id(key string) string { return finding.ID("box-toor", "box", "host:a", key) }

// Identity is check, subject and key, and nothing else: what may change may not change it.
func TestOf(t *testing.T) {
	o := outcome(0, check.Fail, "user:toor")
	want := finding.Finding{ID: id("user:toor"), Check: "box-toor", Title: "No second root", Subject: "host:a", Kind: "box", Key: "user:toor",
		Detail: "user:toor is wrong", At: "/users/0", Source: "/etc/passwd:3", Severity: check.High, State: finding.Open, Occurrence: 1,
		Identified: day(0), FirstSeen: day(0), LastSeen: day(0), Fact: "d0", Ratings: []finding.Rating{{Since: day(0), Severity: check.High}}}
	if d := cmp.Diff(want, finding.Of(o, o.Violations[0])); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for name, change := range map[string]func(*check.Outcome, *check.Violation){
		"another title": func(o *check.Outcome, _ *check.Violation) { o.Check = &check.Check{ID: "box-toor", Title: "New"} },
		"another detail and place": func(_ *check.Outcome, v *check.Violation) {
			v.Detail, v.At, v.Source = "x", "/users/9", "/etc/passwd:9"
		},
		"another severity": func(o *check.Outcome, v *check.Violation) {
			o.Settings.Severity, v.Severity = check.Low, check.Critical
		},
		"another time and fact": func(o *check.Outcome, _ *check.Violation) {
			o.Observation.ObservedAt, o.Observation.Digest = day(9), "x"
		},
		"another collector":           func(o *check.Outcome, _ *check.Violation) { o.Observation.Collector = "ssh://a" },
		"another version of the fact": func(o *check.Outcome, _ *check.Violation) { o.Observation.Kind.Version = 2 },
	} {
		o := outcome(0, check.Fail, "user:toor")
		change(&o, &o.Violations[0])
		if got := finding.Of(o, o.Violations[0]).ID; got != want.ID {
			t.Errorf("%s makes it %s, another finding than %s", name, got, want.ID)
		}
	}
	for name, change := range map[string]func(*check.Outcome, *check.Violation){
		"another check":   func(o *check.Outcome, _ *check.Violation) { o.Check = &check.Check{ID: "box-other"} },
		"another subject": func(o *check.Outcome, _ *check.Violation) { o.Observation.Subject = "host:b" },
		"another kind":    func(o *check.Outcome, _ *check.Violation) { o.Observation.Kind.Name = "crate" },
		"another key":     func(_ *check.Outcome, v *check.Violation) { v.Key = "user:x" },
	} {
		o := outcome(0, check.Fail, "user:toor")
		change(&o, &o.Violations[0])
		if got := finding.Of(o, o.Violations[0]).ID; got == want.ID {
			t.Errorf("%s leaves it %s", name, got)
		}
	}
}

// Severity is the check's own unless declared facts changed it, and then the reason is kept.
func TestSeverity(t *testing.T) {
	o := outcome(0, check.Fail, "user:toor")
	o.Violations[0].Severity, o.Violations[0].Why = check.Critical, "exposed to the Internet"
	f := finding.Of(o, o.Violations[0])
	if f.Severity != check.Critical || f.Why != "exposed to the Internet" {
		t.Errorf("got %s because %q", f.Severity, f.Why)
	}
	o.Violations[0].Severity = check.Info
	if f := finding.Of(o, o.Violations[0]); f.Severity != check.Info {
		t.Errorf("lowered it is %s", f.Severity)
	}
}
