// Package vulnerabilities judges which known vulnerabilities a subject carries. Its fact is made anew at each judging,
// from what is installed there and the advisories of that moment, and is not recorded: a new advisory needs no new
// look at any system.
package vulnerabilities

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/vuln"
)

// Fact is what of the software of a subject is known to be vulnerable.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Packages  int     `json:"packages"`          // that were compared
	Brought   int     `json:"brought,omitempty"` // components that came with a package of the distribution, which was compared in their place
	Matches   []Match `json:"matches,omitempty"`
	Dated     int     `json:"dated,omitempty"` // components of products whose end of life is told
	Ended     []Ended `json:"ended,omitempty"` // of these what is past it, by product and line of releases
}

// Match is a vulnerability with the name under which it is remembered: the first of its names that was seen, so that a
// flaw which gets its CVE later stays the same finding.
type Match struct {
	vuln.Match
	Name     string   `json:"name"`
	Versions []string `json:"versions,omitempty"` // further ones that are there and affected too
}

// Key names the violation: the flaw and the package, without release and version, which may change while it stays.
func (m Match) Key() string {
	return "vulnerability:" + m.Name + "@" + vuln.Base(m.Package.Ecosystem) + "/" + vuln.Name(m.Package.Ecosystem, m.Package.Name)
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "vulnerabilities", Version: 1} }

// Parts that may be missing.
const (
	PartPackages   = "packages"   // what is installed
	PartComponents = "components" // what applications are made of
	PartAdvisories = "advisories" // what is known of it: no feed, or one that is too old
	PartEnds       = "ends"       // when products end: no feed, or one that is too old
)

// Known demands that nothing with a known vulnerability is installed.
var Known = &check.Check{
	ID:    "vulnerabilities-known",
	Title: "Nothing that is installed has a known vulnerability",
	Doc:   "A published flaw is tried by everybody within days. What counts is what is installed and in which version, with the fixes that the distribution carried back, not what the version number of the product suggests.",
	Remedy: "install the version that mends it: apt-get install --only-upgrade PACKAGE   dnf upgrade PACKAGE   apk upgrade PACKAGE\n" +
		"then restart what uses it, and: holdfast finding retest F-…\n" +
		"no fix yet: turn the flawed part off or shield it, and record that: holdfast waiver add mitigation F-… --help",
	Requirements: []string{"A.5.7.1", "A.5.9.1"},
	References:   []string{"OSV schema", "CISA KEV", "FIRST EPSS"},
	Needs:        []string{PartPackages, PartComponents, PartAdvisories},
	Rule: check.On(func(f Fact, declared estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		small := 0
		raised := check.Severity(declared.Policy().KnownExploited)
		for i, m := range f.Matches {
			if m.Severity == vuln.Info {
				small++
				continue
			}
			v := m.Violation(raised)
			v.At = fmt.Sprintf("/matches/%d", i)
			vs = append(vs, v)
		}
		seen := fmt.Sprintf("%d packages compared with advisories", f.Packages)
		if f.Brought > 0 {
			seen += fmt.Sprintf("; %d components are those of packages of the distribution, whose advisories count", f.Brought)
		}
		if small > 0 {
			seen += fmt.Sprintf("; %d of no importance", small)
		}
		return check.Failed(seen, vs)
	}),
	Examples: []check.Example{
		check.Passes("nothing known", Fact{Packages: 3}),
		check.Passes("of no importance", sample(func(m *Match) { m.Severity = vuln.Info })),
		check.Fails("one", sample(nil), "vulnerability:CVE-2024-0567@Debian/gnutls28"),
		check.Fails("remembered by an older name", sample(func(m *Match) { m.Name = "DEBIAN-CVE-2024-0567" }), "vulnerability:DEBIAN-CVE-2024-0567@Debian/gnutls28"),
		check.Leaves("no advisories", unseen(PartAdvisories)),
		check.Leaves("packages not read", unseen(PartPackages)),
		check.Leaves("components not read", unseen(PartComponents)),
	},
}

// Line says in one line what is vulnerable, and what mends it.
func (m Match) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s %s", m.ID, m.Package.Name, m.Package.Version)
	if n := len(m.Package.Installed); n > 0 && (n > 1 || m.Package.Installed[0] != m.Package.Name) {
		fmt.Fprintf(&b, " (%s)", strings.Join(m.Package.Installed[:min(n, 4)], ", "))
	}
	if len(m.Versions) > 0 {
		b.WriteString(" and " + strings.Join(m.Versions[:min(len(m.Versions), 4)], ", "))
	}
	if n := len(m.Package.Places); n > 0 {
		b.WriteString(" at " + m.Package.Places[0])
		if n > 1 {
			fmt.Fprintf(&b, " and %d more", n-1)
		}
	}
	switch {
	case len(m.Fixed) > 0:
		b.WriteString(", fixed in " + strings.Join(m.Fixed, ", "))
		if m.Offered {
			b.WriteString(", which the configured repositories offer")
		}
	default:
		b.WriteString(", no fix is known")
	}
	if m.KEV {
		b.WriteString("; known to be exploited")
	}
	if m.Package.Running {
		b.WriteString("; running")
	}
	if m.Unused != "" {
		b.WriteString("; " + m.Unused)
	}
	if m.Doubtful != "" {
		b.WriteString("; in doubt: " + m.Doubtful)
	}
	if m.Summary != "" {
		b.WriteString(": " + m.Summary)
	}
	return b.String()
}

func sample(change func(*Match)) Fact {
	m := Match{Name: "CVE-2024-0567", Match: vuln.Match{ID: "CVE-2024-0567", Aliases: []string{"DEBIAN-CVE-2024-0567"}, Severity: vuln.High, Rated: "CVSS 3.1 7.5", Fixed: []string{"3.7.9-2+deb12u2"},
		Package: vuln.Package{Ecosystem: "Debian:12", Name: "gnutls28", Version: "3.7.9-2", Installed: []string{"libgnutls30"}}}}
	if change != nil {
		change(&m)
	}
	return Fact{Packages: 3, Matches: []Match{m}}
}

func unseen(part string) Fact {
	f := Fact{Packages: 3}
	f.Note(part, &fact.Problem{Cause: fact.Failed, Text: "not there"})
	return f
}

// Violation is the match as a fault. Raised is the severity that the policy gives to what is known to be exploited;
// empty: none.
func (m Match) Violation(raised check.Severity) check.Violation {
	v := check.Violation{Key: m.Key(), Detail: m.Line(), Severity: check.Severity(m.Severity), Why: m.Rated, Threat: m.Threat(), Flaw: m.Flaw()}
	if len(m.Package.Places) > 0 {
		v.Source = m.Package.Places[0]
	}
	if m.KEV && raised != "" && raised.Rank() < v.Severity.Rank() {
		v.Severity, v.Why = raised, fmt.Sprintf("known to be exploited, which policy.known_exploited makes %s; else %s", raised, m.Rated)
	}
	return v
}

// Threat is what is known of attacks.
func (m Match) Threat() *check.Threat {
	t := check.Threat{Exploited: m.KEV, EPSS: m.EPSS, Running: m.Package.Running, Fix: len(m.Fixed) > 0}
	if t == (check.Threat{}) {
		return nil
	}
	return &t
}

// Flaw is the vulnerability with its package.
func (m Match) Flaw() *check.Flaw {
	return &check.Flaw{ID: m.ID, Aliases: m.Aliases, Ecosystem: m.Package.Ecosystem, Package: m.Package.Name, Version: m.Package.Version, Purl: m.Package.PURL(), FixedIn: m.Fixed}
}
