package tlsserver

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// exchange is one way to agree on a key, by what it is worth in bits of RSA. The zero exchange is none.
type exchange struct {
	bits int
	kind exchangeKind
	name string // of the suite or the group
}

type exchangeKind int

const (
	noExchange exchangeKind = iota
	byCertificate
	byDH
	byGroup
	bySuite
)

// weakest are the weakest ways that were seen. Those of unknown size do not count.
type weakest struct{ certificate, parameters, suite exchange }

func (x *exchange) weaken(y exchange) {
	if x.kind == noExchange || y.bits < x.bits || y.bits == x.bits && y.name < x.name {
		*x = y
	}
}

func exchanges(f Fact) weakest {
	var w weakest
	if len(f.Chain) > 0 {
		if bits := certificateBits(f.Chain[0]); bits > 0 {
			w.certificate = exchange{bits, byCertificate, ""}
		}
	}
	group := func(name string) {
		if bits := groupBits(name); bits > 0 {
			w.parameters.weaken(exchange{bits, byGroup, name})
		}
	}
	for _, p := range f.Protocols {
		for _, s := range p.Suites {
			switch t := classify(s.Name); {
			case t.Anon:
				w.suite.weaken(exchange{0, bySuite, s.Name})
			case t.Export:
				w.suite.weaken(exchange{512, bySuite, s.Name}) // the guide's row "export (512)"
			}
			if s.DHBits > 0 {
				w.parameters.weaken(exchange{s.DHBits, byDH, ""})
			}
			if s.Group != "" {
				group(s.Group)
			}
		}
		for _, g := range p.Groups {
			group(g)
		}
	}
	return w
}

// text says in words what the exchange is.
func (x exchange) text(f Fact) string {
	switch x.kind {
	case byCertificate:
		return keyText(f.Chain[0])
	case byDH:
		return fmt.Sprintf("Diffie-Hellman parameters of %d bits", x.bits)
	case byGroup:
		return "the group " + x.name
	}
	return x.name
}

// certificateBits gives what the key of a certificate is worth in bits of RSA; 0 when not known.
func certificateBits(c Certificate) int {
	switch {
	case c.Key == "Ed25519", c.Key == "Ed448":
		return ellipticWorth(256)
	case strings.HasPrefix(c.Key, "ML-DSA"):
		if c.KeyBits > 0 && c.KeyBits < 4032 {
			return 2048 // testssl: ML-DSA < 4032 gets 90
		}
		return 4096
	case c.KeyBits == 0:
		return 0
	case c.Key == "ECDSA":
		return ellipticWorth(c.KeyBits)
	}
	return c.KeyBits
}

func keyText(c Certificate) string {
	if c.KeyBits == 0 {
		return c.Key + " key"
	}
	return fmt.Sprintf("%s key of %d bits", c.Key, c.KeyBits)
}

// readGroups holds what names of groups were worth that were read before, a bounded number.
var readGroups memo[int]

// groupBits gives what a group is worth in bits of RSA, from its name at IANA; 0 when not known.
func groupBits(name string) int { return readGroups.get(name, groupBitsOf) }

func groupBitsOf(name string) int {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "mlkem"), name == "x25519", name == "x448", name == "curvesm2":
		return 4096
	}
	bits, ok := leadingNumber(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz"))
	switch {
	case !ok:
		return 0
	case strings.HasPrefix(name, "ffdhe"):
		return bits
	case strings.HasPrefix(name, "sec"), strings.HasPrefix(name, "brainpool"), strings.HasPrefix(name, "gc"):
		return ellipticWorth(bits)
	}
	return 0
}

func leadingNumber(s string) (int, bool) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	return n, err == nil
}

// memo holds what names were found to mean: an estate's endpoints offer the same few dozen. The names come
// from servers, so that their number is bounded. Reading takes no lock: a map that is read never changes.
type memo[T any] struct {
	mu   sync.Mutex
	seen atomic.Pointer[map[string]T]
}

const maxMemo = 1024

func (m *memo[T]) get(name string, find func(string) T) T {
	if seen := m.seen.Load(); seen != nil {
		if v, ok := (*seen)[name]; ok {
			return v
		}
	}
	v := find(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	next := map[string]T{}
	if seen := m.seen.Load(); seen != nil {
		if len(*seen) >= maxMemo {
			return v
		}
		maps.Copy(next, *seen)
	}
	next[strings.Clone(name)] = v
	m.seen.Store(&next)
	return v
}
