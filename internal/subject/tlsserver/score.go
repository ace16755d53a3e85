package tlsserver

import (
	"fmt"
	"strconv"
	"strings"
)

// parts of the numeric score, each doubled, so that the half of a sum stays a whole number.
type parts struct{ protocol, exchange, cipher int }

// protocolScore has the rows of the guide, and 100 for TLS 1.3, which has no row of its own.
var protocolScore = map[string]int{
	"SSL 2.0": 0,
	"SSL 3.0": 80,
	"TLS 1.0": 90,
	"TLS 1.1": 95,
	"TLS 1.2": 100,
	"TLS 1.3": 100,
}

// exchangeScore is the score of a key exchange by the bits of RSA that it is worth.
func exchangeScore(bits int) int {
	switch {
	case bits == 0: // anonymous
		return 0
	case bits < 512:
		return 20
	case bits < 1024: // also export, which is 512
		return 40
	case bits < 2048: // 1024
		return 80
	case bits < 4096: // 2048
		return 90
	}
	return 100
}

// cipherScore is the score of a cipher by its strength in bits.
func cipherScore(bits int) int {
	switch {
	case bits == 0: // NULL
		return 0
	case bits < 128:
		return 20
	case bits < 256: // 128, 168
		return 80
	}
	return 100
}

// ellipticWorth gives the bits of RSA that a curve is worth: testssl's mapping, as the guide only says
// "equivalent". P-256 and X25519 get the best row.
func ellipticWorth(bits int) int {
	switch {
	case bits < 110: // 20
		return 511
	case bits < 123: // 40
		return 1023
	case bits < 163: // 80
		return 1024
	case bits < 225: // 90
		return 2048
	}
	return 4096
}

// score adds up what is offered. Of protocols and ciphers the best and the worst count alike, of key
// exchanges the weakest.
func score(f Fact, w weakest) parts {
	var p, c span
	for _, v := range f.Protocols {
		if s, ok := protocolScore[v.Name]; ok {
			p.add(s)
		}
		for _, s := range v.Suites {
			if t := classify(s.Name); t.Bits != unknownBits {
				c.add(cipherScore(t.Bits))
			}
		}
	}
	out := parts{protocol: p.low + p.high, cipher: c.low + c.high}
	var k span
	for _, x := range []exchange{w.certificate, w.parameters, w.suite} {
		if x.kind != noExchange {
			k.add(exchangeScore(x.bits))
		}
	}
	out.exchange = 2 * k.low
	return out
}

// total is 0.30 protocol + 0.30 key exchange + 0.40 cipher, rounded down once. testssl rounds each part.
func (p parts) total() int {
	if p.protocol == 0 || p.exchange == 0 || p.cipher == 0 {
		return 0 // a category at 0 makes all 0
	}
	return (3*p.protocol + 3*p.exchange + 4*p.cipher) / 20
}

func (p parts) String() string {
	half := func(n int) string { return strings.TrimSuffix(strconv.FormatFloat(float64(n)/2, 'f', 1, 64), ".0") }
	return fmt.Sprintf("protocols %s, key exchange %s, ciphers %s", half(p.protocol), half(p.exchange), half(p.cipher))
}

// span is the lowest and the highest of some numbers.
type span struct {
	low, high int
	any       bool
}

func (s *span) add(n int) {
	if !s.any {
		s.low, s.high, s.any = n, n, true
	}
	s.low, s.high = min(s.low, n), max(s.high, n)
}

// letter is the guide's table of scores.
func letter(score int) string {
	for _, row := range []struct {
		least  int
		letter string
	}{{80, "A"}, {65, "B"}, {50, "C"}, {35, "D"}, {20, "E"}} {
		if score >= row.least {
			return row.letter
		}
	}
	return "F"
}
