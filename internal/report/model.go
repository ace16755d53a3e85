// Package report words an assessment: for people on a terminal or in a browser, for machines as
// JSON, SARIF and CSV. It decides nothing and collects nothing; every figure comes from the Assessment.
package report

import (
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
)

// SchemaName names the JSON form; fields are only added to it. Source: interface contract.
const SchemaName = "holdfast.assessment/v1"

// Assessment is everything that one run says. Its JSON is the contract of "assess --format json".
type Assessment struct {
	Schema          string          `json:"schema"`
	AssessedAt      time.Time       `json:"assessed_at"`
	DurationMS      int64           `json:"duration_ms"`
	Version         string          `json:"version"`
	Run             string          `json:"run,omitempty"` // empty when nothing was recorded
	Estate          Estate          `json:"estate"`
	RiskClass       *string         `json:"risk_class_assumed"` // without an estate: the class that was taken
	Hosts           []Host          `json:"hosts"`
	Requirements    []Requirement   `json:"requirements"`
	Results         []Result        `json:"results"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities"`
	Endpoints       []Endpoint      `json:"endpoints"`
	Summary         Summary         `json:"summary"`

	Notes []string `json:"notes"` // what a reader must know: parts that sudo would add, declared and not used
	Pages Pages    `json:"-"`
}

// Pages holds the texts of checks for people: why and remedy.
type Pages map[string]*check.Check

// Estate says what was declared.
type Estate struct {
	Source *string `json:"source"`
	Digest string  `json:"digest"`
}

// Host is a subject that was looked at, for people.
type Host struct {
	Subject   string            `json:"subject"`
	Target    string            `json:"target"`
	System    string            `json:"system,omitempty"` // Debian GNU/Linux 12 (bookworm)
	Privilege string            `json:"privilege"`        // full or partial
	Problem   *fact.Problem     `json:"problem"`          // it did not answer
	Gaps      map[string]string `json:"gaps"`             // kind.part to what is missing and how to get it
}

// Requirement is the status of one requirement.
type Requirement struct {
	ID           string        `json:"id"`
	Title        string        `json:"title"`
	Level        string        `json:"level"`
	Status       string        `json:"status"`
	Reason       string        `json:"reason"`
	Applications []Application `json:"applications"`
	Checks       []string      `json:"checks"`
	Failing      int           `json:"failing"`
	Subjects     int           `json:"subjects"`
}

// Application is the status of a requirement for one application.
type Application struct {
	Name      string `json:"name"`
	RiskClass string `json:"risk_class"`
	Status    string `json:"status"`
}

// Result is the outcome of one check on one subject.
type Result struct {
	Check        string         `json:"check"`
	Title        string         `json:"title"`
	Requirements []string       `json:"requirements"`
	Subject      string         `json:"subject"`
	Kind         string         `json:"kind"`
	Verdict      check.Verdict  `json:"verdict"`
	Detail       string         `json:"detail"`
	Violations   []Violation    `json:"violations"`
	Severity     check.Severity `json:"severity"`
	ObservedAt   time.Time      `json:"observed_at"`
	Collector    string         `json:"collector"`
	Fact         string         `json:"fact"`
	Level        check.Level    `json:"level"`
	Application  *string        `json:"application"`
	Environment  *string        `json:"environment"`
	Stage        string         `json:"stage"`
	RiskClass    *string        `json:"risk_class"`
}

// Violation is one fault with its finding.
type Violation struct {
	check.Violation
	Finding    string     `json:"finding"`
	Identified *time.Time `json:"identified"` // null when nothing is recorded
	Due        *time.Time `json:"due"`
	Overdue    bool       `json:"overdue"`
	SettledBy  *string    `json:"settled_by"`
}

// Worst is the severity of a violation: its own, or that of its check.
func (r Result) Worst(v Violation) check.Severity {
	if v.Severity != "" {
		return v.Severity
	}
	return r.Severity
}

