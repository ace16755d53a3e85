package scanresult

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// dojoReport is the form of DefectDojo's "Generic Findings Import". Source: its documentation and dojo/tools/generic.
type dojoReport struct {
	Name, Type string
	Findings   []struct {
		Title, Description, Severity string
		Date                         string
		CVE                          string          `json:"cve"`
		VulnerabilityIDs             []string        `json:"vulnerability_ids"`
		VulnID                       string          `json:"vuln_id_from_tool"`
		ComponentName                string          `json:"component_name"`
		ComponentVersion             string          `json:"component_version"`
		FixVersion                   string          `json:"fix_version"`
		FilePath                     string          `json:"file_path"`
		CVSS3                        string          `json:"cvssv3"`
		CVSS4                        string          `json:"cvssv4"`
		Score                        json.RawMessage `json:"cvssv3_score"`
		Active                       *bool
		FalseP                       bool `json:"false_p"`
		Duplicate                    bool
		Mitigated                    bool `json:"is_mitigated"`
	}
}

func defectDojo(data []byte, b *builder) error {
	var d dojoReport
	b.Format, b.Scanner = Formats[3], "defectdojo"
	if err := decode(data, b.Format, &d); err != nil {
		return err
	}
	b.Scanner = cmp.Or(d.Type, b.Scanner)
	b.About = line(d.Name)
	for _, f := range d.Findings {
		if f.Active != nil && !*f.Active || f.FalseP || f.Duplicate || f.Mitigated {
			b.left["result that is closed there"]++
			continue
		}
		p, binary, ok := carried(f.ComponentName, "")
		if !ok {
			p = vuln.Package{Name: line(f.ComponentName), Version: f.ComponentVersion}
		}
		p.Version = cmp.Or(p.Version, line(f.ComponentVersion))
		if f.FilePath != "" && !vuln.IsDistribution(p.Ecosystem) {
			p.Places = []string{line(f.FilePath)}
		}
		ids := clean(append([]string{f.CVE}, f.VulnerabilityIDs...))
		if len(ids) == 0 && named(f.VulnID) {
			ids = []string{f.VulnID}
		}
		one := raw{pkg: p, binary: binary, fixed: strings.Split(f.FixVersion, ","), word: f.Severity, summary: cmp.Or(f.Title, f.Description), identified: moment(f.Date), scores: vectors(f.CVSS3, f.CVSS4)}
		if len(ids) > 0 {
			one.id, one.names = ids[0], ids[1:]
		}
		if n, err := strconv.ParseFloat(strings.Trim(string(f.Score), `"`), 64); err == nil {
			one.score = n
		}
		b.add(one)
	}
	return nil
}

// named tells whether a text is the name of a known flaw, not that of a rule.
func named(id string) bool {
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "CVE", "GHSA", "PYSEC", "GO", "RUSTSEC", "DSA", "DLA", "DEBIAN", "USN", "UBUNTU", "ALSA", "RHSA", "RLSA", "ALPINE", "MAL", "OSV", "TEMP", "SNYK", "GMS":
		return true
	}
	return false
}
