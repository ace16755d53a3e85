package drift

import "strings"

// Packages is what a look tells of the packages of a distribution.
type Packages struct {
	List    string                          // path of the list of packages: packages
	Version string                          // field of their version
	Guarded []string                        // lists which say where packages come from: repositories, settings
	Newer   func(before, after string) bool // nil: versions cannot be compared
	Offered func(name, version string) bool // a configured repository offers it
}

// Upgraded says why a change is an expected upgrade of a package: only its version changed, it grew, and a configured repository
// offers it. Nothing is expected while where packages come from differs from what was approved.
func Upgraded(all []Change, p Packages) func(Change) string {
	never := func(Change) string { return "" }
	if p.Newer == nil || p.Offered == nil {
		return never
	}
	touched := map[string]int{}
	for _, c := range all {
		list, name, _ := element(c.Path)
		for _, g := range p.Guarded {
			if list == g || c.Path == g || strings.HasPrefix(c.Path, g+".") || strings.HasPrefix(c.Path, g+"(") {
				return never
			}
		}
		touched[name]++
	}
	return func(c Change) string {
		list, name, rest := element(c.Path)
		if list != p.List || rest != "."+p.Version || c.Sort != Changed || touched[name] != 1 || !p.Newer(c.Before, c.After) {
			return ""
		}
		if !p.Offered(strings.TrimSuffix(strings.TrimPrefix(name, list+"["), "]"), c.After) {
			return ""
		}
		return "upgrade from a configured repository"
	}
}
