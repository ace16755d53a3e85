package tlsserver

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Parameters demands finite-field parameters that nobody has worked on in advance.
var Parameters = &check.Check{
	ID:    "tlsserver-dh-parameters",
	Title: "Diffie-Hellman parameters are long enough, and prime",
	Doc:   "Most servers share a few primes of 1024 bits; who has done the work for one of them reads the traffic of all (Logjam). A composite number in place of a prime is a mistake or a back door.",
	Remedy: "nginx: no ssl_dhparam, and ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n" +
		"with DHE: curl https://ssl-config.mozilla.org/ffdhe2048.txt > /etc/ssl/dhparam.pem, and ssl_dhparam /etc/ssl/dhparam.pem;\n" +
		"Apache: SSLOpenSSLConfCmd DHParameters /etc/ssl/dhparam.pem. HAProxy: tune.ssl.default-dh-param 2048\n" +
		"Java: -Djdk.tls.ephemeralDHKeySize=2048, or no DHE in the list of suites. Caddy, Envoy and Go have no DHE.",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 7919", "CVE-2015-4000"},
	Needs:        Versions[1:4],
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if len(f.Protocols) == 0 {
			return check.Unseen("no protocol was agreed upon")
		}
		worst, at := Suite{}, ""
		for i, v := range f.Protocols {
			for j, s := range v.Suites {
				if s.DHBits > 0 && (worst.DHBits == 0 || s.DHPrime == "composite" || s.DHBits < worst.DHBits && worst.DHPrime != "composite") {
					worst, at = s, fmt.Sprintf("/protocols/%d/suites/%d", i, j)
				}
			}
		}
		least := p.Int("bits")
		fault := func(text string) check.Result {
			return check.Failed("", []check.Violation{{Key: "dh:parameters", Detail: text, At: at, Source: f.Address}})
		}
		switch {
		case worst.DHBits == 0:
			return check.Passed("keys are not exchanged by finite-field Diffie-Hellman up to TLS 1.2")
		case worst.DHPrime == "composite":
			return fault(fmt.Sprintf("the modulus of %d bits is no prime", worst.DHBits))
		case worst.DHBits < least:
			return fault(fmt.Sprintf("the prime has %d bits (%s), at least %d are wanted", worst.DHBits, worst.DHPrime, least))
		}
		return check.Passed(fmt.Sprintf("a prime of %d bits (%s)", worst.DHBits, worst.DHPrime))
	}),
	Examples: []check.Example{
		check.Passes("none", sample()),
		check.Passes("ffdhe2048", withDH(2048, "ffdhe2048")),
		check.Fails("Apache's of old", withDH(1024, "modp1024"), "dh:parameters"),
		check.Fails("no prime", withDH(4096, "composite"), "dh:parameters"),
		check.Leaves("TLS 1.2 could not be probed", sampleWith(func(f *Fact) { f.Note("TLS 1.2", unread) })),
	},
}

func withDH(bits int, prime string) Fact {
	return sampleWith(func(f *Fact) {
		f.Protocols[1].Suites = append(f.Protocols[1].Suites, Suite{Name: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHBits: bits, DHPrime: prime})
	})
}

// Compression demands that TLS does not compress.
var Compression = &check.Check{
	ID:    "tlsserver-compression",
	Title: "TLS compression is off",
	Doc:   "Who can make a browser ask for chosen addresses reads its cookies from the length of what is compressed (CRIME).",
	Remedy: "Apache: SSLCompression off\n" +
		"nginx, HAProxy: upgrade OpenSSL to 1.1.0 or newer, which does not compress by default\n" +
		"Caddy, Envoy, Java and Go cannot compress TLS: a proxy or load balancer before them does",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 9325 section 3.3", "CVE-2012-4929"},
	Needs:        Versions[1:2],
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case len(f.Protocols) == 0:
			return check.Unseen("no protocol was agreed upon")
		case f.Compression:
			return check.Failed("", []check.Violation{{Key: "tls:compression", Detail: "TLS compression is on", At: "/compression", Source: f.Address}})
		}
		return check.Passed("nothing is compressed")
	}),
	Examples: []check.Example{
		check.Passes("off", sample()),
		check.Fails("on", sampleWith(func(f *Fact) { f.Compression = true }), "tls:compression"),
		check.Leaves("refuses everything", Fact{Name: "shop.example"}),
	},
}

// Revocation demands a certificate that is not revoked, as far as the server staples it.
var Revocation = &check.Check{
	ID:    "tlsserver-certificate-revocation",
	Title: "The certificate is not revoked, and staples what it must",
	Doc:   "A revoked certificate is one whose key somebody else may have. A certificate that says must-staple does not work in strict clients without a stapled response.",
	Remedy: renew + "\nStapling. nginx: ssl_stapling on; ssl_stapling_verify on;   Apache: SSLUseStapling on\n" +
		"HAProxy: ocsp-update on in the crt-list. Caddy staples by itself. Envoy: ocsp_staple with ocsp_staple_policy: STRICT_STAPLING\n" +
		"Java: -Djdk.tls.server.enableStatusRequestExtension=true. Go: tls.Certificate.OCSPStaple, which somebody has to fetch",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 6960", "RFC 7633"},
	Needs:        []string{PartChain},
	Rule: onLeaf(func(f Fact, leaf Certificate, p check.Params) check.Result {
		s := f.Staple
		switch {
		case s == nil && leaf.MustStaple:
			return check.Failed("", leafFault(f, "must_staple", "the certificate says must-staple, and nothing is stapled"))
		case s == nil:
			return check.Inapplicable("nothing is stapled, and nothing says that it must be")
		case s.Status == "revoked":
			return check.Failed("", leafFault(f, "serial", "the certificate is revoked"))
		case s.Status == "good" && !s.NextUpdate.IsZero() && p.Now.After(s.NextUpdate):
			return check.Failed("", leafFault(f, "serial", "the stapled response ended on "+day(s.NextUpdate)))
		case s.Status == "good":
			return check.Passed("a stapled response says that it is good")
		}
		return check.Failed("", leafFault(f, "serial", "the stapled response is "+s.Status+" "+s.Text))
	}),
	Examples: []check.Example{
		check.Passes("good", sampleWith(stapling("good", 1))),
		check.Skips("nothing stapled", sample()),
		check.Fails("revoked", sampleWith(stapling("revoked", 1)), "certificate:leaf"),
		check.Fails("of last month", sampleWith(stapling("good", -1)), "certificate:leaf"),
		check.Fails("not readable", sampleWith(stapling("invalid", 1)), "certificate:leaf"),
		check.Fails("must staple", sampleWith(func(f *Fact) { f.Chain[0].MustStaple = true }), "certificate:leaf"),
		check.Leaves("not seen", unseenChain()),
	},
}

func stapling(status string, months int) func(*Fact) {
	return func(f *Fact) {
		f.Staple = &Staple{Status: status, NextUpdate: check.ExampleNow.AddDate(0, months, 0)}
	}
}
