package version

import (
	"cmp"
	"strings"
)

// comparePEP440 orders Python's versions, in any spelling that PEP 440 normalises: 1.0-ALPHA_2 is 1.0a2.
// What is no such version ("2.0-custom") comes before all that are, as pip had it while it took them.
// Source: https://peps.python.org/pep-0440/ and the sort key of the packaging library.
func comparePEP440(a, b string) int {
	x, y := parsePEP440(a), parsePEP440(b)
	switch {
	case !x.ok && !y.ok:
		return compareRuns(a, b)
	case !x.ok:
		return -1
	case !y.ok:
		return 1
	}
	if c := compareNumbers(x.epoch, y.epoch); c != 0 {
		return c
	}
	if c := compareDotted(x.release, y.release); c != 0 {
		return c
	}
	if c := cmp.Or(cmp.Compare(x.phase(), y.phase()), compareNumbers(x.preNumber, y.preNumber)); c != 0 {
		return c
	}
	if c := cmp.Or(before(x.post, y.post), compareNumbers(x.postNumber, y.postNumber)); c != 0 {
		return c
	}
	if c := cmp.Or(before(y.dev, x.dev), compareNumbers(x.devNumber, y.devNumber)); c != 0 {
		return c
	}
	if c := before(x.local != "", y.local != ""); c != 0 {
		return c
	}
	return compareLocal(x.local, y.local)
}

// pep440Version is a version cut to pieces of its text. A missing number is "", which counts as 0.
type pep440Version struct {
	ok                bool
	epoch, release    string
	pre               int // 0 none, 1 alpha, 2 beta, 3 release candidate
	preNumber         string
	post, dev         bool
	postNumber, local string
	devNumber         string
}

// phase places the pre-release: 1.0.dev1 comes before 1.0a1, and 1.0 after 1.0rc1.
func (v pep440Version) phase() int {
	switch {
	case v.pre > 0:
		return v.pre
	case v.dev && !v.post:
		return 0
	}
	return 4
}

// parsePEP440 follows the expression in PEP 440's appendix B. Each separator there is optional and what
// follows it too, so taking it when it is there never loses a match.
func parsePEP440(s string) (v pep440Version) {
	s = strings.Trim(s, " \t\n\r\f\v")
	if s != "" && lower(s[0]) == 'v' {
		s = s[1:]
	}
	if n := digits(s); n > 0 && n < len(s) && s[n] == '!' {
		v.epoch, s = s[:n], s[n+1:]
	}
	n := digits(s)
	if n == 0 {
		return v
	}
	for n+1 < len(s) && s[n] == '.' && digit(s[n+1]) {
		n += 1 + digits(s[n+1:])
	}
	v.release, s = s[:n], s[n:]
	if word, rest := pepWord(s, "alpha", "beta", "preview", "pre", "rc", "a", "b", "c"); word != "" {
		switch word[0] {
		case 'a':
			v.pre = 1
		case 'b':
			v.pre = 2
		default:
			v.pre = 3
		}
		v.preNumber, s = pepNumber(rest)
	}
	if n := len(s); n > 1 && s[0] == '-' && digit(s[1]) {
		v.post = true
		v.postNumber, s = pepNumber(s[1:])
	} else if word, rest := pepWord(s, "post", "rev", "r"); word != "" {
		v.post = true
		v.postNumber, s = pepNumber(rest)
	}
	if word, rest := pepWord(s, "dev"); word != "" {
		v.dev = true
		v.devNumber, s = pepNumber(rest)
	}
	if len(s) > 1 && s[0] == '+' && validLocal(s[1:]) {
		v.local, s = s[1:], ""
	}
	v.ok = s == ""
	return v
}

// pepWord takes one of the words, longest first, behind an optional separator.
func pepWord(s string, words ...string) (word, rest string) {
	if s != "" && pepSeparator(s[0]) {
		s = s[1:]
	}
	for _, w := range words {
		if hasPrefixFold(s, w) {
			return w, s[len(w):]
		}
	}
	return "", ""
}

func pepNumber(s string) (number, rest string) {
	if s != "" && pepSeparator(s[0]) {
		s = s[1:]
	}
	n := digits(s)
	return s[:n], s[n:]
}

func pepSeparator(c byte) bool { return c == '-' || c == '_' || c == '.' }

func validLocal(s string) bool {
	gap := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case digit(c) || letter(c):
			gap = false
		case pepSeparator(c) && !gap:
			gap = true
		default:
			return false
		}
	}
	return !gap
}

// compareLocal orders the parts after the plus: numbers after words, a longer list after its beginning.
func compareLocal(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = localPart(a)
		y, b = localPart(b)
		nx, ny := digits(x) == len(x), digits(y) == len(y)
		c := 0
		switch {
		case nx && ny:
			c = compareNumbers(x, y)
		case nx || ny:
			return before(nx, ny)
		default:
			c = compareFold(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return before(a != "", b != "")
}

func localPart(s string) (part, rest string) {
	for i := 0; i < len(s); i++ {
		if pepSeparator(s[i]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// compareDotted orders numbers between dots, where missing ones are 0.
func compareDotted(a, b string) int {
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
	return 0
}
