package version

import "strings"

// For gives the order of an ecosystem as OSV names it, with its release or without: "Debian:12",
// "Ubuntu:Pro:18.04:LTS", "Alpine:v3.19", "npm". Case does not matter. It is false for one whose order is
// not known, so that nothing is matched by a wrong one.
// Source: https://ossf.github.io/osv-schema/#defined-ecosystems
func For(ecosystem string) (Order, bool) {
	name, _, _ := strings.Cut(ecosystem, ":")
	for _, e := range ecosystems {
		if strings.EqualFold(e.name, name) {
			return e.order, true
		}
	}
	return 0, false
}

// Android, GIT, Linux and GSD are left out: their advisories name commits or patch levels. So is opam,
// whose order has no published tests.
var ecosystems = []struct {
	name  string
	order Order
}{
	{"Debian", dpkg},
	{"Ubuntu", dpkg},
	{"npm", semver},
	{"PyPI", pep440},
	{"Go", golang},
	{"Maven", maven},
	{"Alpine", apk},
	{"AlmaLinux", rpm},
	{"Rocky Linux", rpm},
	{"Red Hat", rpm},
	{"SUSE", rpm},
	{"openSUSE", rpm},
	{"Alpaquita", apk},
	{"Amazon Linux", rpm},
	{"Azure Linux", rpm},
	{"BellSoft Hardened Containers", apk},
	{"Bioconductor", semver},
	{"Bitnami", semver},
	{"Chainguard", apk},
	{"CleanStart", apk},
	{"ConanCenter", semver},
	{"CRAN", cran},
	{"crates.io", semver},
	{"Docker Hardened Images", semver},
	{"Echo", dpkg},
	{"Fedora", rpm},
	{"GHC", semver},
	{"GitHub Actions", semver},
	{"Hackage", cran},
	{"Hex", semver},
	{"Julia", semver},
	{"Kubernetes", semver},
	{"Mageia", rpm},
	{"MinimOS", apk},
	{"NuGet", nuget},
	{"openEuler", rpm},
	{"Oracle Linux", rpm},
	{"Packagist", packagist},
	{"Photon OS", rpm},
	{"Pub", pub},
	{"RubyGems", rubygems},
	{"SwiftURL", semver},
	{"VSCode", semver},
	{"Wolfi", apk},
}
