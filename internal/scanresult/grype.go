package scanresult

import (
	"cmp"
	"encoding/json"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// grypeReport is the JSON of Grype. Source: grype/presenter/models of anchore/grype.
type grypeReport struct {
	Matches []struct {
		Vulnerability          grypeFlaw
		RelatedVulnerabilities []grypeFlaw
		Artifact               struct {
			Name, Version, Type, PURL string
			Locations                 []struct{ Path string }
			Upstreams                 []struct{ Name string }
		}
	}
	IgnoredMatches []struct{}
	Source         struct{ Target json.RawMessage }
	Distro         struct{ Name, Version string }
	Descriptor     struct{ Name, Timestamp string }
}

type grypeFlaw struct {
	ID, Namespace, Severity, Description string
	CVSS                                 []struct{ Vector string }
	Fix                                  struct{ Versions []string }
}

func grype(data []byte, b *builder) error {
	var g grypeReport
	b.Format, b.Scanner = Formats[1], "grype"
	if err := decode(data, b.Format, &g); err != nil {
		return err
	}
	b.Scanner, b.Made, b.About = cmp.Or(g.Descriptor.Name, b.Scanner), moment(g.Descriptor.Timestamp), grypeTarget(g.Source.Target)
	if n := len(g.IgnoredMatches); n > 0 {
		b.left["result that was suppressed there"] += n
	}
	os := strings.ToLower(g.Distro.Name + "-" + g.Distro.Version)
	for _, m := range g.Matches {
		a := m.Artifact
		p, binary, ok := carried(a.PURL, os)
		if !ok {
			p = vuln.Package{Name: a.Name, Version: a.Version}
			if ecosystem, known := vuln.OfRelease(strings.ToLower(g.Distro.Name), g.Distro.Version); known && (a.Type == "deb" || a.Type == "apk" || a.Type == "rpm") {
				p.Ecosystem, binary = ecosystem, a.Type != "rpm"
			}
		}
		if binary {
			p.Installed = []string{a.Name}
			if len(a.Upstreams) > 0 && a.Upstreams[0].Name != "" {
				p.Name, binary = a.Upstreams[0].Name, false
			}
		}
		if !vuln.IsDistribution(p.Ecosystem) {
			for _, l := range a.Locations {
				p.Places = append(p.Places, line(l.Path))
			}
		}
		one := raw{id: m.Vulnerability.ID, pkg: p, binary: binary, fixed: m.Vulnerability.Fix.Versions, word: m.Vulnerability.Severity, summary: m.Vulnerability.Description}
		source, _, _ := strings.Cut(m.Vulnerability.Namespace, ":") // redhat:distro:redhat:9
		one.vendor = rates(source, p.Ecosystem)
		if strings.EqualFold(one.word, "unknown") {
			one.word = ""
		}
		for _, f := range append([]grypeFlaw{m.Vulnerability}, m.RelatedVulnerabilities...) {
			if f.ID != one.id {
				one.names = append(one.names, f.ID)
			}
			one.summary = cmp.Or(one.summary, f.Description)
			for _, c := range f.CVSS {
				one.scores = append(one.scores, vectors(c.Vector)...)
			}
		}
		b.add(one)
	}
	return nil
}

// grypeTarget reads what was looked at: a path, or an image with what the user called it.
func grypeTarget(data json.RawMessage) string {
	var path string
	if json.Unmarshal(data, &path) == nil {
		return line(path)
	}
	var image struct{ UserInput string }
	if json.Unmarshal(data, &image) == nil {
		return line(image.UserInput)
	}
	return ""
}
