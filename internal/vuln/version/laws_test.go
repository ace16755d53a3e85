package version

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// laws holds what every order promises for any three strings.
func laws(t *testing.T, o Order, a, b, c string) {
	t.Helper()
	ab, ba, bc, ac := o.Compare(a, b), o.Compare(b, a), o.Compare(b, c), o.Compare(a, c)
	if ab < -1 || ab > 1 {
		t.Errorf("Compare(%q, %q) = %d", a, b, ab)
	}
	// Without the shortcut for the same string, which would hide an order that is not reflexive.
	if got := o.compare(a, a); got != 0 {
		t.Errorf("%q is not itself: %d", a, got)
	}
	if ab != -ba {
		t.Errorf("%q and %q: %d one way, %d the other", a, b, ab, ba)
	}
	if ab <= 0 && bc <= 0 && ac > 0 || ab >= 0 && bc >= 0 && ac < 0 {
		t.Errorf("%q, %q, %q: %d and %d, yet %d", a, b, c, ab, bc, ac)
	}
	if ab == 0 && bc == 0 && ac != 0 || ab == 0 && ac != bc {
		t.Errorf("%q, %q, %q: the first two are equal, the third tells them apart (%d, %d)", a, b, c, ac, bc)
	}
	if !o.From(a, Beginning) {
		t.Errorf("%q is before the beginning", a)
	}
}

// TestLaws holds the laws for real versions, and for what chance makes of their pieces.
func TestLaws(t *testing.T) {
	for o := dpkg; o < orders; o++ {
		t.Run(o.Name(), func(t *testing.T) {
			vs := versions(t, o)
			r := rand.New(rand.NewPCG(1, uint64(o)))
			for range 20_000 {
				laws(t, o, mangled(r, vs), mangled(r, vs), mangled(r, vs))
				if t.Failed() {
					return
				}
			}
		})
	}
}

var pieces = []string{"", "0", "00", "1", "01", "10", ".", "-", "+", "~", "^", "_", ":", "a", "b", "m", "A", "rc", "alpha", "dev", "post", "pre", "p",
	"ga", "final", "sp", "SNAPSHOT", "x", "*", "v", "!", "_rc", "_p", "-r", "go", " ", "é", ".0", "-0", "+0", "stable", "@", "\x00", "\xff"}

// mangled is a version, or a short one of pieces, or a version with a piece put somewhere.
func mangled(r *rand.Rand, vs []string) string {
	v := vs[r.IntN(len(vs))]
	switch r.IntN(4) {
	case 0:
		return v
	case 1:
		i := r.IntN(len(v) + 1)
		return v[:i] + pieces[r.IntN(len(pieces))] + v[i:]
	}
	v = ""
	for range 1 + r.IntN(5) {
		v += pieces[r.IntN(len(pieces))]
	}
	return v
}

// versions are all that the golden file of an order names, each once.
func versions(t testing.TB, o Order) []string {
	t.Helper()
	var vs []string
	for _, p := range golden(t, o.Name()) {
		vs = append(vs, p.a, p.b)
	}
	slices.Sort(vs)
	return slices.Compact(vs)
}

func fuzz(f *testing.F, all ...Order) {
	for _, o := range all {
		vs := versions(f, o)
		for i := 0; i+2 < len(vs); i += 12 {
			f.Add(vs[i], vs[i+1], vs[i+2])
		}
	}
	f.Add("", "0", "0.0")
	f.Add(strings.Repeat("0.", 50), strings.Repeat("-0", 50)+".1", strings.Repeat("a.", 50))
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, o := range all {
			laws(t, o, a, b, c)
			o.Valid(a)
		}
	})
}

func FuzzDpkg(f *testing.F)      { fuzz(f, dpkg) }
func FuzzRPM(f *testing.F)       { fuzz(f, rpm) }
func FuzzAPK(f *testing.F)       { fuzz(f, apk) }
func FuzzSemver(f *testing.F)    { fuzz(f, semver, golang, pub, nuget) }
func FuzzPEP440(f *testing.F)    { fuzz(f, pep440) }
func FuzzMaven(f *testing.F)     { fuzz(f, maven) }
func FuzzRubyGems(f *testing.F)  { fuzz(f, rubygems) }
func FuzzPackagist(f *testing.F) { fuzz(f, packagist) }
func FuzzCRAN(f *testing.F)      { fuzz(f, cran) }
