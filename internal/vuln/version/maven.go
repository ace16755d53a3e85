package version

import "strings"

// compareMaven orders as Maven does since 3.9: numbers and words between dots, hyphens and changes from
// digit to letter. Known words come in their order, others behind them by the alphabet:
//
//	alpha < beta < milestone < rc = cr < snapshot < "" = ga = final = release < sp < other < -1 < .1
//
// Zeros and empty words do not count at the end, before a hyphen, or before a word: 1.0.rc1, 1.0-rc1 and
// 1-rc1 are equal (MNG-7644). Maven 3.8 takes 1.0.rc1 for newer than 1-rc1, which makes it go in circles:
// 1.0.alpha < 1 < 1-foo < 1.0.alpha. Lists are flat, as the specification has them; where the code nests
// them around an empty piece in the middle (1-0crm), it differs.
// Sources: https://maven.apache.org/pom.html#version-order-specification, ComparableVersion of maven-artifact.
func compareMaven(a, b string) int {
	x, y := mavenReader{rest: a}, mavenReader{rest: b}
	for {
		p, q := x.next(), y.next()
		if p.rank != q.rank {
			return sign(p.rank - q.rank)
		}
		c := 0
		switch p.rank {
		case mavenEnd:
			return 0
		case mavenOther:
			c = compareFold(p.text, q.text)
		case mavenDash, mavenDot:
			c = compareNumbers(p.text, q.text)
		}
		if c != 0 {
			return c
		}
	}
}

// What stands next in a version, in rising order.
const (
	mavenAlpha = iota
	mavenBeta
	mavenMilestone
	mavenRC
	mavenSnapshot
	mavenEnd
	mavenEmpty // ga, final or release with a number behind a dot after it
	mavenSP
	mavenOther
	mavenDash // number behind a hyphen or a letter
	mavenDot  // number behind a dot, or the first one
)

type mavenToken struct {
	rank int
	text string
}

func (t mavenToken) nothing() bool {
	return t.rank == mavenEmpty || t.rank >= mavenDash && zero(t.text)
}

// mavenReader gives the tokens that count, one by one, and mavenEnd for ever after the last.
type mavenReader struct {
	rest  string
	begun bool
	kept  int // so many bytes of rest were looked at already, and all their tokens count
}

func (r *mavenReader) next() mavenToken {
	t, rest := mavenSplit(r.rest, r.begun)
	if t.rank != mavenEnd && r.kept == 0 && t.nothing() {
		r.skip()
		t, rest = mavenSplit(r.rest, r.begun)
	}
	r.kept = max(r.kept-(len(r.rest)-len(rest)), 0)
	r.rest, r.begun = rest, true
	return t
}

// skip drops the zeros and empty words that rest starts with, unless a number behind a dot makes them
// count; then those since the last hyphen stay. It remembers how far it looked, so that a version of
// zeros only takes linear time.
func (r *mavenReader) skip() {
	at, begun := r.rest, r.begun
	from, fromBegun := at, begun
	for {
		t, rest := mavenSplit(at, begun)
		if !t.nothing() {
			if t.rank == mavenDot {
				r.rest, r.begun, r.kept = from, fromBegun, len(from)-len(at)
			} else {
				r.rest, r.begun = at, begun
			}
			return
		}
		if t.rank == mavenDash {
			from, fromBegun = at, begun
		}
		at, begun = rest, true
	}
}

// mavenSplit reads the first token of s; begun says that others stood before it.
func mavenSplit(s string, begun bool) (t mavenToken, rest string) {
	dash := begun
	if begun && s != "" && (s[0] == '.' || s[0] == '-') {
		dash = s[0] == '-'
		s = s[1:]
		if s == "" { // a separator at the end separates nothing
			return mavenToken{rank: mavenEnd}, ""
		}
	} else if s == "" {
		return mavenToken{rank: mavenEnd}, ""
	}
	if n := digits(s); n > 0 || s[0] == '.' || s[0] == '-' {
		if dash {
			return mavenToken{mavenDash, s[:n]}, s[n:]
		}
		return mavenToken{mavenDot, s[:n]}, s[n:]
	}
	n := 0
	for n < len(s) && !digit(s[n]) && s[n] != '.' && s[n] != '-' {
		n++
	}
	return mavenToken{mavenWord(s[:n], n < len(s) && digit(s[n])), s[:n]}, s[n:]
}

// mavenWord ranks a word; a, b and m are short for alpha, beta and milestone only right before a digit.
func mavenWord(w string, digitFollows bool) int {
	switch {
	case equalFold(w, "alpha") || digitFollows && equalFold(w, "a"):
		return mavenAlpha
	case equalFold(w, "beta") || digitFollows && equalFold(w, "b"):
		return mavenBeta
	case equalFold(w, "milestone") || digitFollows && equalFold(w, "m"):
		return mavenMilestone
	case equalFold(w, "rc") || equalFold(w, "cr"):
		return mavenRC
	case equalFold(w, "snapshot"):
		return mavenSnapshot
	case equalFold(w, "ga") || equalFold(w, "final") || equalFold(w, "release"):
		return mavenEmpty
	case equalFold(w, "sp"):
		return mavenSP
	}
	return mavenOther
}

// validMaven takes any word that a pom can name: Maven has no other rule. Ranges and properties that were
// not filled in ("${revision}") are no versions.
func validMaven(v string) bool {
	if v == "" || !digit(v[0]) && !letter(v[0]) {
		return false
	}
	for i := 0; i < len(v); i++ {
		if c := v[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`${}[](),\/:"<>|?*`, c) >= 0 {
			return false
		}
	}
	return true
}
