// Package version orders the versions of each packaging ecosystem, so that an installed version can be
// placed in the ranges of an advisory. It compares two strings and nothing else: which ranges there are,
// which package they belong to and what a hit means is the matcher's. It does no I/O and keeps nothing.
//
// Every order is total and transitive on all strings, nonsense included: what is no version of its
// ecosystem still has one place. Mostly it is below the versions, so that it counts as older than the fix
// and is reported rather than missed; but dpkg's order places words after numbers. Valid tells such strings
// apart, and the caller decides and marks them.
//
// Orders follow the tool that installs: dpkg, rpm, apk, npm, pip, Maven, gem, Composer, NuGet, dart, R.
// Where that tool is not transitive itself (Maven before 4), the difference stands in the order's comment.
package version

import "strings"

// Beginning is the version before all others in a range's "introduced", whatever the ecosystem. Only From
// knows it: for Compare it is the version 0, which "0~rc1" precedes.
// Source: https://ossf.github.io/osv-schema/#affectedrangesevents-fields
const Beginning = "0"

// Order is how the versions of one ecosystem follow each other. The zero Order compares bytes and takes
// no string for a version.
type Order uint8

const (
	dpkg Order = iota + 1
	rpm
	apk
	semver
	golang
	pub
	nuget
	pep440
	maven
	rubygems
	packagist
	cran
	orders
)

// Name is a short stable word for the order: dpkg, rpm, apk, semver, go, pub, nuget, pep440, maven,
// rubygems, packagist, cran; "" for the zero Order.
func (o Order) Name() string {
	switch o {
	case dpkg:
		return "dpkg"
	case rpm:
		return "rpm"
	case apk:
		return "apk"
	case semver:
		return "semver"
	case golang:
		return "go"
	case pub:
		return "pub"
	case nuget:
		return "nuget"
	case pep440:
		return "pep440"
	case maven:
		return "maven"
	case rubygems:
		return "rubygems"
	case packagist:
		return "packagist"
	case cran:
		return "cran"
	}
	return ""
}

// Compare gives -1 when a is older than b, 1 when it is newer, and 0 when the ecosystem takes both for the
// same version ("1.0" and "1.0.0" in most). It allocates nothing.
func (o Order) Compare(a, b string) int {
	if a == b {
		return 0
	}
	return o.compare(a, b)
}

func (o Order) compare(a, b string) int {
	switch o {
	case dpkg:
		return compareDpkg(a, b)
	case rpm:
		return compareRPM(a, b)
	case apk:
		return compareAPK(a, b)
	case semver, golang, pub, nuget:
		return compareSemver(o, a, b)
	case pep440:
		return comparePEP440(a, b)
	case maven:
		return compareMaven(a, b)
	case rubygems:
		return compareRubyGems(a, b)
	case packagist:
		return comparePackagist(a, b)
	case cran:
		return compareCRAN(a, b)
	}
	return strings.Compare(a, b)
}

// Valid reports whether v is a version of the ecosystem, in any spelling that its tools take.
func (o Order) Valid(v string) bool {
	switch o {
	case dpkg:
		return validDpkg(v)
	case rpm:
		return validRPM(v)
	case apk:
		return validAPK(v)
	case semver, golang, pub, nuget:
		return validSemver(o, v)
	case pep440:
		return parsePEP440(v).ok
	case maven:
		return validMaven(v)
	case rubygems:
		return validRubyGems(v)
	case packagist:
		return validPackagist(v)
	case cran:
		return validCRAN(v)
	}
	return false
}

// From reports whether v is introduced or later. Every v is from Beginning on, a pre-release of 0 too.
func (o Order) From(v, introduced string) bool {
	return introduced == Beginning || o.Compare(v, introduced) >= 0
}
