package version

import "strings"

// compareRubyGems orders as Gem::Version does: runs of digits and of letters, whatever separates them,
// words before numbers, so that a word makes a pre-release; a hyphen stands for ".pre.". What is missing
// is 0, and zeros before the first word do not count: 1.0.0.rc1 equals 1.rc1.
// Source: https://docs.ruby-lang.org/en/master/Gem/Version.html
func compareRubyGems(a, b string) int {
	x, y := gemReader{rest: a}, gemReader{rest: b}
	for !x.ended || !y.ended {
		p, wordP := x.next()
		q, wordQ := y.next()
		c := 0
		switch {
		case wordP && wordQ:
			c = strings.Compare(p, q)
		case wordP:
			return -1
		case wordQ:
			return 1
		default:
			c = compareNumbers(p, q)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// gemReader gives the segments of a version one by one, and the number "" for ever after the last.
type gemReader struct {
	rest  string
	ended bool
	words bool // a word was read: zeros count from here on
	kept  int  // so many bytes of rest were looked at already, and all their segments count
}

func (r *gemReader) next() (text string, word bool) {
	text, word, rest := gemSegment(r.rest)
	if text != "" && !word && !r.words && r.kept == 0 && zero(text) {
		r.skip()
		text, word, rest = gemSegment(r.rest)
	}
	r.kept = max(r.kept-(len(r.rest)-len(rest)), 0)
	r.rest, r.words, r.ended = rest, r.words || word, text == ""
	return text, word
}

// skip drops the zeros that rest starts with, unless another number follows before the first word. It
// remembers how far it looked, so that a version of zeros only takes linear time.
func (r *gemReader) skip() {
	at := r.rest
	for {
		text, word, rest := gemSegment(at)
		switch {
		case text == "" || word:
			r.rest = at
			return
		case !zero(text):
			r.kept = len(r.rest) - len(at)
			return
		}
		at = rest
	}
}

func gemSegment(s string) (text string, word bool, rest string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '-':
			return "pre", true, s[i+1:]
		case digit(c):
			n := i + digits(s[i:])
			return s[i:n], false, s[n:]
		case letter(c):
			n := i + letters(s[i:])
			return s[i:n], true, s[n:]
		}
	}
	return "", false, ""
}

// validRubyGems is Gem::Version's pattern, without the empty version.
func validRubyGems(v string) bool {
	v = strings.TrimSpace(v)
	n := digits(v)
	if n == 0 {
		return false
	}
	gap, dashed := false, false
	for _, c := range []byte(v[n:]) {
		switch {
		case digit(c) || letter(c) || c == '-' && dashed:
			gap = false
		case (c == '.' || c == '-') && !gap:
			gap, dashed = true, dashed || c == '-'
		default:
			return false
		}
	}
	return !gap
}
