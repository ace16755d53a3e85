package version

import "strings"

// compareCRAN orders R's package versions, and Hackage's: numbers between dots or hyphens, a shorter list
// before a longer one that begins the same, so 1.0 is older than 1.0.0. What is no number comes before
// the end.
// Source: R's ?package_version, Haskell's Data.Version.
func compareCRAN(a, b string) int {
	for {
		kind, x, restA := cranPart(a)
		other, y, restB := cranPart(b)
		if kind != other {
			return sign(kind - other)
		}
		c := 0
		switch kind {
		case cranText:
			c = strings.Compare(x, y)
		case cranNumber:
			c = compareNumbers(x, y)
		case cranEnd:
			return 0
		}
		if c != 0 {
			return c
		}
		a, b = restA, restB
	}
}

const (
	cranText = iota
	cranEnd
	cranNumber
)

func cranPart(s string) (kind int, text, rest string) {
	for len(s) > 0 && (s[0] == '.' || s[0] == '-') {
		s = s[1:]
	}
	if s == "" {
		return cranEnd, "", ""
	}
	if n := digits(s); n > 0 {
		return cranNumber, s[:n], s[n:]
	}
	n := 0
	for n < len(s) && !digit(s[n]) && s[n] != '.' && s[n] != '-' {
		n++
	}
	return cranText, s[:n], s[n:]
}

func validCRAN(v string) bool {
	for {
		n := digits(v)
		if n == 0 {
			return false
		}
		if v = v[n:]; v == "" {
			return true
		}
		if v[0] != '.' && v[0] != '-' {
			return false
		}
		v = v[1:]
	}
}
