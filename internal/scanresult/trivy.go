package scanresult

import (
	"cmp"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// trivyReport is the JSON of Trivy, schema 2. Source: trivy documentation, "Reporting", and its pkg/types.
type trivyReport struct {
	CreatedAt    string
	ArtifactName string
	Metadata     struct {
		OS struct{ Family, Name string }
	}
	Results []struct {
		Target, Class, Type string
		Packages            []struct {
			ID, Name, SrcName string
		}
		Vulnerabilities []struct {
			VulnerabilityID                string
			PkgID, PkgName, PkgPath        string
			PkgIdentifier                  struct{ PURL string }
			InstalledVersion, FixedVersion string
			Severity, SeveritySource       string
			Title, Description             string
			CVSS                           map[string]struct{ V2Vector, V3Vector, V40Vector string }
		}
		Misconfigurations, Secrets, Licenses []struct{}
		ExperimentalModifiedFindings         []struct{}
	}
}

func trivy(data []byte, b *builder) error {
	var t trivyReport
	b.Format, b.Scanner = Formats[0], "trivy"
	if err := decode(data, b.Format, &t); err != nil {
		return err
	}
	b.About, b.Made = line(t.ArtifactName), moment(t.CreatedAt)
	os := strings.ToLower(t.Metadata.OS.Family + "-" + t.Metadata.OS.Name)
	for _, r := range t.Results {
		b.left["misconfiguration"] += len(r.Misconfigurations)
		b.left["secret"] += len(r.Secrets)
		b.left["license"] += len(r.Licenses)
		b.left["result that was suppressed there"] += len(r.ExperimentalModifiedFindings)
		sources := map[string]string{}
		for _, p := range r.Packages {
			sources[cmp.Or(p.ID, p.Name)] = p.SrcName
		}
		for _, v := range r.Vulnerabilities {
			p, binary, ok := carried(v.PkgIdentifier.PURL, os)
			if !ok {
				p = vuln.Package{Ecosystem: trivyEcosystem(r.Type, t.Metadata.OS.Name), Name: v.PkgName, Version: v.InstalledVersion}
				binary = r.Class == "os-pkgs"
			}
			if source := cmp.Or(sources[v.PkgID], sources[v.PkgName]); binary && source != "" {
				p.Name, binary = source, false
			}
			if r.Class == "os-pkgs" && v.PkgName != "" {
				p.Installed = []string{v.PkgName}
			}
			if place := cmp.Or(v.PkgPath, r.Target); r.Class == "lang-pkgs" && place != "" {
				p.Places = []string{line(place)}
			}
			// The names of the vendor's advisories are no aliases: one of them stands for many flaws.
			one := raw{id: v.VulnerabilityID, pkg: p, binary: binary, fixed: strings.Split(v.FixedVersion, ","), word: v.Severity, vendor: rates(v.SeveritySource, p.Ecosystem),
				summary: cmp.Or(v.Title, v.Description)}
			if strings.EqualFold(v.Severity, "UNKNOWN") {
				one.word = ""
			}
			for _, c := range v.CVSS {
				one.scores = append(one.scores, vectors(c.V2Vector, c.V3Vector, c.V40Vector)...)
			}
			b.add(one)
		}
	}
	b.tidy()
	return nil
}

// tidy forgets what was left out zero times.
func (b *builder) tidy() {
	for what, n := range b.left {
		if n == 0 {
			delete(b.left, what)
		}
	}
}

// rates tells whether a source of severities is the distribution that the package is of. Debian's urgency is no rating.
func rates(source, ecosystem string) bool {
	return slices.Contains(map[string][]string{"Red Hat": {"redhat"}, "AlmaLinux": {"alma", "redhat"}, "Rocky Linux": {"rocky", "redhat"}, "Ubuntu": {"ubuntu"}}[vuln.Base(ecosystem)], source)
}

// vectors gives the CVSS vectors that are there.
func vectors(all ...string) (out []vuln.Score) {
	for _, v := range all {
		kind := "CVSS_V3"
		switch {
		case v == "":
			continue
		case strings.HasPrefix(v, "CVSS:4"):
			kind = "CVSS_V4"
		case !strings.HasPrefix(v, "CVSS:"):
			kind = "CVSS_V2"
		}
		out = append(out, vuln.Score{Type: kind, Vector: v})
	}
	return out
}

// trivyEcosystem gives OSV's name for a type of Trivy, for reports that hold no package URLs.
func trivyEcosystem(kind, release string) string {
	for ecosystem, kinds := range map[string][]string{
		"npm": {"npm", "node-pkg", "yarn", "pnpm", "bun"}, "PyPI": {"pip", "pipenv", "poetry", "python-pkg", "uv"}, "Go": {"gomod", "gobinary"},
		"Maven": {"jar", "pom", "gradle", "sbt"}, "RubyGems": {"bundler", "gemspec"}, "crates.io": {"cargo", "rustbinary"}, "Packagist": {"composer", "composer-vendor"},
		"NuGet": {"nuget", "dotnet-core", "packages-props"}, "Hex": {"hex"}, "Pub": {"pub"},
	} {
		if slices.Contains(kinds, kind) {
			return ecosystem
		}
	}
	id := map[string]string{"alma": "almalinux", "redhat": "rhel"}[kind]
	if ecosystem, ok := vuln.OfRelease(cmp.Or(id, kind), release); ok {
		return ecosystem
	}
	return line(kind)
}
