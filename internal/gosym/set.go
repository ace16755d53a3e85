package gosym

import (
	"errors"
	"strings"
)

// Set says which packages and symbols are linked into a program, in 12 bits for each: a Bloom filter. It may say of three
// in a thousand that they are there when they are not, and never the other way round; so that something is not linked can
// be trusted. The first byte is the form, the second how many bits stand for a name.
type Set []byte

const (
	form     = 1
	bits     = 12
	probes   = 8
	head     = 2
	maxBytes = 4 << 20
)

// ErrSet says that bytes are no set.
var ErrSet = errors.New("no set of symbols of a Go program")

// ParseSet checks what was stored.
func ParseSet(b []byte) (Set, error) {
	if len(b) <= head || len(b) > maxBytes || b[0] != form || b[1] == 0 || b[1] > 32 {
		return nil, ErrSet
	}
	return b, nil
}

// Has tells whether a package is linked, or, when a symbol is named, that: Parse, Tokenizer.Next.
func (s Set) Has(path, symbol string) bool {
	if len(s) <= head {
		return true
	}
	return s.each(key(path, symbol), func(at uint64) bool { return s[head+at/8]&(1<<(at%8)) != 0 })
}

// each calls f with the bits of a key, until it is false.
func (s Set) each(k uint64, f func(at uint64) bool) bool {
	n := uint64(len(s)-head) * 8
	step := mixed(k) | 1
	for range s[1] {
		if !f(k % n) {
			return false
		}
		k += step
	}
	return true
}

// key is FNV-1a of a path and, behind a NUL, a symbol.
func key(path, symbol string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(path) {
		h = (h ^ uint64(path[i])) * 1099511628211
	}
	if symbol != "" {
		h *= 1099511628211
		for i := range len(symbol) {
			h = (h ^ uint64(symbol[i])) * 1099511628211
		}
	}
	return mixed(h)
}

// mixed is the finalizer of splitmix64.
func mixed(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

type builder map[uint64]bool

func newBuilder() builder { return builder{} }

// add enters a package and a symbol. A closure stands for the function around it, and a method for itself and, since it
// cannot be told from a closure by its name, for its first part.
func (b builder) add(path, symbol string) {
	b[key(path, "")] = true
	first, rest, more := strings.Cut(symbol, ".")
	if first == "" {
		return // a closure of the package itself: glob..func1
	}
	b[key(path, first)] = true
	if more {
		second, _, _ := strings.Cut(rest, ".")
		b[key(path, first+"."+second)] = true
	}
}

func (b builder) set() Set {
	s := make(Set, head+min(max(64, len(b)*bits/8), maxBytes-head))
	s[0], s[1] = form, probes
	for k := range b {
		s.each(k, func(at uint64) bool { s[head+at/8] |= 1 << (at % 8); return true })
	}
	return s
}