// Vulnerability is a known flaw of something that is installed on a subject.
type Vulnerability struct {
	ID         string     `json:"id"`      // CVE, else GHSA, else the name of the record
	Aliases    []string   `json:"aliases"` // every other name, those of all records that matched among them
	Name       string     `json:"-"`       // under which it is remembered
	Package    string     `json:"package"` // of a distribution the source package
	Version    string     `json:"version"`
	Ecosystem  string     `json:"ecosystem"`
	Purl       string     `json:"purl"`
	Versions   []string   `json:"versions,omitempty"` // further ones that are there and affected too
	Places     []string   `json:"places,omitempty"`   // files that showed it
	Running    bool       `json:"running,omitempty"`
	NotLinked  string     `json:"not_linked,omitempty"` // of a Go program: why the flawed code is not in it
	FixedIn    []string   `json:"fixed_in"`
	Severity   string     `json:"severity"`
	Rated      string     `json:"rated"` // where the severity comes from, in words
	CVSS       *string    `json:"cvss"`
	KEV        bool       `json:"kev"`
	EPSS       *float64   `json:"epss"`
	Summary    string     `json:"summary"`
	Subject    string     `json:"subject"`
	Finding    string     `json:"finding"`
	Status     string     `json:"status"` // open, unimportant, or the kind of decision that settles it
	Identified time.Time  `json:"identified"`
	FirstDue   *time.Time `json:"first_due"`
	Due        *time.Time `json:"due"`
	Overdue    bool       `json:"overdue"`
	SettledBy  *string    `json:"settled_by"`
	Sources    []string   `json:"sources,omitempty"` // other scanners that alone report it
}

// Endpoint is what a TLS endpoint offers, graded.
type Endpoint struct {
	Address     string       `json:"address"`     // name:port
	IP          string       `json:"ip"`          // the address that was looked at, with its port
	Grade       string       `json:"grade"`       // A+ to F, T, M; empty when too little was seen to grade it
	Score       int          `json:"score"`       // 0 to 100
	Protocols   []string     `json:"protocols"`   // newest first
	Suites      []Suite      `json:"suites"`      // by protocol, in the server's order
	Certificate *Certificate `json:"certificate"` // null when none was seen
	Reasons     []string     `json:"reasons"`     // worst first
	Profile     string       `json:"profile"`     // of the Mozilla guidelines 6.0 that is reached: modern, intermediate, none
	Probes      []Probe      `json:"probes"`      // known attacks, by name
	Unprobed    []string     `json:"unprobed"`    // known attacks that are probed only with leave
	Observatory *Observatory `json:"observatory,omitempty"`
}

// Observatory is the score of the website behind an endpoint by MDN HTTP Observatory.
type Observatory struct {
	Score  *int              `json:"score"`            // null without one
	Grade  string            `json:"grade"`            // A+ to F; empty without one
	Reason string            `json:"reason,omitempty"` // why there is none
	Tests  []ObservatoryTest `json:"tests"`
	Unseen []string          `json:"unseen"` // tests whose evidence is missing: the score is of the others
}

// ObservatoryTest is one test of it.
type ObservatoryTest struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Modifier int    `json:"modifier"`
}

// Probe is what was seen of a known attack.
type Probe struct {
	Name  string `json:"name"`
	State string `json:"state"` // safe, vulnerable, inconclusive
	Text  string `json:"text,omitempty"`
}

// Suite is a cipher suite that a server took.
type Suite struct {
	Protocol string `json:"protocol"`
	ID       uint16 `json:"id"` // as registered by IANA; 0 of SSL 2.0
	Name     string `json:"name"`
	Exchange string `json:"exchange"` // x25519, DH 2048; empty where nothing is exchanged
}

// Certificate is the one of the server itself.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Names       []string  `json:"names"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Key         string    `json:"key"` // RSA 2048
	Signature   string    `json:"signature"`
	Trust       string    `json:"trust"`
	Fingerprint string    `json:"fingerprint"` // SHA-256, hex
}

// Summary counts requirements by status, and findings.
type Summary struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Warn          int `json:"warn"`
	Justified     int `json:"justified"`
	NotApplicable int `json:"not_applicable"`
	Unknown       int `json:"unknown"`
	FindingsOpen  int `json:"findings_open"`
	Overdue       int `json:"overdue"`
}
