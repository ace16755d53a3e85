package tlsserver

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// probeNames are the probes with what they mean where they find something: the effect on the grade, empty
// where the guide has none, and the name that people know.
var probeNames = []struct{ name, effect, text string }{
	{Heartbleed, "F", "Heartbleed (CVE-2014-0160) lets anyone read the server's memory"},
	{Ticketbleed, "F", "Ticketbleed (CVE-2016-9244) lets anyone read the server's memory"},
	{LegacyReneg, "F", "insecure renegotiation (CVE-2009-3555) lets an attacker put requests before a victim's"}, // 2009c
	{ClientReneg, "", "clients may renegotiate, which costs the server far more than them"},
	{FallbackSCSV, "", "a fallback to an older version is not noticed (RFC 7507)"}, // 2009r: no longer graded
	{NoSentinel, "", "a downgrade from TLS 1.3 is not marked (RFC 8446 section 4.1.3)"},
	{CCSInjection, "F", "CCS injection (CVE-2014-0224) lets an attacker on the way decrypt"},
	{Robot, "F", "ROBOT lets anyone decrypt recorded traffic, and sign in the server's name"},  // 2009p
	{PoodleTLS, "F", "POODLE against TLS (CVE-2014-8730) lets an attacker on the way decrypt"}, // 2009g
	{PaddingOracle, "F", "a padding oracle (Zombie POODLE, GOLDENDOODLE) lets an attacker on the way decrypt"},
	{ZeroLength, "F", "the 0-length padding oracle (CVE-2019-1559) lets an attacker on the way decrypt"},
	{AESNIPadding, "F", "the AES-NI padding oracle (CVE-2016-2107) lets an attacker on the way decrypt"}, // 2009m
}

func probeReasons(f Fact) (out []Reason) {
	for _, p := range probeNames {
		if p.effect != "" && f.Probe(p.name).State == Vulnerable {
			out = append(out, Reason{p.name, p.effect, p.text})
		}
	}
	return out
}

// Attacks are the known attacks and what was seen of each, by name: those that were probed, and those that follow
// from what is offered.
func Attacks(f Fact) []Probed {
	out := slices.Clone(f.Probes)
	follows := func(name string, is bool) {
		state := Safe
		if is {
			state = Vulnerable
		}
		out = append(out, Probed{Name: name, State: state})
	}
	any := func(versions string, is func(Suite, traits) bool) bool {
		for _, p := range f.Protocols {
			for _, s := range p.Suites {
				if strings.Contains(versions, p.Name) && is(s, classify(s.Name)) {
					return true
				}
			}
		}
		return false
	}
	const every = "TLS 1.3, TLS 1.2, TLS 1.1, TLS 1.0, SSL 3.0"
	cbc := func(_ Suite, t traits) bool { return !t.AEAD && !t.RC4 && t.Bits > 0 }
	follows("drown", f.offers("SSL 2.0"))
	follows("poodle", any("SSL 3.0", cbc))
	follows("beast", any("TLS 1.0, SSL 3.0", cbc))
	follows("crime", f.Compression)
	follows("freak", any(every, func(s Suite, _ traits) bool { return strings.HasPrefix(s.Name, "TLS_RSA_EXPORT") }))
	follows("logjam", any(every, func(s Suite, _ traits) bool {
		return strings.HasPrefix(s.Name, "TLS_DHE_") && (strings.Contains(s.Name, "_EXPORT") || s.DHBits > 0 && s.DHBits <= 1024)
	}))
	follows("sweet32", any(every, func(_ Suite, t traits) bool { return t.Block64 }))
	slices.SortStableFunc(out, func(a, b Probed) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// ofProbes makes the rule on some probes: a pass needs all of them.
func ofProbes(names ...string) check.Rule {
	return check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Protocols) == 0 {
			return check.Unseen("no protocol was agreed upon")
		}
		var vs []check.Violation
		var open, left, fine []string
		for _, n := range names {
			switch p := f.Probe(n); {
			case p.State == Vulnerable:
				text := ""
				for _, x := range probeNames {
					if x.name == n {
						text = x.text
					}
				}
				if p.Text != "" {
					text += ": " + p.Text
				}
				vs = append(vs, check.Violation{Key: "probe:" + n, Detail: text, At: "/probes", Source: f.Address})
			case p.State == Safe:
				fine = append(fine, n)
			case p.State == Inconclusive:
				open = append(open, n+" ("+p.Text+")")
			case slices.Contains(Intrusive, n):
				left = append(left, n)
			default:
				open = append(open, n)
			}
		}
		var unseen []string
		if len(open) > 0 {
			unseen = append(unseen, "could not be probed: "+strings.Join(open, ", "))
		}
		if len(left) > 0 {
			unseen = append(unseen, "not probed without --probe intrusive: "+strings.Join(left, ", "))
		}
		switch missing := strings.Join(unseen, "; "); {
		case len(vs) > 0:
			return check.Failed("", vs).Beside(missing)
		case missing != "":
			return check.Unseen(missing)
		}
		return check.Passed("not vulnerable to " + strings.Join(fine, ", "))
	})
}

