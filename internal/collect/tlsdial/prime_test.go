package tlsdial

import (
	"math/big"
	"testing"
)

// TestWellKnown: a well-known prime is a safe prime, which no other number of the formula is but by chance. The
// largest take seconds to test and come from the same formula.
func TestWellKnown(t *testing.T) {
	all := map[string]*big.Int{}
	for bytes, name := range primeNames() {
		all[name] = new(big.Int).SetBytes([]byte(bytes))
	}
	for _, w := range wellKnown {
		p := all[w.name]
		if p == nil || p.BitLen() != int(w.bits) {
			t.Fatalf("%s: %v", w.name, p)
		}
		if w.bits <= 3072 && (!p.ProbablyPrime(1) || !new(big.Int).Rsh(p, 1).ProbablyPrime(1)) {
			t.Errorf("%s is no safe prime", w.name)
		}
		if primeName(p) != w.name {
			t.Errorf("%s is called %s", w.name, primeName(p))
		}
	}
	p := all["ffdhe2048"]
	if got := primeName(new(big.Int).Sub(p, big.NewInt(2))); got != "composite" && got != "own" {
		t.Error(got)
	}
	if got := primeName(new(big.Int).Mul(all["modp768"], all["modp1024"])); got != "composite" {
		t.Error(got)
	}
	if primeName(nil) != "" {
		t.Error("no prime has a name")
	}
}
