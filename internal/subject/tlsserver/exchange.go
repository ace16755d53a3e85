package tlsserver

import (
	"fmt"
	"strconv"
	"strings"
)

// exchange is one way to agree on a key, by what it is worth in bits of RSA.
type exchange struct {
	bits int
	sort string // certificate, parameters, suite
	text string
}

// exchanges are all that were seen. Those of unknown size are left out.
func exchanges(f Fact) []exchange {
	var out []exchange
	if len(f.Chain) > 0 {
		if c := f.Chain[0]; certificateBits(c) > 0 {
			out = append(out, exchange{certificateBits(c), "certificate", keyText(c)})
		}
	}
	group := func(name string) {
		if bits := groupBits(name); bits > 0 {
			out = append(out, exchange{bits, "parameters", "the group " + name})
		}
	}
	for _, p := range f.Protocols {
		for _, s := range p.Suites {
			t := classify(s.Name)
			if t.Anon {
				out = append(out, exchange{0, "suite", s.Name})
			}
			if t.Export {
				out = append(out, exchange{512, "suite", s.Name}) // the guide's row "export (512)"
			}
			if s.DHBits > 0 {
				out = append(out, exchange{s.DHBits, "parameters", fmt.Sprintf("Diffie-Hellman parameters of %d bits", s.DHBits)})
			}
			group(s.Group)
		}
	}
	for _, g := range f.Groups {
		group(g)
	}
	return out
}

// certificateBits gives what the key of a certificate is worth in bits of RSA; 0 when not known.
func certificateBits(c Certificate) int {
	switch {
	case c.Key == "Ed25519":
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

// groupBits gives what a group is worth in bits of RSA, from its name at IANA; 0 when not known.
func groupBits(name string) int {
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