// KnownAttacks demands that what everyone can read about does not work.
var KnownAttacks = &check.Check{
	ID:    "tlsserver-known-attacks",
	Title: "The server leaks no memory to anyone who asks",
	Doc:   "Heartbleed and Ticketbleed give parts of the server's memory, keys and passwords among them, to anyone who can reach it, and leave no trace.",
	Remedy: "nginx, Apache, HAProxy: sudo apt-get install --only-upgrade openssl libssl3, then restart what uses it\n" +
		"Caddy, Envoy, Java and Go have TLS of their own, without these holes: a proxy or load balancer before them has one\n" +
		"Ticketbleed: upgrade F5 BIG-IP, or switch session tickets off\n" +
		"afterwards renew key and certificate, and revoke the old one: what was read is not known",
	Requirements: []string{"A.5.2.3", "A.5.7.2"},
	References:   []string{"CVE-2014-0160", "CVE-2016-9244"},
	Rule:         ofProbes(Heartbleed, Ticketbleed),
	Examples: []check.Example{
		check.Passes("none works", sample()),
		check.Fails("Heartbleed", probed(Heartbleed, Vulnerable), "probe:heartbleed"),
		check.Fails("Ticketbleed", probed(Ticketbleed, Vulnerable), "probe:ticketbleed"),
		check.Leaves("odd answers", probed(Heartbleed, Inconclusive)),
		check.Leaves("not probed", sampleWith(func(f *Fact) { f.Probes = nil })),
	},
}

// Oracles demands that the server does not decrypt for strangers.
var Oracles = &check.Check{
	ID:    "tlsserver-oracles",
	Title: "The server does not tell strangers what they need to decrypt",
	Doc:   "A server that answers one kind of broken message differently from another decrypts for everyone who asks often enough: ROBOT with its key, the POODLE family and CCS injection with those of a connection.",
	Remedy: "upgrade the TLS library or appliance; until then\n" +
		"ROBOT: no suites that begin with TLS_RSA_. nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n" +
		"padding oracles: no CBC suites; the same line\n" +
		"Apache: SSLCipherSuite, HAProxy: ssl-default-bind-ciphers, Tomcat: ciphers, with the same list\n" +
		"Envoy: tls_params.cipher_suites with ECDHE and GCM alone. Java: add TLS_RSA_* to jdk.tls.disabledAlgorithms\n" +
		"Caddy and Go: leave the suites alone, and upgrade",
	Requirements: []string{"A.5.2.3", "A.5.7.2"},
	References:   []string{"CVE-2017-13099", "CVE-2014-0224", "CVE-2014-8730", "CVE-2016-2107", "CVE-2019-1559"},
	Rule:         ofProbes(Intrusive...),
	Examples: []check.Example{
		check.Passes("none works", sample()),
		check.Fails("ROBOT", probed(Robot, Vulnerable), "probe:robot"),
		check.Fails("CCS injection", probed(CCSInjection, Vulnerable), "probe:ccs-injection"),
		check.Fails("POODLE of TLS", probed(PoodleTLS, Vulnerable), "probe:poodle-tls"),
		check.Leaves("not probed", sampleWith(func(f *Fact) { f.Probes = nil })),
		check.Leaves("odd answers", probed(Robot, Inconclusive)),
		check.Leaves("one of them not probed", sampleWith(func(f *Fact) {
			f.Probes = slices.DeleteFunc(slices.Clone(f.Probes), func(p Probed) bool { return p.Name == PaddingOracle })
		})),
	},
}

// Renegotiation demands that clients cannot begin a handshake anew.
var Renegotiation = &check.Check{
	ID:    "tlsserver-renegotiation",
	Title: "Clients cannot renegotiate",
	Doc:   "Without RFC 5746 an attacker begins a connection and lets the victim continue it, so that the server takes both for one. With it, a client still makes the server work for nothing, again and again.",
	Remedy: "OpenSSL 3 and nginx refuse by default; Apache: SSLInsecureRenegotiation off\n" +
		"HAProxy and others with an older OpenSSL: upgrade; Java: -Djdk.tls.rejectClientInitiatedRenegotiation=true\n" +
		"Caddy and Go never let a client renegotiate; Envoy: allow_renegotiation is of its client side alone\n" +
		"or TLS 1.3 alone, which has no renegotiation",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 5746", "CVE-2009-3555", "CVE-2011-1473"},
	Rule:         ofProbes(LegacyReneg, ClientReneg),
	Examples: []check.Example{
		check.Passes("refused", sample()),
		check.Fails("insecure", probed(LegacyReneg, Vulnerable), "probe:legacy-reneg"),
		check.Fails("at the client's will", probed(ClientReneg, Vulnerable), "probe:client-reneg"),
		check.Leaves("odd answers", probed(ClientReneg, Inconclusive)),
	},
}

// Downgrade demands that an attacker cannot talk both sides down unnoticed.
var Downgrade = &check.Check{
	ID:    "tlsserver-downgrade",
	Title: "A downgrade of the protocol is noticed",
	Doc:   "An attacker who drops the newer hellos makes both sides agree on an older version, unless the server marks that it has a newer one.",
	Remedy: "upgrade the TLS library: OpenSSL 1.1.1, GnuTLS 3.6 and Go 1.12 have both marks; Java 11 has that of TLS 1.3\n" +
		"or offer the newest version alone. nginx: ssl_protocols TLSv1.3; Apache: SSLProtocol TLSv1.3; HAProxy: ssl-min-ver TLSv1.3\n" +
		"Caddy: protocols tls1.3; Envoy: tls_minimum_protocol_version: TLSv1_3; Tomcat: protocols=\"TLSv1.3\"; Go: MinVersion: tls.VersionTLS13",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 7507", "RFC 8446 section 4.1.3"},
	Rule:         ofProbes(FallbackSCSV, NoSentinel),
	Examples: []check.Example{
		check.Passes("marked", sample()),
		check.Fails("a fallback", probed(FallbackSCSV, Vulnerable), "probe:fallback-scsv"),
		check.Fails("no mark", probed(NoSentinel, Vulnerable), "probe:no-sentinel"),
		check.Leaves("odd answers", probed(FallbackSCSV, Inconclusive)),
	},
}
