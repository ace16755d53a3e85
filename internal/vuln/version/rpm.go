package version

import "strings"

// compareRPM orders epoch, version and release as rpm does. A missing epoch is 0; a missing release comes
// before every other, so that "1.0" as an advisory's bound stands before each build of 1.0.
// Source: rpm's rpmverCmp and rpmvercmp, https://rpm-software-management.github.io/rpm/man/rpm-version.7
func compareRPM(a, b string) int {
	ea, va, ra, builtA := splitRPM(a)
	eb, vb, rb, builtB := splitRPM(b)
	if c := compareNumbers(ea, eb); c != 0 {
		return c
	}
	if c := compareSegments(va, vb); c != 0 {
		return c
	}
	if c := before(builtA, builtB); c != 0 {
		return c
	}
	return compareSegments(ra, rb)
}

// splitRPM takes digits before a colon as the epoch and what follows the last hyphen as the release.
func splitRPM(v string) (epoch, version, release string, built bool) {
	if n := digits(v); n < len(v) && v[n] == ':' {
		epoch, v = v[:n], v[n+1:]
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:], true
	}
	return epoch, v, "", false
}

// What stands next in a version, in rising order: a tilde comes before the end, a caret right after it, a
// word before a number.
const (
	rpmTilde = iota
	rpmEnd
	rpmCaret
	rpmWord
	rpmNumber
)

// compareSegments is rpm's rpmvercmp. Everything but ASCII letters, digits, tilde and caret only separates:
// "1.0", "1_0" and "1.0." are equal.
func compareSegments(a, b string) int {
	for {
		kind, x, restA := segment(a)
		other, y, restB := segment(b)
		if kind != other {
			return sign(kind - other)
		}
		switch kind {
		case rpmEnd:
			return 0
		case rpmWord:
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
		case rpmNumber:
			if c := compareNumbers(x, y); c != 0 {
				return c
			}
		}
		a, b = restA, restB
	}
}

func segment(s string) (kind int, text, rest string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '~':
			return rpmTilde, "", s[i+1:]
		case c == '^':
			return rpmCaret, "", s[i+1:]
		case digit(c):
			n := i + digits(s[i:])
			return rpmNumber, s[i:n], s[n:]
		case letter(c):
			n := i + letters(s[i:])
			return rpmWord, s[i:n], s[n:]
		}
	}
	return rpmEnd, "", ""
}

func validRPM(v string) bool {
	_, version, release, built := splitRPM(v)
	if version == "" || built && release == "" {
		return false
	}
	for i := 0; i < len(version); i++ {
		if !rpmCharacter(version[i]) {
			return false
		}
	}
	for i := 0; i < len(release); i++ {
		if !rpmCharacter(release[i]) {
			return false
		}
	}
	return true
}

// rpmCharacter is one that rpm allows in a version or a release.
func rpmCharacter(c byte) bool {
	return digit(c) || letter(c) || strings.IndexByte("._+~^", c) >= 0
}
