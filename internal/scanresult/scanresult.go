// Package scanresult reads what other scanners report of known vulnerabilities: Trivy, Grype, osv-scanner, DefectDojo,
// SARIF and CycloneDX. It is pure, bytes in and results out, and it decides nothing: which subject a report is about, and
// what becomes of a finding, is said elsewhere. What a report says besides vulnerabilities of packages (misconfiguration,
// secrets, flaws of own code) is counted and left out.
package scanresult

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/vuln"
)

// Report is what one scanner found on one thing.
type Report struct {
	Format  string     // one of Formats
	Scanner string     // who found it, in lower case: trivy
	About   string     // what the report calls the thing that was looked at; empty when it does not say
	Made    time.Time  // when; zero when the report does not say
	Results []Reported // each vulnerability of each package once, in order
	Left    []string   // what was left out, in words: 2 misconfigurations
}

// Reported is one vulnerability of one package.
type Reported struct {
	ID       string        // its CVE, else GHSA, else its own name
	Aliases  []string      // other names of it, in order
	Package  vuln.Package  // Ecosystem is empty when the report does not tell it
	Binary   bool          // the name is that of an installed package of a distribution, whose source is not told
	Fixed    []string      // versions that mend it
	Severity vuln.Severity // by the same order as for advisories: vendor, CVSS, word; high when nothing tells
	Rated    string        // where that comes from, in words
	Summary  string
	// Identified is when the vulnerability was first seen there; zero when the report does not say. It is not when the
	// advisory was published, which says nothing of the system.
	Identified time.Time
}

// Formats are the forms that are known, as people call them.
var Formats = []string{"Trivy JSON", "Grype JSON", "osv-scanner JSON", "DefectDojo generic findings JSON", "SARIF 2.1.0", "CycloneDX JSON with vulnerabilities"}

// maxReport is the size of the largest report that is read.
const maxReport = 256 << 20

// Read reads a report in any of the known forms.
func Read(in io.Reader) (Report, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxReport+1))
	if err != nil {
		return Report{}, err
	}
	if len(data) > maxReport {
		return Report{}, fmt.Errorf("it is larger than %d MiB", maxReport>>20)
	}
	return Parse(data)
}

// Parse is Read for bytes. With an error the report is empty.
func Parse(data []byte) (Report, error) {
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		if first := strings.TrimSpace(string(data[:min(len(data), 64)])); !strings.HasPrefix(first, "{") {
			return Report{}, unknown()
		}
		return Report{}, fmt.Errorf("it is no whole JSON: %w", err)
	}
	read := formatOf(top)
	if read == nil {
		return Report{}, unknown()
	}
	b := &builder{at: map[string]int{}, left: map[string]int{}}
	if err := read(data, b); err != nil {
		return Report{}, err
	}
	return b.report(), nil
}

func unknown() error {
	return fmt.Errorf("the form of this report is not known; those that are: %s", strings.Join(Formats, ", "))
}

// formatOf tells the form by the names at the top, which are exact: Trivy's Results are not osv-scanner's results.
func formatOf(top map[string]json.RawMessage) func([]byte, *builder) error {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := top[n]; return !ok })
	}
	switch {
	case has("bomFormat"):
		return cycloneDX
	case has("runs"):
		return sarif
	case has("Results"), has("SchemaVersion", "ArtifactName"):
		return trivy
	case has("matches"):
		return grype
	case has("results"):
		return osvScanner
	case has("findings"):
		return defectDojo
	}
	return nil
}

// decode reads the whole form. The error says which.
func decode(data []byte, format string, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read it as %s: %w", format, err)
	}
	return nil
}

// moment reads a time or a day; zero when it is none.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
