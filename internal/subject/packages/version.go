package packages

import "strings"

// Compare orders two Debian versions as deb-version(7) does: epoch, upstream version, revision.
// It is total: whatever the strings are, it gives -1, 0 or 1, antisymmetric and transitive.
// "1.0" and "1.00" are equal, as dpkg has it.
func Compare(a, b string) int {
	ea, ua, ra := splitVersion(a)
	eb, ub, rb := splitVersion(b)
	if c := part(ea, eb); c != 0 {
		return c
	}
	if c := part(ua, ub); c != 0 {
		return c
	}
	return part(ra, rb)
}

// splitVersion cuts at the first colon and at the last hyphen. A missing epoch or revision is "",
// which part orders like "0".
func splitVersion(v string) (epoch, upstream, revision string) {
	if e, rest, ok := strings.Cut(v, ":"); ok {
		epoch, v = e, rest
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// part is dpkg's verrevcmp: runs of other characters and runs of digits by turns. A tilde sorts
// before the end, the end before letters, letters before everything else.
func part(a, b string) int {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a[i]) || j < len(b) && !digit(b[j]) {
			if x, y := weight(a, i), weight(b, j); x != y {
				return sign(x - y)
			}
			i, j = min(i+1, len(a)), min(j+1, len(b))
		}
		for i < len(a) && a[i] == '0' {
			i++
		}
		for j < len(b) && b[j] == '0' {
			j++
		}
		first := 0
		for i < len(a) && j < len(b) && digit(a[i]) && digit(b[j]) {
			if first == 0 {
				first = int(a[i]) - int(b[j])
			}
			i, j = i+1, j+1
		}
		switch {
		case i < len(a) && digit(a[i]):
			return 1
		case j < len(b) && digit(b[j]):
			return -1
		case first != 0:
			return sign(first)
		}
	}
	return 0
}

func weight(s string, i int) int {
	switch {
	case i >= len(s) || digit(s[i]):
		return 0
	case s[i] == '~':
		return -1
	case 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z':
		return int(s[i])
	}
	return int(s[i]) + 256
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
