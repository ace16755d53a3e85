package sbom

import (
	"fmt"
	"net/url"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// PURL is a package URL, taken apart. Source: ECMA-427.
type PURL struct {
	Type       string // lower case
	Namespace  string // parts joined by a slash, decoded
	Name       string
	Version    string
	Qualifiers map[string]string // names in lower case
}

// maxPURL is the longest package URL that is read.
const maxPURL = 4096

// ParsePURL reads a package URL. Case and needless slashes are mended as the specification says.
func ParsePURL(s string) (PURL, error) {
	var p PURL
	if len(s) > maxPURL {
		return p, fmt.Errorf("package URL %.60s… is longer than %d bytes", s, maxPURL)
	}
	bad := func(why string) (PURL, error) { return PURL{}, fmt.Errorf("package URL %.200q %s", s, why) }
	rest := s
	rest, _, _ = strings.Cut(rest, "#") // a path inside the package
	rest, qualifiers, _ := strings.Cut(rest, "?")
	if len(rest) < 4 || !strings.EqualFold(rest[:4], "pkg:") {
		return bad("does not begin with pkg:")
	}
	rest = strings.Trim(rest[4:], "/")
	kind, rest, ok := strings.Cut(rest, "/")
	if !ok || kind == "" {
		return bad("has no type and name")
	}
	p.Type = strings.ToLower(kind)
	// The version follows the last @ of the last part; npm's scopes may begin with an @ that was not encoded.
	if at := strings.LastIndexByte(rest, '@'); at > strings.LastIndexByte(rest, '/')+1 {
		version, err := url.PathUnescape(rest[at+1:])
		if err != nil {
			return bad("has a version with a broken escape")
		}
		p.Version, rest = strings.TrimSpace(version), rest[:at]
	}
	var parts []string
	for _, part := range strings.Split(rest, "/") {
		if part == "" {
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return bad("has a name with a broken escape")
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 || strings.TrimSpace(parts[len(parts)-1]) == "" {
		return bad("has no name")
	}
	p.Name, p.Namespace = parts[len(parts)-1], strings.Join(parts[:len(parts)-1], "/")
	for _, q := range strings.Split(qualifiers, "&") {
		name, value, _ := strings.Cut(q, "=")
		if name == "" || value == "" {
			continue
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return bad("has a qualifier with a broken escape")
		}
		if p.Qualifiers == nil {
			p.Qualifiers = map[string]string{}
		}
		p.Qualifiers[strings.ToLower(name)] = text
	}
	return p, nil
}

// languages gives OSV's names of the types whose packages have no release.
var languages = map[string]string{"npm": "npm", "pypi": "PyPI", "golang": "Go", "cargo": "crates.io", "gem": "RubyGems", "nuget": "NuGet",
	"composer": "Packagist", "maven": "Maven", "hex": "Hex", "pub": "Pub", "cran": "CRAN", "hackage": "Hackage", "conan": "ConanCenter",
	"swift": "SwiftURL", "bitnami": "Bitnami", "julia": "Julia"}

// Package gives the package under the name by which advisories speak of it. OS is the distribution with its release
// (debian-12) that counts where the package URL names none. It is false for a type of which nobody keeps advisories;
// without an ecosystem it is that of a distribution whose release is not told.
func (u PURL) Package(os string) (vuln.Package, bool) {
	switch u.Type {
	case "deb", "rpm", "apk":
		return u.distribution(os)
	}
	ecosystem, ok := languages[u.Type]
	if !ok {
		return vuln.Package{}, false
	}
	p := vuln.Package{Ecosystem: ecosystem, Name: u.Name, Version: u.Version}
	switch {
	case u.Namespace == "":
	case u.Type == "maven":
		p.Name = u.Namespace + ":" + u.Name
	default:
		p.Name = u.Namespace + "/" + u.Name
	}
	switch u.Type {
	case "npm":
		p.Name = strings.ToLower(p.Name)
		if u.Namespace != "" && !strings.HasPrefix(p.Name, "@") {
			p.Name = "@" + p.Name
		}
	case "pypi":
		p.Name = vuln.Name(ecosystem, p.Name)
	case "golang":
		p.Version = strings.TrimPrefix(strings.TrimPrefix(p.Version, "v"), "go")
	}
	return p, true
}

// distribution gives the source package for Debian and Alpine and their kin, and the binary one for those with rpm: so
// their advisories speak of them.
func (u PURL) distribution(os string) (vuln.Package, bool) {
	p := vuln.Package{Name: u.Name, Version: u.Version}
	ecosystem, known := u.release(os)
	if !known {
		return p, false
	}
	p.Ecosystem = ecosystem
	upstream, version, _ := strings.Cut(u.Qualifiers["upstream"], "@")
	if i := strings.Index(upstream, " ("); i > 0 { // as dpkg writes it: openssl (3.0.11-1)
		upstream, version = upstream[:i], strings.TrimSuffix(upstream[i+2:], ")")
	}
	switch {
	case u.Qualifiers["arch"] == "source" || u.Qualifiers["arch"] == "src":
		p.Name = u.Name
	case u.Type == "deb":
		p.Name, p.Version = vuln.DebianSource(u.Name, u.Version, upstream, version)
		p.Installed = []string{u.Name}
	case u.Type == "apk":
		p.Installed = []string{u.Name}
		if upstream != "" {
			p.Name = upstream
		}
	case u.Type == "rpm":
		if e := u.Qualifiers["epoch"]; e != "" && !strings.Contains(p.Version, ":") {
			p.Version = e + ":" + p.Version
		}
	}
	return p, true
}

// release gives the ecosystem with the release; empty when the release is not told, false for a distribution of which
// nobody keeps advisories.
func (u PURL) release(os string) (string, bool) {
	id, version := distro(u.Qualifiers["distro"])
	if id == "" {
		id = alias(u.Namespace)
	}
	if version == "" {
		if name, v := distro(os); id == "" || name == id {
			id, version = name, v
		}
	}
	ecosystem, known := vuln.OfRelease(id, version)
	switch {
	case !known && id == "":
		return "", true
	case !known:
		return "", false
	case version == "" && id != "wolfi" && id != "chainguard":
		return "", true
	}
	return ecosystem, true
}

// distro reads the qualifier of that name: debian-12.11, as its namespace says: 12.11, or by code name: bookworm.
func distro(s string) (id, version string) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return "", ""
	}
	if c, ok := codenames[s]; ok {
		return c[0], c[1]
	}
	if s[0] >= '0' && s[0] <= '9' {
		return "", s
	}
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return alias(s), ""
	}
	id, version = alias(s[:i]), s[i+1:]
	if c, ok := codenames[version]; ok && c[0] == id {
		version = c[1]
	}
	return id, version
}

// alias gives the ID of os-release for the names by which tools call a distribution.
func alias(s string) string {
	switch s = strings.ToLower(s); s {
	case "redhat", "red-hat", "rhel":
		return "rhel"
	case "alma":
		return "almalinux"
	case "rocky-linux", "rockylinux":
		return "rocky"
	case "openeuler":
		return "openEuler"
	case "azure-linux", "mariner", "cbl-mariner":
		return "azurelinux"
	}
	return s
}

// codenames of releases. Source: distro-info-data.
var codenames = map[string][2]string{
	"stretch": {"debian", "9"}, "buster": {"debian", "10"}, "bullseye": {"debian", "11"}, "bookworm": {"debian", "12"}, "trixie": {"debian", "13"}, "forky": {"debian", "14"},
	"xenial": {"ubuntu", "16.04"}, "bionic": {"ubuntu", "18.04"}, "focal": {"ubuntu", "20.04"}, "jammy": {"ubuntu", "22.04"}, "noble": {"ubuntu", "24.04"}, "resolute": {"ubuntu", "26.04"},
}
