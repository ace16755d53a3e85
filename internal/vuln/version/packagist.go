package version

import "strings"

// comparePackagist orders as Composer does: its normalisation to four numbers and a stability, then PHP's
// version_compare.
//
//	dev < alpha < beta < RC < the end < a number < patch
//
// A numbered branch (2.x-dev) is above all releases of its line. Other branches (dev-main) have no place
// in Composer; here they come before every version.
// Sources: https://getcomposer.org/doc/articles/versions.md, https://www.php.net/version_compare
func comparePackagist(a, b string) int {
	x, y := newComposerReader(a), newComposerReader(b)
	for {
		p, rankP := x.next()
		q, rankQ := y.next()
		if rankP != rankQ {
			return sign(rankP - rankQ)
		}
		c := 0
		switch rankP {
		case composerEnd:
			return 0
		case composerUnknown:
			c = compareFold(p, q)
		case composerNumber:
			c = compareNumbers(p, q)
		}
		if c != 0 {
			return c
		}
	}
}

const (
	composerUnknown = iota
	composerDev
	composerAlpha
	composerBeta
	composerRC
	composerEnd
	composerNumber
	composerPatch
)

// composerBranch is the number that Composer puts for the x of a branch.
const composerBranch = "9999999"

// composerReader gives numbers and words one by one, and composerEnd for ever after the last.
type composerReader struct {
	rest    string
	core    bool   // the numbers at the beginning are not all read
	numbers int    // so many of them are
	fill    string // what stands for those that are missing, up to four
}

func newComposerReader(v string) composerReader {
	v = strings.TrimSpace(v)
	if len(v) > 1 && (v[0] == 'v' || v[0] == 'V') && digit(v[1]) {
		v = v[1:]
	}
	if i := strings.IndexAny(v, "+@ "); i >= 0 {
		v = v[:i]
	}
	return composerReader{rest: v, core: v != "" && digit(v[0]), fill: "0"}
}

func (r *composerReader) next() (text string, rank int) {
	if r.core {
		if text := r.number(); text != "" {
			return text, composerNumber
		}
	}
	for r.rest != "" {
		if strings.IndexByte("-_.:", r.rest[0]) >= 0 {
			r.rest = r.rest[1:]
			continue
		}
		n := digits(r.rest)
		if n > 0 {
			text, r.rest = r.rest[:n], r.rest[n:]
			return text, composerNumber
		}
		for n < len(r.rest) && !digit(r.rest[n]) && strings.IndexByte("-_.:", r.rest[n]) < 0 {
			n++
		}
		if n > 3 && equalFold(r.rest[n-3:n], "dev") && composerWord(r.rest[:n-3]) != composerUnknown {
			n -= 3 // alphadev is alpha-dev
		}
		text, r.rest = r.rest[:n], r.rest[n:]
		if equalFold(text, "stable") { // Composer looks at nothing behind it
			r.rest = ""
			break
		}
		return text, composerWord(text)
	}
	return "", composerEnd
}

// number gives the next of the numbers at the beginning, then the filling; "" when there are four or more.
func (r *composerReader) number() string {
	s := r.rest
	for r.numbers > 0 && len(s) > 1 && s[0] == '.' && (lower(s[1]) == 'x' || s[1] == '*') && (len(s) == 2 || strings.IndexByte(".-", s[2]) >= 0) {
		s = s[2:]
		r.fill, r.rest = composerBranch, s
	}
	if r.numbers > 0 && len(s) > 1 && strings.IndexByte(".-:", s[0]) >= 0 {
		s = s[1:]
	}
	if n := digits(s); n > 0 && r.fill == "0" && (r.numbers == 0 || len(s) < len(r.rest)) {
		r.numbers++
		r.rest = s[n:]
		return s[:n]
	}
	if r.numbers < 4 {
		r.numbers++
		return r.fill
	}
	r.core = false
	return ""
}

func composerWord(w string) int {
	for _, known := range [...]struct {
		word string
		rank int
	}{
		{"dev", composerDev},
		{"alpha", composerAlpha}, {"a", composerAlpha},
		{"beta", composerBeta}, {"b", composerBeta},
		{"rc", composerRC}, {"stable", composerEnd},
		{"patch", composerPatch}, {"pl", composerPatch}, {"p", composerPatch},
	} {
		if equalFold(w, known.word) {
			return known.rank
		}
	}
	return composerUnknown
}

// validPackagist takes what Composer takes as a version with numbers.
func validPackagist(v string) bool {
	r := newComposerReader(v)
	if !r.core {
		return false
	}
	words, dev := 0, false
	for {
		_, rank := r.next()
		switch {
		case rank == composerEnd:
			return true
		case rank == composerUnknown || dev:
			return false
		case rank == composerDev:
			dev = true
		case rank == composerNumber && !r.core && words == 0:
			return false
		case rank != composerNumber:
			if words++; words > 1 {
				return false
			}
		}
	}
}
