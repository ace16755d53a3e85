package tlsserver

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Rules that other code names.
const ruleMD5 = "md5"

// certificateReasons has what ends the scoring: section "certificate first" of the guide.
func certificateReasons(f Fact, now time.Time) []Reason {
	if len(f.Chain) == 0 {
		return nil
	}
	leaf := f.Chain[0]
	var out []Reason
	add := func(rule, effect, text string) { out = append(out, Reason{rule, effect, text}) }
	if !leaf.covers(f.Name) {
		add("name", "M", "the certificate is not for "+f.Name)
	}
	switch {
	case now.After(leaf.NotAfter):
		add("expired", "T", "the certificate expired on "+day(leaf.NotAfter))
	case now.Before(leaf.NotBefore):
		add("not-yet-valid", "T", "the certificate is not valid before "+day(leaf.NotBefore))
	}
	switch f.Trust {
	case "", trusted:
	case incomplete: // 2009i: completed by clients that follow its pointers
		add("chain", "cap B", lacking(f))
	default:
		add("trust", "T", untrusted(f))
	}
	if f.Staple != nil && f.Staple.Status == "revoked" {
		add("revoked", "T", "the certificate is revoked")
	}
	if leaf.Exponent == 1 { // 2009l
		add("exponent", "F", "the RSA key of the certificate has the exponent 1")
	}
	for i, c := range f.Chain {
		switch {
		case c.md5() && (i == 0 || c.Issuer != c.Subject): // the signature of a root means nothing
			add(ruleMD5, "F", c.role(i)+" is signed with "+c.Signature)
		case i == 0 && c.sha1(): // untrusted since 2017
			add("sha1", "T", "the certificate is signed with "+c.Signature)
		}
	}
	return out
}

const (
	trusted    = "trusted"
	incomplete = "incomplete"
)

// lacking says what an incomplete chain lacks.
func lacking(f Fact) string {
	if f.TrustText != "" {
		return "the chain lacks an intermediate certificate: " + strings.ReplaceAll(f.TrustText, "\n", " ")
	}
	return "the chain lacks an intermediate certificate"
}

func untrusted(f Fact) string {
	if f.TrustText != "" {
		return "the certificate is not trusted: " + strings.ReplaceAll(f.TrustText, "\n", " ")
	}
	return "the certificate is not trusted: " + f.Trust
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// covers tells whether the certificate is for a name or an address. The common name does not count.
func (c Certificate) covers(name string) bool {
	x := x509.Certificate{DNSNames: c.Names}
	for _, a := range c.Addresses {
		if ip, err := netip.ParseAddr(a); err == nil {
			x.IPAddresses = append(x.IPAddresses, ip.AsSlice())
		}
	}
	return x.VerifyHostname(name) == nil
}

func (c Certificate) md5() bool  { return has(c.Signature, "MD5", "MD2") }
func (c Certificate) sha1() bool { return strings.Contains(c.Signature, "SHA1") }

func (c Certificate) role(i int) string {
	if i == 0 {
		return "the certificate"
	}
	return "the certificate of " + c.Subject
}

func (f Fact) offers(version string) bool {
	return slices.ContainsFunc(f.Protocols, func(p Protocol) bool { return p.Name == version })
}

// best is the newest version that is offered; empty without any.
func (f Fact) best() string {
	if i := slices.IndexFunc(Versions, f.offers); i >= 0 {
		return Versions[i]
	}
	return ""
}

func protocolReasons(f Fact) []Reason {
	var out []Reason
	add := func(is bool, rule, effect, text string) {
		if is {
			out = append(out, Reason{rule, effect, text})
		}
	}
	best := f.best()
	add(f.offers("SSL 2.0"), "ssl2", "F", "SSL 2.0 is offered") // 2009c, 2009l: also without suites
	add(best == "SSL 3.0", "ssl3-best", "F", "SSL 3.0 is the best protocol")
	add(best != "" && !f.offers("TLS 1.2") && !f.offers("TLS 1.3"), "no-tls12", "cap C", "neither TLS 1.2 nor TLS 1.3 is offered") // 2009j
	add(f.Compression, "crime", "cap C", "TLS compression is on (CRIME)")                                                          // 2009j
	add(f.offers("SSL 3.0"), "ssl3", "cap B", "SSL 3.0 is offered")                                                                // 2009h
	add(f.offers("TLS 1.0"), "tls10", "cap B", "TLS 1.0 is offered")                                                               // 2009q
	add(f.offers("TLS 1.1"), "tls11", "cap B", "TLS 1.1 is offered")                                                               // 2009q
	return out
}

func keyReasons(f Fact, w weakest) []Reason {
	var out []Reason
	for _, x := range []struct {
		rule string
		exchange
	}{{"key", w.certificate}, {"dh", w.parameters}} {
		switch {
		case x.kind == noExchange || x.bits >= 2048:
		case x.bits < 1024: // 2009e, 2009i
			out = append(out, Reason{x.rule, "F", "worth less than 1024 bits of RSA: " + x.text(f)})
		default: // 2009e, 2009j
			out = append(out, Reason{x.rule, "cap B", "worth less than 2048 bits of RSA: " + x.text(f)})
		}
	}
	return out
}

// warnings alone make A-. Renegotiation is of TLS up to 1.2.
func warnings(f Fact) []Reason {
	if len(f.Protocols) == 0 {
		return nil
	}
	out := hstsReasons(f)
	if !f.offers("TLS 1.3") { // 2009r
		out = append(out, Reason{"no-tls13", "A-", "TLS 1.3 is not offered"})
	}
	if !f.SecureReneg && slices.ContainsFunc(Versions[1:], f.offers) { // 2009e
		out = append(out, Reason{"renegotiation", "A-", "secure renegotiation (RFC 5746) is not supported"})
	}
	return out
}

// several names up to three things, in order of their names.
func several(names map[string]bool) string {
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	if len(list) > 3 {
		return strings.Join(list[:3], ", ") + fmt.Sprintf(" and %d more", len(list)-3)
	}
	return strings.Join(list, ", ")
}
