package tlsdial

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"sync"
)

// wellKnown are the primes of standards, each 2^b - 2^(b-64) - 1 + 2^64 ([2^(b-130) c] + x), for the constant c
// pi in RFC 2409 section 6 and RFC 3526, e in RFC 7919 appendix A.
var wellKnown = []struct {
	name string
	e    bool
	bits uint
	x    int64
}{
	{"modp768", false, 768, 149686}, {"modp1024", false, 1024, 129093},
	{"modp1536", false, 1536, 741804}, {"modp2048", false, 2048, 124476}, {"modp3072", false, 3072, 1690314},
	{"modp4096", false, 4096, 240904}, {"modp6144", false, 6144, 929484}, {"modp8192", false, 8192, 4743158},
	{"ffdhe2048", true, 2048, 560316}, {"ffdhe3072", true, 3072, 2625351}, {"ffdhe4096", true, 4096, 5736041},
	{"ffdhe6144", true, 6144, 15705020}, {"ffdhe8192", true, 8192, 10965728},
}

// primeNames has the well-known primes by their bytes.
var primeNames = sync.OnceValue(func() map[string]string {
	pi, e := piBits(8192), eBits(8192)
	one := big.NewInt(1)
	out := map[string]string{}
	for _, w := range wellKnown {
		c := pi
		if w.e {
			c = e
		}
		p := new(big.Int).Rsh(c, 8192-(w.bits-130))
		p.Add(p, big.NewInt(w.x)).Lsh(p, 64)
		p.Add(p, new(big.Int).Lsh(one, w.bits)).Sub(p, new(big.Int).Lsh(one, w.bits-64)).Sub(p, one)
		out[string(p.Bytes())] = w.name
	}
	return out
})

// eBits is e times 2^n, rounded down but for the last bits.
func eBits(n uint) *big.Int {
	sum := new(big.Int)
	for term, i := new(big.Int).Lsh(big.NewInt(1), n+64), int64(1); term.Sign() > 0; i++ {
		sum.Add(sum, term)
		term = new(big.Int).Div(term, big.NewInt(i))
	}
	return sum.Rsh(sum, 64)
}

// piBits is pi times 2^n, rounded down but for the last bits, by Machin's formula.
func piBits(n uint) *big.Int {
	arctan := func(x int64) *big.Int {
		term := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), n+64), big.NewInt(x))
		sum := new(big.Int).Set(term)
		for i := int64(3); term.Sign() != 0; i += 2 {
			term.Quo(term, big.NewInt(-x*x))
			sum.Add(sum, new(big.Int).Quo(term, big.NewInt(i)))
		}
		return sum
	}
	p := arctan(5)
	p.Mul(p, big.NewInt(16)).Sub(p, new(big.Int).Mul(arctan(239), big.NewInt(4)))
	return p.Rsh(p, 64)
}

// own holds what other primes are, a bounded number: a server uses its prime in every answer.
var own struct {
	sync.Mutex
	kinds map[[32]byte]string
}

// primeName names the prime of a key exchange: by its standard, else own, or composite, which is a mistake or
// a back door; empty without one.
func primeName(p *big.Int) string {
	if p == nil {
		return ""
	}
	if name, ok := primeNames()[string(p.Bytes())]; ok {
		return name
	}
	sum := sha256.Sum256(p.Bytes())
	own.Lock()
	defer own.Unlock()
	if kind, ok := own.kinds[sum]; ok {
		return kind
	}
	kind := "own"
	switch {
	case p.BitLen() > 4096:
		kind = fmt.Sprintf("own, not tested for being prime: %d bits", p.BitLen())
	case !p.ProbablyPrime(4):
		kind = "composite"
	}
	if own.kinds == nil {
		own.kinds = map[[32]byte]string{}
	}
	if len(own.kinds) < 1024 {
		own.kinds[sum] = kind
	}
	return kind
}
