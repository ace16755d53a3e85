package version

import "strings"

// compareAPK orders as apk-tools 3 does: number{.number}{letter}{_suffix{number}}{~hash}{-rN}. Where two
// versions part, the one with the earlier kind of piece is newer, but _alpha, _beta, _pre and _rc come
// before everything. What does not fit the pattern counts as older than its valid beginning.
// Source: apk-package(5), https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd
func compareAPK(a, b string) int {
	x, y := apkReader{rest: a}, apkReader{rest: b}
	for {
		x.next()
		y.next()
		if x.kind != y.kind {
			return sign(x.kind - y.kind)
		}
		c := 0
		switch x.kind {
		case apkEnd:
			return 0
		case apkInvalid:
			// apk takes these for equal. The rest decides here, so that 1.0p1 stands before 1.0p2.
			return compareRuns(x.rest, y.rest)
		case apkNumber:
			c = compareAPKNumbers(x.text, y.text)
		case apkFirst, apkSuffixNumber, apkRevision:
			c = compareNumbers(x.text, y.text)
		case apkLetter, apkHash:
			c = strings.Compare(x.text, y.text)
		case apkBefore, apkAfter:
			c = sign(x.suffix - y.suffix)
		}
		if c != 0 {
			return c
		}
	}
}

// compareAPKNumbers compares the numbers after the first one. One that starts with 0 is compared as text,
// as a decimal place: 1.02 is older than 1.1.
func compareAPKNumbers(a, b string) int {
	if a[0] == '0' || b[0] == '0' {
		return strings.Compare(a, b)
	}
	return compareNumbers(a, b)
}

// The pieces in rising order of what follows the same beginning.
const (
	apkStart  = iota
	apkBefore // _alpha, _beta, _pre, _rc
	apkInvalid
	apkEnd
	apkRevision
	apkHash
	apkSuffixNumber
	apkAfter // _cvs, _svn, _git, _hg, _p
	apkLetter
	apkNumber
	apkFirst
)

// apkReader gives the pieces of a version one by one. kind is the piece just read; after apkInvalid and
// apkEnd there are no more.
type apkReader struct {
	kind   int
	text   string
	suffix int
	rest   string
}

func (r *apkReader) next() {
	if r.kind == apkStart {
		r.number(apkFirst)
		return
	}
	if r.rest == "" {
		r.kind = apkEnd
		return
	}
	last, c := r.kind, r.rest[0]
	suffix := last == apkBefore || last == apkAfter
	switch {
	case letter(c) && c >= 'a' && last >= apkNumber:
		r.kind, r.text, r.rest = apkLetter, r.rest[:1], r.rest[1:]
	case c == '.' && last >= apkNumber:
		r.rest = r.rest[1:]
		r.number(apkNumber)
	case digit(c) && suffix:
		r.number(apkSuffixNumber)
	case c == '_' && (suffix || last >= apkSuffixNumber):
		r.suffixed()
	case c == '~' && (suffix || last >= apkSuffixNumber):
		n := 1
		for n < len(r.rest) && strings.IndexByte("0123456789abcdef", r.rest[n]) >= 0 {
			n++
		}
		if n == 1 {
			r.kind = apkInvalid
			return
		}
		r.kind, r.text, r.rest = apkHash, r.rest[1:n], r.rest[n:]
	case strings.HasPrefix(r.rest, "-r") && last != apkRevision:
		r.rest = r.rest[2:]
		r.number(apkRevision)
	default:
		r.kind = apkInvalid
	}
}

func (r *apkReader) number(kind int) {
	n := digits(r.rest)
	if n == 0 {
		r.kind = apkInvalid
		return
	}
	r.kind, r.text, r.rest = kind, r.rest[:n], r.rest[n:]
}

func (r *apkReader) suffixed() {
	n := 1
	for n < len(r.rest) && 'a' <= r.rest[n] && r.rest[n] <= 'z' {
		n++
	}
	kind, suffix := apkAfter, 0
	switch r.rest[1:n] {
	case "alpha":
		kind = apkBefore
	case "beta":
		kind, suffix = apkBefore, 1
	case "pre":
		kind, suffix = apkBefore, 2
	case "rc":
		kind, suffix = apkBefore, 3
	case "cvs":
	case "svn":
		suffix = 1
	case "git":
		suffix = 2
	case "hg":
		suffix = 3
	case "p":
		suffix = 4
	default:
		r.kind = apkInvalid
		return
	}
	r.kind, r.suffix, r.rest = kind, suffix, r.rest[n:]
}

func validAPK(v string) bool {
	r := apkReader{rest: v}
	for r.next(); r.kind != apkEnd; r.next() {
		if r.kind == apkInvalid {
			return false
		}
	}
	return true
}
