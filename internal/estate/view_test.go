package estate

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestViewOfTheExample(t *testing.T) {
	e := parse(t, File{"e.yaml", example(t)})
	v := e.View("prod/web-1:443/tcp")
	if !v.Declared() || v.Subject() != "prod/web-1" || v.Environment().Name != "prod" || v.Zone().Name != "web" {
		t.Errorf("view of a service: %v %q", v.Declared(), v.Subject())
	}
	if s, ok := v.Service(443, "tcp"); !ok || s.Protocol != "https" || s.Local() {
		t.Errorf("service 443/tcp: %+v, %v", s, ok)
	}
	if s, ok := v.Service(9100, "tcp"); !ok || !s.Local() {
		t.Errorf("service 9100/tcp: %+v, %v", s, ok)
	}
	if _, ok := v.Service(443, "udp"); ok {
		t.Error("443/udp is declared by https")
	}
	for name, want := range map[string]bool{"nginx": true, "nginx.service": true, "shop": true, "shop.service": true, "sshd": false, "": false} {
		if v.Runs(name) != want {
			t.Errorf("Runs(%q) = %v", name, !want)
		}
	}
	if got := v.RiskClass(); got != VeryHighRisk {
		t.Errorf("risk class %s", got)
	}
	if got := e.View("prod/cluster-1").RiskClass(); got != StandardRisk {
		t.Errorf("risk class of the wiki's cluster: %s", got)
	}
	if got := e.View("prod/shop-db"); got.Backend == nil || got.RiskClass() != VeryHighRisk || got.Zone().Name != "data" {
		t.Errorf("view of a backend: %+v", got)
	}
	if g := v.Grants(); len(g) != 1 || g[0].Name != "shop-operators" {
		t.Errorf("grants: %v", g)
	}
	if len(e.View("prod/engine-1").Grants()) != 0 {
		t.Error("a grant for web-* covers engine-1")
	}
	if a := v.Accounts(); len(a) != 4 || a[1].Name != "adm-erika" || !a[1].Admin || a[1].Person.ID != "erika" {
		t.Errorf("accounts: %+v", a)
	}
	if now, ok := e.Renamed("prod/www-1"); !ok || now != "prod/web-1" {
		t.Errorf("renamed to %q", now)
	}
}

func TestPersonByAccountAndKey(t *testing.T) {
	e := parse(t, File{"e.yaml", example(t)})
	if p, admin := e.PersonByAccount("adm-sam"); p == nil || p.ID != "sam" || !admin {
		t.Errorf("adm-sam is %v", p)
	}
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKU0FeZaKt8JHg9E7kYEWeQZfQWennIGPzPFCjGrA2p4"
	for _, line := range []string{key, key + " someone@else", `from="10.0.0.0/8",no-pty ` + key + " x"} {
		if p := e.PersonByKey(line); p == nil || p.ID != "erika" {
			t.Errorf("%s is of %v", line, p)
		}
	}
	for _, line := range []string{"", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa " + key[12:]} {
		if p := e.PersonByKey(line); p != nil {
			t.Errorf("%q is of %v", line, p)
		}
	}
}

func TestNothingDeclared(t *testing.T) {
	var none *Estate
	if none.Application("a") != nil || none.System("a") != nil || none.Backend("a") != nil || none.Person("a") != nil ||
		none.Environment("a") != nil || none.Gate("a") != nil || none.Team("a") != nil || none.PersonByKey("a") != nil ||
		none.Unused(nil) != nil {
		t.Error("a nil estate declares something")
	}
	if _, err := none.Show(); err == nil {
		t.Error("a nil estate is shown")
	}
	for _, v := range []View{{}, none.View("prod/web-1"), parse(t, File{"e.yaml", example(t)}).View("prod/web-9")} {
		if v.Declared() || v.Environment() != nil || v.Zone() != nil || v.Applications() != nil || v.Grants() != nil ||
			v.RiskClass() != HighRisk || v.Stage() != Production || v.Runs("nginx") || v.Policy().ScanInterval.String() != "24h" {
			t.Errorf("undeclared subject: %+v", v)
		}
	}
}

func TestClass(t *testing.T) {
	for _, row := range []struct {
		c    Criticality
		x    Exposure
		want RiskClass
	}{
		{"high", "internal", HighRisk}, {"high", "internet", VeryHighRisk},
		{"medium", "internal", StandardRisk}, {"medium", "internet", HighRisk},
		{"low", "internal", StandardRisk}, {"low", "internet", StandardRisk},
		{"", "", VeryHighRisk}, {"", "internal", HighRisk}, {"medium", "", HighRisk},
	} {
		if got := Class(row.c, row.x); got != row.want {
			t.Errorf("Class(%q, %q) = %s, want %s", row.c, row.x, got, row.want)
		}
	}
}

