package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with go test -update", err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got); rewrite it with go test -update when this is meant:\n%s", name, d)
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func ptr[T any](v T) *T { return &v }

// sample has each verdict, status and severity, a settled and an overdue violation, a host that did
// not answer, gaps, and more violations of one check than a page shows at once.
func sample() *report.Assessment {
	shadow := (&fact.Problem{Cause: fact.Denied, Source: "/etc/shadow", How: "sudo cat /etc/shadow"}).Error()
	seen := at("2026-11-20T09:30:00Z")
	result := func(id, title, subject, kind string, v check.Verdict, s check.Severity, reqs ...string) report.Result {
		return report.Result{Check: id, Title: title, Requirements: reqs, Subject: subject, Kind: kind, Verdict: v, Severity: s, Level: check.Must, Stage: "production",
			ObservedAt: seen, Collector: "local", Fact: strings.Repeat("ab", 32), Violations: []report.Violation{}, RiskClass: ptr("high")}
	}
	root := func(subject, finding string) report.Result {
		r := result("sshd-root-login", "Root cannot log in over SSH", subject, "sshd", check.Fail, check.High, "A.5.2.1", "A.5.6.2")
		r.Application, r.Environment = ptr("shop"), ptr("prod")
		r.Violations = []report.Violation{{
			Violation: check.Violation{Key: "option:permitrootlogin", Detail: "PermitRootLogin is yes (/etc/ssh/sshd_config:12)", At: "/options/permitrootlogin", Source: "/etc/ssh/sshd_config:12"},
			Finding:   finding, Identified: ptr(at("2026-11-01T00:00:00Z")), Due: ptr(at("2026-11-15T00:00:00Z")), Overdue: true}}
		return r
	}
	toor := result("accounts-one-root", "Only root has user id 0", "prod/web-1", "accounts", check.Fail, check.Critical, "A.5.6.2")
	toor.Detail = "also not seen: " + shadow
	toor.Violations = []report.Violation{{Violation: check.Violation{Key: "user:toor", Detail: "toor has user id 0", At: "/users/3", Source: "/etc/passwd:7"}, Finding: "F-2b7kq"}}
	mounts := result("filesystems-options", "World-writable file systems are mounted nosuid and nodev", "prod/web-1", "filesystems", check.Fail, check.Moderate, "A.5.2.1")
	mounts.Level = check.Should
	for i, where := range []string{"/tmp", "/var/tmp", "/dev/shm", "/srv/upload", "/srv/old", "/srv/a b", "/home"} {
		v := report.Violation{Violation: check.Violation{Key: "mount:" + where, Detail: where + " is mounted without nosuid", At: "/mounts/3", Source: "/proc/self/mountinfo:2" + string(rune('0'+i))}, Finding: "F-m" + string(rune('0'+i))}
		if i == 0 {
			v.Severity, v.Why = check.High, "reachable from the Internet"
		}
		if i == 6 {
			v.SettledBy = ptr("W-7")
		}
		mounts.Violations = append(mounts.Violations, v)
	}
	banner := result("sshd-banner", "A banner is shown before log-in", "prod/web-1", "sshd", check.Fail, check.Info, "A.5.2.1")
	banner.Level = check.May
	banner.Violations = []report.Violation{{Violation: check.Violation{Key: "option:banner", Detail: "Banner is none", Source: "sshd -T"}, Finding: "F-ban"}}
	low := result("kernel-dmesg", "Users cannot read the kernel's log", "prod/web-1", "kernel", check.Fail, check.Low, "A.5.2.1")
	low.Violations = []report.Violation{{Violation: check.Violation{Key: "sysctl:kernel.dmesg_restrict", Detail: "kernel.dmesg_restrict is 0, want 1", At: "/running", Source: "/proc/sys/kernel/dmesg_restrict"}, Finding: "F-dm"}}
	empty := result("accounts-empty-password", "No account has an empty password", "prod/web-1", "accounts", check.Unknown, check.Critical, "A.5.6.3")
	empty.Detail = shadow
	lost := result("sshd-root-login", "Root cannot log in over SSH", "prod/db-1", "sshd", check.Unknown, check.High, "A.5.2.1", "A.5.6.2")
	lost.Detail, lost.Fact = "ssh://db-1: unreachable: no route to host", ""
	broke := result("kernel-modules", "Rare protocols cannot be loaded", "prod/web-1", "kernel", check.Error, check.Low, "A.5.2.1")
	broke.Detail = "check kernel-modules broke: index out of range; please report it"
	clock := result("timesync-on", "The clock is synchronised", "prod/web-1", "timesync", check.Pass, check.Low, "A.5.4.1")
	clock.Detail = "chrony with 4 sources"
	none := result("sudo-nopasswd", "sudo asks for a password", "prod/web-1", "sudo", check.NotApplicable, check.Moderate, "A.5.6.2")
	none.Detail = "sudo is not installed"

	return &report.Assessment{
		Schema: report.SchemaName, AssessedAt: at("2026-11-20T09:31:00Z"), DurationMS: 2140, Version: "1.0.0", Run: "019a9c1e-0000-7000-8000-000000000001",
		Estate: report.Estate{Source: ptr("estate.yaml"), Digest: "c0ffee"},
		Hosts: []report.Host{
			{Subject: "prod/web-1", Target: "ssh://holdfast@web-1", System: "Debian GNU/Linux 12 (bookworm)", Privilege: "partial",
				Gaps: map[string]string{"accounts.shadow": shadow, "kernel.boot": (&fact.Problem{Cause: fact.TooLarge, Source: "/boot/grub/grub.cfg"}).Error()}},
			{Subject: "prod/web-2", Target: "ssh://holdfast@web-2", System: "Debian GNU/Linux 12 (bookworm)", Privilege: "full", Gaps: map[string]string{}},
			{Subject: "prod/db-1", Target: "ssh://holdfast@db-1", Privilege: "partial", Problem: &fact.Problem{Cause: fact.Unreachable, Source: "ssh://holdfast@db-1", Text: "no route to host", How: "holdfast doctor ssh://holdfast@db-1"}, Gaps: map[string]string{}},
		},
		Requirements: []report.Requirement{
			{ID: "A.5.2.1", Title: "Systems are hardened by a recognised baseline", Level: "must", Status: "fail", Reason: "shop in prod: 3 of 6 checks fail", Checks: []string{"sshd-root-login"}, Failing: 3, Subjects: 2,
				Applications: []report.Application{{Name: "shop", RiskClass: "high", Status: "fail"}, {Name: "wiki", RiskClass: "low", Status: "pass"}}},
			{ID: "A.5.4.1", Title: "Clocks agree", Level: "must", Status: "pass", Reason: "the check passes", Checks: []string{"timesync-on"}, Subjects: 1, Applications: []report.Application{}},
			{ID: "A.5.5.2", Title: "Logs leave the host", Level: "should", Status: "warn", Reason: "1 of 2 checks fails", Checks: []string{}, Applications: []report.Application{}},
			{ID: "A.5.6.2", Title: "Administrators log in as themselves", Level: "must", Status: "fail", Reason: "shop in prod: 2 of 3 checks fail", Checks: []string{"sshd-root-login"}, Failing: 2, Subjects: 2, Applications: []report.Application{}},
			{ID: "A.5.6.3", Title: "Log-ins need a second factor", Level: "must", Status: "unknown", Reason: "needs /etc/shadow, which could not be read on prod/web-1", Checks: []string{"accounts-empty-password"}, Subjects: 1, Applications: []report.Application{}},
			{ID: "A.5.7.3", Title: "Images are signed", Level: "should", Status: "justified", Reason: "the only violation is settled by W-3", Checks: []string{}, Applications: []report.Application{}},
			{ID: "A.5.7.9", Title: "Containers run without root", Level: "must", Status: "not_applicable", Reason: "no container runs there", Checks: []string{}, Applications: []report.Application{}},
		},
		Results: []report.Result{toor, root("prod/web-1", "F-4x2ab"), root("prod/web-2", "F-9c0de"), lost, mounts, banner, low, empty, broke, clock, none},
		Vulnerabilities: []report.Vulnerability{
			vulnerability("CVE-2024-0001", func(v *report.Vulnerability) { v.Status, v.SettledBy = "acceptance", ptr("W-9") }),
			vulnerability("CVE-2024-0002", func(v *report.Vulnerability) { v.FixedIn, v.Due, v.FirstDue = []string{}, nil, nil }),
			vulnerability("CVE-2024-0003", func(v *report.Vulnerability) { v.Due, v.Overdue = ptr(at("2026-11-15T00:00:00Z")), true }),
			vulnerability("CVE-2024-0004", func(v *report.Vulnerability) { v.KEV, v.EPSS, v.Severity = true, ptr(0.912), "critical" }),
			vulnerability("CVE-2024-0005", func(v *report.Vulnerability) { v.Running, v.Places = true, []string{"/srv/shop/lib.jar"} }),
			vulnerability("CVE-2024-0006", func(v *report.Vulnerability) {
				v.Status, v.Severity, v.Due, v.FirstDue = "unimportant", "info", nil, nil
			}),
		}, Endpoints: []report.Endpoint{
			{Address: "shop.example:443", IP: "192.0.2.1:443", Grade: "B", Score: 91, Protocols: []string{"TLS 1.3", "TLS 1.0"}, Suites: []report.Suite{{Protocol: "TLS 1.3", Name: "TLS_AES_128_GCM_SHA256"}, {Protocol: "TLS 1.0", Name: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", Exchange: "DH 2048"}},
				Certificate: &report.Certificate{Subject: "CN=shop.example", Issuer: "CN=CA 1", Names: []string{"shop.example"}, NotBefore: at("2026-11-01T00:00:00Z"), NotAfter: at("2026-12-10T09:31:00Z"), Key: "RSA 2048", Signature: "SHA256-RSA", Trust: "trusted", Fingerprint: "ab"},
				Reasons:     []string{"cap B: TLS 1.0 is offered"}, Profile: "none", Probes: []report.Probe{{Name: "heartbleed", State: "safe"}, {Name: "beast", State: "vulnerable"}}, Unprobed: []string{"robot"},
				Observatory: &report.Observatory{Score: ptr(75), Grade: "B", Unseen: []string{"redirection"}, Tests: []report.ObservatoryTest{{Name: "content-security-policy", Outcome: "csp-not-implemented", Modifier: -25},
					{Name: "referrer-policy", Outcome: "referrer-policy-private", Modifier: 5}, {Name: "redirection", Outcome: "unknown"}}}},
			{Address: "old.example:443", Protocols: []string{}, Suites: []report.Suite{}, Reasons: []string{"no grade: no protocol was agreed upon"}, Probes: []report.Probe{}, Unprobed: []string{}},
		},
		Summary: report.Summary{Pass: 1, Fail: 2, Warn: 1, Justified: 1, NotApplicable: 1, Unknown: 1, FindingsOpen: 12, Overdue: 2},
		Notes:   []string{"Without root, 2 parts could not be seen; which ones and what would show them: holdfast doctor TARGET"},
		Pages: report.Pages{
			"sshd-root-login": {ID: "sshd-root-login", Title: "Root cannot log in over SSH", Doc: "A log-in as root belongs to nobody: the record cannot say who it was, and one stolen key or guessed password is the whole host.",
				Remedy:     "echo 'PermitRootLogin no' > /etc/ssh/sshd_config.d/10-root.conf && systemctl reload ssh\n# first make sure that another account can log in and use sudo",
				References: []string{"CIS Debian 12 5.1.20"}},
			"accounts-one-root": {ID: "accounts-one-root", Title: "Only root has user id 0", Doc: "A second account with user id 0 is root under a name that nobody watches.", Remedy: "=NAME of the account: userdel NAME, or usermod -u 1500 NAME"},
		},
	}
}

// vulnerability is one on prod/web-1 that is due in ten days.
func vulnerability(id string, edit func(*report.Vulnerability)) report.Vulnerability {
	due := at("2026-11-30T00:00:00Z")
	v := report.Vulnerability{ID: id, Aliases: []string{"DEBIAN-" + id}, Package: "openssl", Version: "3.0.9-1", Ecosystem: "Debian:12", Purl: "pkg:deb/debian/openssl@3.0.9-1?arch=source", FixedIn: []string{"3.0.11-1~deb12u1"},
		Severity: "high", Rated: "CVSS 3.1 7.5", Summary: "a flaw", Subject: "prod/web-1", Finding: "F-V" + id[len(id)-4:], Status: "open", Identified: at("2026-11-20T09:30:00Z"), FirstDue: &due, Due: &due}
	edit(&v)
	return v
}

// hostile is the sample with text in every place that a host or an estate fills.
func hostile(text string) *report.Assessment {
	a := sample()
	a.Version, a.Run, a.Estate.Source, a.RiskClass = text, text, &text, &text
	a.Notes = append(a.Notes, text)
	for i := range a.Hosts {
		h := &a.Hosts[i]
		h.Subject, h.Target, h.System = text, text, text
		h.Gaps = map[string]string{text: text}
		if h.Problem != nil {
			h.Problem.Text, h.Problem.Source, h.Problem.How = text, text, text
		}
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		e.Address, e.IP, e.Protocols, e.Reasons, e.Unprobed = text, text, []string{text}, []string{text}, []string{text}
		if e.Observatory != nil {
			e.Observatory.Unseen = []string{text}
			e.Observatory.Tests[0].Outcome = text
		}
		for j := range e.Probes {
			e.Probes[j].Name, e.Probes[j].Text = text, text
		}
		for j := range e.Suites {
			e.Suites[j] = report.Suite{Protocol: text, Name: text, Exchange: text}
		}
		if c := e.Certificate; c != nil {
			c.Subject, c.Issuer, c.Key, c.Trust, c.Names = text, text, text, text, []string{text}
		}
	}
	for i := range a.Vulnerabilities {
		v := &a.Vulnerabilities[i]
		v.ID, v.Aliases, v.Package, v.Version, v.Ecosystem, v.Purl, v.FixedIn, v.Summary, v.Subject, v.Rated = text, []string{text}, text, text, text, text, []string{text}, text, text, text
		if v.Places != nil {
			v.Places = []string{text}
		}
	}
	for i := range a.Requirements {
		r := &a.Requirements[i]
		r.ID, r.Title, r.Reason = text, text, text
		for j := range r.Applications {
			r.Applications[j].Name, r.Applications[j].RiskClass = text, text
		}
	}
	for i := range a.Results {
		r := &a.Results[i]
		r.Title, r.Subject, r.Collector, r.Kind, r.Application, r.Environment = text, text, text, text, &text, &text
		r.Requirements = []string{text}
		if r.Verdict != check.Fail || r.Detail != "" {
			r.Detail = text + `; "` + text + `" would show it`
		}
		for j := range r.Violations {
			v := &r.Violations[j]
			v.Key, v.Detail, v.At, v.Source, v.Why, v.SettledBy = text, text, text, "/"+text, text, &text
		}
	}
	for _, p := range a.Pages {
		p.Doc, p.Remedy, p.References = text, text+"\n"+text, []string{text}
	}
	return a
}

// hostileTexts are what a file name, a user's full name or a banner may hold.
var hostileTexts = map[string]string{
	"script":    `<script>alert(1)</script>`,
	"attribute": `" onmouseover="alert(1)" x='`,
	"close":     `</style></pre></code></main><img src=http://example.org/x.png>`,
	"url":       `javascript:alert(1)`,
	"template":  "{{.}}${x}`",
	"controls":  "a\x00b\x1b[31mc\rd\x7fe\u0085f\u202eg\u2066h\xff\xfei",
	"long":      strings.Repeat("x", 1<<13),
	"empty":     "",
	"formula":   `=HYPERLINK("http://example.org";"x")`,
	"lines":     "one\ntwo\r\n+three\n````\n# four",
}
