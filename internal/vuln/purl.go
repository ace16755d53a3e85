package vuln

import (
	"net/url"
	"strings"
)

// PURL is the package URL of the package: the one that it came with, else one that is made from its ecosystem, as
// far as that has a type. Source: purl specification, types.
func (p Package) PURL() string {
	if p.Purl != "" {
		return p.Purl
	}
	name := strings.ReplaceAll(url.PathEscape(p.Name), "%2F", "/")
	version := url.QueryEscape(p.Version)
	version = strings.ReplaceAll(version, "+", "%20")
	switch base := Base(p.Ecosystem); base {
	case "Debian", "Ubuntu":
		return "pkg:deb/" + strings.ToLower(base) + "/" + name + "@" + version + "?arch=source"
	case "Alpine", "Wolfi", "Chainguard":
		return "pkg:apk/" + strings.ToLower(base) + "/" + name + "@" + version
	case "AlmaLinux":
		return "pkg:rpm/almalinux/" + name + "@" + version
	case "Rocky Linux":
		return "pkg:rpm/rocky-linux/" + name + "@" + version
	case "Red Hat":
		return "pkg:rpm/redhat/" + name + "@" + version
	case "npm":
		return "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + version
	case "PyPI":
		return "pkg:pypi/" + Name(base, p.Name) + "@" + version
	case "Go":
		return "pkg:golang/" + name + "@" + version
	case "crates.io":
		return "pkg:cargo/" + name + "@" + version
	case "RubyGems":
		return "pkg:gem/" + name + "@" + version
	case "NuGet":
		return "pkg:nuget/" + name + "@" + version
	case "Packagist":
		return "pkg:composer/" + strings.ToLower(name) + "@" + version
	case "Hex", "Pub", "CRAN", "Hackage", "Bitnami", "Julia":
		return "pkg:" + strings.ToLower(base) + "/" + name + "@" + version
	case "ConanCenter":
		return "pkg:conan/" + name + "@" + version
	case "SwiftURL":
		return "pkg:swift/" + name + "@" + version
	case "Mageia", "openEuler":
		return "pkg:rpm/" + strings.ToLower(base) + "/" + name + "@" + version
	case "Azure Linux":
		return "pkg:rpm/azurelinux/" + name + "@" + version
	case "Photon OS":
		return "pkg:rpm/photon/" + name + "@" + version
	case "Maven":
		return "pkg:maven/" + strings.Replace(name, ":", "/", 1) + "@" + version
	}
	return ""
}
