package vulnerabilities

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/vuln"
)

func TestChecks(t *testing.T) { checktest.Run(t, host.Source{}, []*check.Check{Known, Supported}) }

// TestKnownExploited: the policy raises what is known to be exploited, and nothing else, and never lowers.
func TestKnownExploited(t *testing.T) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, problems := estate.Parse([]estate.File{{Name: "e.yaml", Data: []byte("organization: N\npolicy: {known_exploited: critical}\n")}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	for name, x := range map[string]struct {
		change func(*Match)
		want   check.Severity
	}{
		"exploited":            {func(m *Match) { m.KEV = true }, "critical"},
		"not exploited":        {nil, "high"},
		"exploited and severe": {func(m *Match) { m.KEV, m.Severity = true, vuln.Critical }, "critical"},
	} {
		f := sample(x.change)
		out := check.Judge(Known, cat, []fact.Observation{{Subject: "prod/web-1", Kind: f.Kind(), Fact: f, ObservedAt: check.ExampleNow}}, e, check.ExampleNow)
		if v := out[0].Violations[0]; v.Severity != x.want || v.Threat == nil || v.Threat.Exploited == (name == "not exploited") {
			t.Errorf("%s: %s (%s)", name, v.Severity, v.Why)
		}
	}
}

// TestLine: the line says what is there, what mends it, and what makes it urgent.
func TestLine(t *testing.T) {
	f := sample(func(m *Match) { m.KEV, m.Package.Running, m.Summary = true, true, "a flaw" })
	if got, want := f.Matches[0].Line(), "CVE-2024-0567 in gnutls28 3.7.9-2 (libgnutls30), fixed in 3.7.9-2+deb12u2; known to be exploited; running: a flaw"; got != want {
		t.Errorf("%s", got)
	}
	offered := sample(func(m *Match) { m.Offered = true })
	if got := offered.Matches[0].Line(); !strings.Contains(got, "fixed in 3.7.9-2+deb12u2, which the configured repositories offer") {
		t.Errorf("%s", got)
	}
	none := sample(func(m *Match) { m.Fixed = nil })
	if got := none.Matches[0].Line(); !strings.Contains(got, "no fix is known") {
		t.Errorf("%s", got)
	}
}

// TestViolation: what is known of attacks, and the flaw itself, reach the finding; the policy raises what is exploited.
func TestViolation(t *testing.T) {
	m := sample(func(m *Match) { m.KEV, m.Package.Running = true, true }).Matches[0]
	v := m.Violation("critical")
	if v.Severity != "critical" || v.Threat == nil || !v.Threat.Exploited || !v.Threat.Running || !v.Threat.Fix {
		t.Errorf("%s, %+v", v.Severity, v.Threat)
	}
	if f := v.Flaw; f == nil || f.ID != "CVE-2024-0567" || f.Package != "gnutls28" || f.Purl != "pkg:deb/debian/gnutls28@3.7.9-2?arch=source" {
		t.Errorf("%+v", f)
	}
	m = sample(func(m *Match) { m.Fixed = nil }).Matches[0]
	if v := m.Violation("critical"); v.Severity != "high" || v.Threat != nil {
		t.Errorf("nothing is known of attacks: %s, %+v", v.Severity, v.Threat)
	}
}