func TestAttestation(t *testing.T) {
	e := parse(t, File{"e.yaml", example(t)})
	zone := time.FixedZone("CEST", 7200)
	for _, row := range []struct {
		requirement, subject string
		now                  time.Time
		want                 AttestState
	}{
		{"A.5.2.12", "prod/web-1", time.Date(2026, 11, 23, 0, 0, 0, 0, zone), AttestInForce},
		{"A.5.2.12", "prod/web-1", time.Date(2026, 9, 1, 0, 0, 0, 0, zone), AttestInForce},
		{"A.5.2.12", "prod/web-1", time.Date(2027, 9, 1, 23, 59, 59, 0, zone), AttestInForce},
		{"A.5.2.12", "prod/web-1", time.Date(2027, 9, 2, 0, 0, 0, 0, zone), AttestExpired},
		{"A.5.2.12", "prod/web-1", time.Date(2026, 8, 31, 23, 0, 0, 0, zone), NotAttested},
		{"A.5.2.12", "prod/engine-1", time.Date(2026, 11, 23, 0, 0, 0, 0, zone), NotAttested},
		{"A.5.2.11", "prod/web-1", time.Date(2026, 11, 23, 0, 0, 0, 0, zone), NotAttested},
	} {
		a, got := e.Attestation(row.requirement, row.subject, row.now)
		if got != row.want || (got != NotAttested) != (a.By == "sam") {
			t.Errorf("%s %s at %s: %s by %q, want %s", row.requirement, row.subject, row.now, got, a.By, row.want)
		}
	}
}

func TestUnused(t *testing.T) {
	small := parse(t, File{"e.yaml", []byte("organization: a\nalerts: {channels: [{name: a, kind: slack}]}\nteams: [{name: a}]\n")})
	if got := strings.Join(small.Unused([]string{"organization", "teams"}), "\n"); got != "declared, not yet used: alerts" {
		t.Errorf("unused: %q", got)
	}
	if got := parse(t, File{"e.yaml", example(t)}).Declared(); len(got) != 26 {
		t.Errorf("%d sections: %v", len(got), got)
	}
}

func TestDigestIsOfWhatIsDeclared(t *testing.T) {
	const one = `organization: a
teams:
  - {name: x}
  - {name: y, contact: y@example.org}
environments: [{name: prod, stage: production}]
`
	whole := parse(t, File{"e.yaml", []byte(one)})
	parts := parse(t, File{"d/teams/a.yaml", []byte("contact: 'y@example.org' # moved\nname: y\n")},
		File{"d/z.yaml", []byte("environments: [{name: prod, stage: production}]\norganization: a\ntimezone: UTC\n")},
		File{"d/teams/b.yaml", []byte("- name: x\n")})
	if whole.Digest != parts.Digest || len(whole.Digest) != 64 {
		t.Errorf("digest of one file %s, of several %s", whole.Digest, parts.Digest)
	}
	other := parse(t, File{"e.yaml", []byte(strings.Replace(one, "y@", "z@", 1))})
	if other.Digest == whole.Digest {
		t.Error("another contact has the same digest")
	}
}

func TestEntryFilesAndSections(t *testing.T) {
	// The keys applications and environments of an entry are names of sections too.
	e := parse(t, File{"estate/base.yaml", []byte("organization: a\napplications: [{name: shop, team: t, criticality: low, exposure: internal}]\nteams: [{name: t}]\nenvironments: [{name: prod, stage: test}]\n")},
		File{"estate/systems/web-1.yaml", []byte("name: web-1\napplications: [shop]\nenvironment: prod\n")},
		File{"estate/systems/all.yaml", []byte("systems: [{name: web-2, environment: prod}]\npeople: [{id: a}]\n")})
	if e.System("prod/web-1") == nil || e.System("prod/web-2") == nil || e.Person("a") == nil {
		t.Errorf("systems: %+v", e.Systems)
	}
	if at := e.System("prod/web-1").At; at != (Place{"estate/systems/web-1.yaml", 1, 1}) {
		t.Errorf("web-1 is at %v", at)
	}
}

func TestMaintenanceExpects(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	var days Days
	var hours Hours
	if err := errors.Join(days.UnmarshalText([]byte("tue")), hours.UnmarshalText([]byte("22:00-02:00"))); err != nil {
		t.Fatal(err)
	}
	until, err := ParseDate("2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	good := Maintenance{Name: "patch-night", Where: []Where{"prod/*"}, Days: days, Hours: hours, ApprovedBy: "sam", Until: until}
	tuesday := time.Date(2026, 11, 24, 23, 0, 0, 0, zone)
	for rule, tc := range map[string]struct {
		change  func(*Maintenance)
		subject string
		now     time.Time
		want    bool
	}{
		"within":                  {nil, "prod/web-1", tuesday, true},
		"past midnight":           {nil, "prod/web-1", tuesday.Add(2 * time.Hour), true},
		"before":                  {nil, "prod/web-1", tuesday.Add(-2 * time.Hour), false},
		"another day":             {nil, "prod/web-1", tuesday.AddDate(0, 0, 1), false},
		"another environment":     {nil, "test/web-1", tuesday, false},
		"ended":                   {nil, "prod/web-1", time.Date(2027, 1, 5, 23, 0, 0, 0, zone), false},
		"nobody approved it":      {func(m *Maintenance) { m.ApprovedBy = "" }, "prod/web-1", tuesday, false},
		"at any time of the week": {func(m *Maintenance) { m.Days, m.Hours = 0, Hours{} }, "prod/web-1", tuesday.AddDate(0, 0, 2), true},
	} {
		m := good
		if tc.change != nil {
			tc.change(&m)
		}
		if got := m.Expects(tc.subject, tc.now); got != tc.want {
			t.Errorf("%s: got %t", rule, got)
		}
	}
}
