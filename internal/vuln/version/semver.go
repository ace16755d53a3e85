package version

import "strings"

// compareSemver orders by SemVer 2.0: numbers, then pre-releases before the release, build left out. It
// also takes what registries hold: a leading v or =, one or two numbers ("1.2" is 1.2.0), a fourth one.
// Three ecosystems differ:
//
//   - Go knows the toolchain's own spelling, go1.21rc2, which is 1.21.0-rc.2; "+incompatible" is build.
//   - Pub counts the build, after the same version without one.
//   - NuGet compares pre-releases without regard to case.
//
// What starts with no number is a pre-release of 0.
// Sources: https://semver.org/#spec-item-11, https://go.dev/ref/mod#versions,
// https://pub.dev/documentation/pub_semver, https://learn.microsoft.com/nuget/concepts/package-versioning
func compareSemver(o Order, a, b string) int {
	a, b = semverLead(o, a), semverLead(o, b)
	for moreA, moreB := true, true; moreA || moreB; {
		var x, y string
		if moreA {
			x, a, moreA = dotted(a)
		}
		if moreB {
			y, b, moreB = dotted(b)
		}
		if c := compareNumbers(x, y); c != 0 {
			return c
		}
	}
	preA, buildA := semverTail(o, a)
	preB, buildB := semverTail(o, b)
	if c := comparePre(o, preA, preB); c != 0 || o != pub {
		return c
	}
	switch {
	case buildA == buildB:
		return 0
	case buildA == "":
		return -1
	case buildB == "":
		return 1
	}
	return compareIdentifiers(o, buildA, buildB)
}

// semverLead drops what stands before the first number.
func semverLead(o Order, v string) string {
	if o == golang && len(v) > 2 && v[:2] == "go" && digit(v[2]) {
		return v[2:]
	}
	i := 0
	for i < len(v) && (v[i] == 'v' || v[i] == 'V' || v[i] == '=' || v[i] == ' ') {
		i++
	}
	if i < len(v) && digit(v[i]) {
		return v[i:]
	}
	return v
}

// dotted reads a number and says whether a dot and another number follow.
func dotted(s string) (number, rest string, more bool) {
	n := digits(s)
	number, rest = s[:n], s[n:]
	if n > 0 && len(rest) > 1 && rest[0] == '.' && digit(rest[1]) {
		return number, rest[1:], true
	}
	return number, rest, false
}

// semverTail cuts what follows the numbers into pre-release and build. Only a pre-release that Go's
// toolchain glues to the number keeps no hyphen; its remark after a space ("go1.22.1 X:boringcrypto") is
// no part of the version.
func semverTail(o Order, s string) (pre, build string) {
	if i := strings.IndexByte(s, '+'); i >= 0 {
		s, build = s[:i], s[i+1:]
	}
	if o == golang {
		if i := strings.IndexByte(s, ' '); i >= 0 {
			s = s[:i]
		}
	}
	if o != golang && len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	return s, build
}

func comparePre(o Order, a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return compareIdentifiers(o, a, b)
}

// compareIdentifiers orders two lists between dots: numbers before words, a shorter list first.
func compareIdentifiers(o Order, a, b string) int {
	splitA, splitB := false, false
	if o == golang {
		a, splitA = unglue(a)
		b, splitB = unglue(b)
	}
	for {
		var x, y string
		var moreA, moreB bool
		x, a, moreA = identifier(a, splitA)
		y, b, moreB = identifier(b, splitB)
		nx, ny := x != "" && digits(x) == len(x), y != "" && digits(y) == len(y)
		c := 0
		switch {
		case nx && ny:
			c = compareNumbers(x, y)
		case nx:
			return -1
		case ny:
			return 1
		case o == nuget:
			c = compareFold(x, y)
		default:
			c = strings.Compare(x, y)
		}
		switch {
		case c != 0:
			return c
		case !moreA && !moreB:
			return 0
		case !moreA:
			return -1
		case !moreB:
			return 1
		}
	}
}

// unglue says whether a pre-release stood right behind the number (rc2), where word and number are two.
func unglue(pre string) (string, bool) {
	if pre[0] == '-' {
		return pre[1:], false
	}
	return pre, true
}

func identifier(s string, split bool) (text, rest string, more bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			return s[:i], s[i+1:], true
		}
		if split && i > 0 && digit(s[i]) && !digit(s[i-1]) {
			return s[:i], s[i:], true
		}
	}
	return s, "", false
}

// validSemver takes one to three numbers (NuGet: four), and pre-release and build as SemVer writes them.
func validSemver(o Order, v string) bool {
	v = semverLead(o, v)
	numbers := 0
	for more := true; more; numbers++ {
		var number string
		if number, v, more = dotted(v); number == "" {
			return false
		}
	}
	if numbers > 4 || numbers > 3 && o != nuget {
		return false
	}
	if o == golang {
		if i := strings.IndexByte(v, ' '); i >= 0 {
			v = v[:i]
		}
		if hasPrefixFold(v, "rc") || hasPrefixFold(v, "beta") {
			v = v[letters(v):]
			return v != "" && digits(v) == len(v)
		}
	}
	if i := strings.IndexByte(v, '+'); i >= 0 {
		if !identifiers(v[i+1:]) {
			return false
		}
		v = v[:i]
	}
	return v == "" || v[0] == '-' && identifiers(v[1:])
}

func identifiers(s string) bool {
	for more := true; more; {
		var text string
		if text, s, more = identifier(s, false); text == "" {
			return false
		}
		for i := 0; i < len(text); i++ {
			if c := text[i]; !digit(c) && !letter(c) && c != '-' {
				return false
			}
		}
	}
	return true
}
