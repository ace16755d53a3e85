package scanresult

import (
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// osvReport is the JSON of osv-scanner: whole OSV records beside what they were found in. Source: osv-scanner
// documentation, "Output", and the OSV schema.
type osvReport struct {
	Results []struct {
		Source   struct{ Path, Type string }
		Packages []struct {
			Package struct {
				Name, Version, Ecosystem string
				OSPackageName            string `json:"os_package_name"`
			}
			Vulnerabilities []osvRecord
			Groups          []struct {
				IDs         []string `json:"ids"`
				MaxSeverity string   `json:"max_severity"`
			}
		}
	}
}

type osvRecord struct {
	ID, Summary                string
	Aliases, Upstream, Related []string
	Severity                   []struct{ Type, Score string }
	DatabaseSpecific           struct{ Severity any } `json:"database_specific"`
	Affected                   []struct {
		Package  struct{ Name, Ecosystem string }
		Severity []struct{ Type, Score string }
		Ranges   []struct {
			Type   string
			Events []struct{ Fixed string }
		}
	}
}

func osvScanner(data []byte, b *builder) error {
	var o osvReport
	b.Format, b.Scanner = Formats[2], "osv-scanner"
	if err := decode(data, b.Format, &o); err != nil {
		return err
	}
	for _, r := range o.Results {
		if len(o.Results) == 1 {
			b.About = line(r.Source.Path)
		}
		for _, found := range r.Packages {
			p := vuln.Package{Ecosystem: vuln.Ecosystem(found.Package.Ecosystem), Name: found.Package.Name, Version: found.Package.Version}
			if n := found.Package.OSPackageName; n != "" {
				p.Installed = []string{n}
			}
			if !vuln.IsDistribution(p.Ecosystem) && r.Source.Path != "" {
				p.Places = []string{line(r.Source.Path)}
			}
			scores := map[string]float64{}
			for _, g := range found.Groups {
				if n, err := strconv.ParseFloat(g.MaxSeverity, 64); err == nil {
					for _, id := range g.IDs {
						scores[id] = n
					}
				}
			}
			for _, v := range found.Vulnerabilities {
				one := v.on(p)
				one.score = scores[v.ID]
				b.add(one)
			}
		}
	}
	return nil
}

// on is what a record says of a package. A record of a distribution stands for each CVE that it names.
func (v osvRecord) on(p vuln.Package) raw {
	one := raw{id: v.ID, pkg: p, summary: v.Summary}
	one.names = append(append(one.names, v.Aliases...), v.Upstream...)
	if vuln.IsDistribution(p.Ecosystem) {
		for _, r := range v.Related {
			if vuln.IsCVE(r) {
				one.names = append(one.names, r)
			}
		}
	}
	if w, ok := v.DatabaseSpecific.Severity.(string); ok {
		one.word = w
	}
	if first, _, ok := strings.Cut(v.Summary, ":"); ok && rates("redhat", p.Ecosystem) {
		if _, worded := vuln.OfWord(first); worded {
			one.word, one.vendor = first, true // Important: curl security update
		}
	}
	for _, s := range v.Severity {
		one.scores = append(one.scores, vuln.Score{Type: s.Type, Vector: s.Score})
	}
	for _, a := range v.Affected {
		if a.Package.Name != p.Name || vuln.Base(a.Package.Ecosystem) != vuln.Base(p.Ecosystem) {
			continue
		}
		if vuln.IsDistribution(p.Ecosystem) && vuln.Ecosystem(a.Package.Ecosystem) != p.Ecosystem {
			continue
		}
		for _, s := range a.Severity {
			one.scores = append(one.scores, vuln.Score{Type: s.Type, Vector: s.Score})
		}
		for _, r := range a.Ranges {
			for _, e := range r.Events {
				if r.Type != "GIT" && e.Fixed != "" {
					one.fixed = append(one.fixed, e.Fixed)
				}
			}
		}
	}
	return one
}
