// Package vuln knows vulnerabilities: what an advisory says of versions, which package is affected, what several
// records together call one vulnerability, and how bad it is. It reads no files and no clock; advisories come from
// whoever asks (see Source), and versions are ordered by package version.
package vuln

import "time"

// Package is what is installed, in the terms of advisories.
type Package struct {
	Ecosystem string   `json:"ecosystem" drift:"key"` // as OSV names it, with the release of a distribution: Debian:12, npm
	Name      string   `json:"name" drift:"key"`      // as the ecosystem names it; of a distribution the source package
	Version   string   `json:"version"`               // of a distribution that of the source package
	Installed []string `json:"installed,omitempty"`
	Purl      string   `json:"purl,omitempty"`
	Places    []string `json:"places,omitempty"` // files that showed it; none where a package manager did
	Running   bool     `json:"running,omitempty" drift:"-"`
	Offered   string   `json:"offered,omitempty" drift:"-"` // newest version that the configured repositories offer in its place
	Owner     string   `json:"owner,omitempty"`             // package of the distribution that brought it
}

// Record is an advisory, as far as all that it affects shares it.
type Record struct {
	ID        string
	Aliases   []string // other names of the same flaw
	Upstream  []string // flaws that the record of a distribution stands for
	Related   []string
	Feed      string // which feed brought it: OSV's name of the ecosystem
	Summary   string
	Published time.Time // zero when not told
	Modified  time.Time
	Withdrawn time.Time // zero: it holds
	Rating    string    // a word of the record: HIGH, Important
	Scores    []Score
}

// Score is a CVSS vector.
type Score struct {
	Type   string // CVSS_V2, CVSS_V3, CVSS_V4, Ubuntu
	Vector string
}

// Affected is what one record says of one package.
type Affected struct {
	Record    *Record
	Intervals []Interval
	Versions  []string // affected ones by name, besides the intervals
	Rating    string   // of this package, by who distributes it; Debian's urgency
	Scores    []Score
	Imports   []Import // of Go: what has to be used for it to matter; empty: all
}

// Import is a Go package with the symbols that are flawed; none: all of them.
type Import struct {
	Path    string
	Symbols []string
}

// Source finds what is known of packages and flaws.
type Source interface {
	// Find gives all records of a package, withdrawn ones too. Ecosystem and name are in the forms of Ecosystem
	// and Name.
	Find(ecosystem, name string) []Affected
	// Scores gives the CVSS vectors that any record tells of a flaw by one of its names.
	Scores(id string) []Score
	// Exploited tells whether the flaw is known to be exploited.
	Exploited(id string) bool
	// EPSS is the probability that the flaw is exploited within 30 days, 0 to 1; false when nobody tells.
	EPSS(id string) (float64, bool)
}
