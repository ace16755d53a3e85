package app

import (
	"cmp"
	"slices"

	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/vuln"
)

// ofDistribution gives the installed packages by source, as the advisories of distributions speak of them.
func ofDistribution(f packages.Fact) []vuln.Package {
	type source struct{ name, version string }
	at := map[source]int{}
	offered := map[string]string{} // by binary package; sources and their binaries mostly share the number
	for _, u := range f.Updates {
		offered[u.Name] = u.Candidate
	}
	var out []vuln.Package
	for _, p := range f.Packages {
		if !p.Installed() {
			continue
		}
		s := source{p.Name, p.Version}
		switch f.Manager {
		case "dpkg":
			s.name, s.version = vuln.DebianSource(p.Name, p.Version, p.Source, p.SourceVersion)
		case "apk":
			s.name = cmp.Or(p.Source, p.Name)
		}
		i, ok := at[s]
		if !ok {
			i = len(out)
			at[s] = i
			out = append(out, vuln.Package{Name: s.name, Version: s.version})
		}
		out[i].Offered = cmp.Or(out[i].Offered, offered[p.Name])
		if !slices.Contains(out[i].Installed, p.Name) {
			out[i].Installed = append(out[i].Installed, p.Name)
		}
	}
	return out
}
