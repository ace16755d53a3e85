package version

import "strings"

// compareDpkg orders as dpkg does: epoch, upstream version, Debian revision, where a missing epoch or
// revision is 0. "1.0", "1.00" and "0:1.0-0" are equal.
// Source: Debian Policy 5.6.12, deb-version(7).
func compareDpkg(a, b string) int {
	ea, ua, ra := splitDpkg(a)
	eb, ub, rb := splitDpkg(b)
	if c := compareRuns(ea, eb); c != 0 {
		return c
	}
	if c := compareRuns(ua, ub); c != 0 {
		return c
	}
	return compareRuns(ra, rb)
}

// splitDpkg cuts at the first colon and at the last hyphen.
func splitDpkg(v string) (epoch, upstream, revision string) {
	if i := strings.IndexByte(v, ':'); i >= 0 {
		epoch, v = v[:i], v[i+1:]
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// compareRuns takes runs of other characters and runs of digits by turns. A tilde sorts before the end,
// the end before letters, letters before everything else.
func compareRuns(a, b string) int {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a[i]) || j < len(b) && !digit(b[j]) {
			if x, y := weight(a, i), weight(b, j); x != y {
				return sign(x - y)
			}
			// Equal weights here are the same character: an end or a digit weighs nothing, and one
			// of the two is neither.
			i, j = i+1, j+1
		}
		x, y := digits(a[i:]), digits(b[j:])
		if c := compareNumbers(a[i:i+x], b[j:j+y]); c != 0 {
			return c
		}
		i, j = i+x, j+y
	}
	return 0
}

func weight(s string, i int) int {
	switch {
	case i >= len(s) || digit(s[i]):
		return 0
	case s[i] == '~':
		return -1
	case letter(s[i]):
		return int(s[i])
	}
	return int(s[i]) + 256
}

// validDpkg takes what dpkg takes without a warning. The epoch is bounded as dpkg's int is.
func validDpkg(v string) bool {
	epoch, upstream, revision := splitDpkg(v)
	colon, hyphen := strings.Contains(v, ":"), len(v) > 0 && strings.LastIndexByte(v, '-') > strings.IndexByte(v, ':')
	if colon && (epoch == "" || len(epoch) > 9 || digits(epoch) != len(epoch)) {
		return false
	}
	if upstream == "" || !digit(upstream[0]) || hyphen && revision == "" {
		return false
	}
	for i := 0; i < len(upstream); i++ {
		if c := upstream[i]; !digit(c) && !letter(c) && !strings.ContainsRune(".+-~:", rune(c)) {
			return false
		}
	}
	for i := 0; i < len(revision); i++ {
		if c := revision[i]; !digit(c) && !letter(c) && !strings.ContainsRune(".+~", rune(c)) {
			return false
		}
	}
	return true
}
