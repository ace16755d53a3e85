package vuln

import "strings"

// Ecosystem brings the name of an ecosystem into the form under which advisories are kept: releases of a distribution
// as far as its advisories tell them apart. Debian:12.11 is Debian:12, Ubuntu:22.04:LTS is Ubuntu:22.04, and
// AlmaLinux:9.4 is AlmaLinux:9.
func Ecosystem(s string) string {
	name, release, ok := strings.Cut(s, ":")
	if !ok {
		return canonical(name)
	}
	name = canonical(name)
	switch name {
	case "Debian", "AlmaLinux", "Rocky Linux", "Mageia", "Azure Linux", "Photon OS":
		release, _, _ = strings.Cut(release, ".")
	case "Ubuntu":
		release = strings.TrimSuffix(release, ":LTS")
	case "Alpine", "Alpaquita":
		if parts := strings.SplitN(strings.TrimPrefix(release, "v"), ".", 3); len(parts) > 1 {
			release = "v" + parts[0] + "." + parts[1]
		}
	case "Red Hat": // enterprise_linux:9::baseos, and CPEs of other products, which are not told apart
		if rest, ok := strings.CutPrefix(release, "enterprise_linux:"); ok {
			release, _, _ = strings.Cut(rest, ":")
			release, _, _ = strings.Cut(release, ".")
		}
	}
	if release == "" {
		return name
	}
	return name + ":" + release
}

// Base is the ecosystem without the release: Debian.
func Base(ecosystem string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return base
}

// canonical mends the case of the names that people write otherwise.
func canonical(name string) string {
	for _, n := range []string{"Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux", "Red Hat", "npm", "PyPI", "Go", "crates.io", "Maven", "RubyGems", "NuGet", "Packagist", "Hex", "Pub"} {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

// IsDistribution tells whether the ecosystem is that of packages that a distribution builds itself, with fixes of its
// own: what others say of the same software does not hold for them.
func IsDistribution(ecosystem string) bool {
	switch Base(ecosystem) {
	case "Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux", "Red Hat", "SUSE", "openSUSE", "Mageia", "Azure Linux", "Photon OS",
		"Wolfi", "Chainguard", "MinimOS", "openEuler", "Alpaquita", "Echo":
		return true
	}
	return false
}

// Name brings the name of a package into the form under which advisories are kept: PyPI as PEP 503 has it, and lower
// case where the registry makes no difference.
func Name(ecosystem, name string) string {
	switch Base(ecosystem) {
	case "PyPI":
		name = strings.ToLower(name)
		if !strings.ContainsAny(name, "_.") && !strings.Contains(name, "--") {
			return name
		}
		var b strings.Builder
		for i := 0; i < len(name); i++ {
			c := name[i]
			if c == '_' || c == '.' {
				c = '-'
			}
			if c == '-' && strings.HasSuffix(b.String(), "-") {
				continue
			}
			b.WriteByte(c)
		}
		return b.String()
	case "NuGet", "Packagist", "Hex", "Pub", "GitHub Actions":
		return strings.ToLower(name)
	}
	return name
}

// OfRelease gives the ecosystem of a distribution by ID and VERSION_ID of its os-release; false for one whose advisories
// are not known.
func OfRelease(id, version string) (string, bool) {
	name, ok := map[string]string{"debian": "Debian", "ubuntu": "Ubuntu", "alpine": "Alpine", "almalinux": "AlmaLinux", "rocky": "Rocky Linux", "rhel": "Red Hat",
		"wolfi": "Wolfi", "chainguard": "Chainguard", "mageia": "Mageia", "azurelinux": "Azure Linux", "openEuler": "openEuler", "photon": "Photon OS"}[id]
	switch {
	case !ok:
		return "", false
	case id == "wolfi" || id == "chainguard":
		return name, true // they have no releases
	case version == "":
		return name, true
	case id == "rhel":
		major, _, _ := strings.Cut(version, ".")
		return name + ":" + major, true
	}
	return Ecosystem(name + ":" + version), true
}

// DebianSource gives the source package that advisories speak of, and its version, for a binary package as dpkg
// describes it. What is signed for secure boot is built from a source of its own, whose number is not that of the
// software in it.
func DebianSource(name, version, source, sourceVersion string) (string, string) {
	if source == "" {
		source = name
	}
	if sourceVersion == "" {
		sourceVersion = version
	}
	switch {
	case strings.HasPrefix(source, "linux-signed"):
		return "linux", version // the kernel's own: 6.1.90-1 beside 6.1.90+1
	case strings.HasPrefix(source, "grub-efi-") && strings.HasSuffix(source, "-signed"):
		_, own, ok := strings.Cut(sourceVersion, "+") // 1+2.06-13+deb12u1
		if ok {
			return "grub2", own
		}
	}
	return source, sourceVersion
}
