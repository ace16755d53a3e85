package tlsserver

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Trust demands a chain that leads to a CA that is trusted here.
var Trust = &check.Check{
	ID:    "tlsserver-certificate-trust",
	Title: "The certificate is trusted, and its chain complete",
	Doc:   "Without a trusted CA behind it a certificate proves nothing. A chain without its intermediate works in some browsers and fails in programs, which is when somebody switches verification off.",
	Remedy: "nginx: ssl_certificate /etc/letsencrypt/live/shop.example/fullchain.pem;   (not cert.pem)\n" +
		"Apache: SSLCertificateFile with the same file. HAProxy: chain and key in one file.\n" +
		"Caddy: tls fullchain.pem key.pem, or no tls line at all, and it gets one. Envoy: certificate_chain: {filename: fullchain.pem}\n" +
		"Java: import the chain as one PKCS #12: openssl pkcs12 -export -in fullchain.pem -inkey key.pem -out shop.p12\n" +
		"Go: tls.LoadX509KeyPair(\"fullchain.pem\", \"key.pem\")\n" +
		"The organisation's own CA: put it into /usr/local/share/ca-certificates where Holdfast runs, then: sudo update-ca-certificates",
	Requirements: []string{"A.5.2.3"},
	Needs:        []string{PartChain, PartTrust},
	Rule: onLeaf(func(f Fact, _ Certificate, _ check.Params) check.Result {
		detail := ""
		switch f.Trust {
		case trusted:
			return check.Passed("the certificate is trusted")
		case "":
			return check.Unseen("whether the certificate is trusted was not seen")
		case incomplete:
			detail = lacking(f)
		default:
			detail = untrusted(f)
		}
		return check.Failed("", []check.Violation{{Key: "trust:" + f.Trust, Detail: detail, At: "/trust", Source: f.Address}})
	}),
	Examples: []check.Example{
		check.Passes("trusted", sample()),
		check.Fails("self-signed", sampleWith(func(f *Fact) { f.Trust = "self-signed" }), "trust:self-signed"),
		check.Fails("a CA that nobody knows", sampleWith(func(f *Fact) { f.Trust, f.TrustText = "unknown-ca", "no CA stands behind it" }), "trust:unknown-ca"),
		check.Fails("incomplete", sampleWith(func(f *Fact) { f.Trust = "incomplete" }), "trust:incomplete"),
		check.Leaves("not verified", sampleWith(func(f *Fact) { f.Trust = "" })),
		check.Leaves("cannot be verified", sampleWith(func(f *Fact) { f.Trust = ""; f.Note(PartTrust, unread) })),
	},
}

// Key demands a key that lasts.
var Key = &check.Check{
	ID:    "tlsserver-certificate-key",
	Title: "The key of the certificate is long enough",
	Doc:   "Who works out the key of a certificate can pose as the server. RSA of 3072 bits and elliptic curves of 256 are worth about 128 bits.",
	Remedy: "nginx, Apache, HAProxy: sudo certbot renew --cert-name shop.example --key-type ecdsa --elliptic-curve secp256r1 --force-renewal\n" +
		"By hand: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out shop.key\n" +
		"Caddy: key_type p256 (as it has it by default). Java: keytool -genkeypair -keyalg EC -groupname secp256r1\n" +
		"Envoy, Go: the same file as for others; Go makes one by ecdsa.GenerateKey(elliptic.P256(), rand.Reader)",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"NIST SP 800-57 Part 1"},
	Needs:        []string{PartChain},
	Rule: onLeaf(func(f Fact, leaf Certificate, p check.Params) check.Result {
		least := 0
		switch {
		case leaf.Key == "Ed25519", leaf.Key == "Ed448", strings.HasPrefix(leaf.Key, "ML-DSA"):
			return check.Passed(keyText(leaf))
		case leaf.Key == "RSA":
			least = p.Int("rsa_bits")
		case leaf.Key == "ECDSA":
			least = p.Int("ecdsa_bits")
		case leaf.Key == "DSA":
			return check.Failed("", leafFault(f, "key", "the certificate has a DSA key, which no browser takes any more"))
		default:
			return check.Unseen("the sort of the certificate's key is not known: " + leaf.Key)
		}
		switch {
		case leaf.KeyBits == 0:
			return check.Unseen("the size of the certificate's key was not seen")
		case leaf.KeyBits < least:
			return check.Failed("", leafFault(f, "key_bits", fmt.Sprintf("the certificate has an %s, at least %d are wanted", keyText(leaf), least)))
		}
		return check.Passed(keyText(leaf))
	}),
	Examples: []check.Example{
		check.Passes("P-256", sample()),
		check.Passes("RSA 3072", sampleWith(keyed("RSA", 3072))),
		check.Passes("Ed25519", sampleWith(keyed("Ed25519", 256))),
		check.Passes("Ed448", sampleWith(keyed("Ed448", 456))),
		check.Fails("RSA 2048", sampleWith(keyed("RSA", 2048)), "certificate:leaf"),
		check.Fails("P-224", sampleWith(keyed("ECDSA", 224)), "certificate:leaf"),
		check.Fails("DSA", sampleWith(keyed("DSA", 0)), "certificate:leaf"),
		check.Leaves("unknown", sampleWith(keyed("unknown", 0))),
	},
}

// Signature demands certificates that nobody can forge.
var Signature = &check.Check{
	ID:           "tlsserver-certificate-signature",
	Title:        "No certificate of the chain is signed with SHA-1 or MD5",
	Doc:          "Two certificates with the same MD5 or SHA-1 can be made, so that a CA signs the harmless one and the other is valid too. The signature of a root is not judged: nobody verifies it.",
	Remedy:       renew,
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 9155"},
	Needs:        []string{PartChain},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Chain) == 0 {
			return check.Unseen("no certificate was seen")
		}
		var vs []check.Violation
		for i, c := range f.Chain {
			if !c.md5() && !c.sha1() || i > 0 && c.Issuer == c.Subject {
				continue
			}
			key := "certificate:leaf"
			if i > 0 {
				key = "certificate:" + c.Subject
			}
			vs = append(vs, check.Violation{Key: key, Detail: c.role(i) + " is signed with " + c.Signature, At: fmt.Sprintf("/chain/%d/signature", i), Source: f.Address})
		}
		return check.Failed("signed with "+f.Chain[0].Signature, vs)
	}),
	Examples: []check.Example{
		check.Passes("SHA-256", sample()),
		check.Passes("SHA-1 of a root", sampleWith(func(f *Fact) {
			f.Chain = append(f.Chain, Certificate{Subject: "CN=Root", Issuer: "CN=Root", Signature: "SHA1-RSA"})
		})),
		check.Fails("SHA-1", sampleWith(func(f *Fact) { f.Chain[0].Signature = "SHA1-RSA" }), "certificate:leaf"),
		check.Fails("MD5 of an intermediate", sampleWith(func(f *Fact) { f.Chain[1].Signature = "MD5-RSA" }), "certificate:CN=CA 1"),
		check.Leaves("not seen", unseenChain()),
	},
}
