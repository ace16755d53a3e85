package tlsserver

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Profile tells which profile of the Mozilla server-side TLS guidelines 6.0 (2026-04-06) the endpoint reaches:
// modern, intermediate or none, and what keeps it from the next better one.
func Profile(f Fact) (name string, lacks []string) {
	modern := modernFaults(f)
	if len(modern) == 0 {
		return "modern", nil
	}
	if faults := intermediateFaults(f); len(faults) > 0 {
		return "none", faults
	}
	return "intermediate", modern
}

var (
	suites13 = []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	suites12 = []string{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
		"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}
	mozillaGroups = []string{"x25519mlkem768", "x25519", "secp256r1", "secp384r1"}
)

const mozillaHSTS = 63_072_000 // seconds

func modernFaults(f Fact) []string {
	return mozilla(f, []string{"TLS 1.3"}, 90, func(c Certificate) bool { return c.Key == "ECDSA" && (c.KeyBits == 256 || c.KeyBits == 384) }, "an ECDSA key on P-256 or P-384")
}

func intermediateFaults(f Fact) []string {
	return mozilla(f, []string{"TLS 1.3", "TLS 1.2"}, 366, func(c Certificate) bool {
		return c.Key == "ECDSA" && (c.KeyBits == 256 || c.KeyBits == 384) || c.Key == "RSA" && c.KeyBits == 2048
	}, "an ECDSA key on P-256 or P-384, or RSA 2048")
}

// mozilla names what is not as a profile has it. What was not seen is a fault too.
func mozilla(f Fact, versions []string, days int, key func(Certificate) bool, keys string) (out []string) {
	add := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(!f.offers("TLS 1.3"), "TLS 1.3 is not offered")
	for _, v := range versions {
		if v != "TLS 1.3" {
			add(!f.offers(v), "%s is not offered", v)
		}
	}
	for _, p := range f.Protocols {
		if !slices.Contains(versions, p.Name) {
			out = append(out, p.Name+" is offered")
			continue
		}
		allowed := suites13
		if p.Name == "TLS 1.2" {
			allowed = suites12
		}
		for _, s := range p.Suites {
			add(!slices.Contains(allowed, s.Name), "%s is offered", s.Name)
		}
		add(p.Order == "server", "the server's order of suites counts with %s", p.Name)
		other := 0
		for _, g := range p.Groups {
			if !slices.Contains(mozillaGroups, strings.ToLower(g)) {
				other++
			}
		}
		add(other > 0, "groups other than those of the profile are offered with %s", p.Name)
		add(p.Name == "TLS 1.3" && !slices.Contains(p.Groups, "X25519MLKEM768"), "X25519MLKEM768 is not offered")
	}
	if len(f.Chain) == 0 {
		return append(out, "no certificate was seen")
	}
	leaf := f.Chain[0]
	add(!key(leaf), "the certificate has not %s", keys)
	add(leaf.NotAfter.Sub(leaf.NotBefore) > time.Duration(days)*24*time.Hour+time.Hour, "the certificate lasts longer than %d days", days)
	add(f.Staple == nil && len(leaf.OCSP) > 0, "no OCSP response is stapled")
	if f.HTTP {
		age, err := maxAge(f.HSTS)
		add(err != nil || age < mozillaHSTS, "HSTS lasts less than two years")
	}
	return out
}
