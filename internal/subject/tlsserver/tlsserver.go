// Package tlsserver knows what a TLS endpoint offers and what that is worth: protocols, cipher suites,
// certificates, and the grade by the SSL Labs method. What the site behind it answers is judged by the
// subject website.
package tlsserver

import (
	"slices"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what one address of a TLS endpoint offers. A protocol that is neither in Protocols nor among
// the gaps is not offered.
type Fact struct {
	fact.Gaps      `json:"gaps,omitempty"`
	Name           string          `json:"name"`    // as asked: shop.example
	Address        string          `json:"address"` // 192.0.2.1:443
	Protocols      []Protocol      `json:"protocols,omitempty"`
	Chain          []Certificate   `json:"chain,omitempty"`                // as sent, leaf first
	Others         [][]Certificate `json:"others,omitempty"`               // further chains, for clients that know other keys
	Trust          string          `json:"trust,omitempty"`                // trusted, or why not: self-signed, unknown-ca, incomplete; the worst of all chains
	TrustText      string          `json:"trust_text,omitempty" drift:"-"` // the reason in words
	SecureReneg    bool            `json:"secure_reneg,omitempty"`         // RFC 5746, of TLS up to 1.2
	Compression    bool            `json:"compression,omitempty"`          // of TLS up to 1.2
	ExtendedMaster bool            `json:"extended_master,omitempty"`
	Tickets        bool            `json:"tickets,omitempty"`         // RFC 5077, of TLS up to 1.2
	Resumption     []string        `json:"resumption,omitempty"`      // ways that worked with TLS up to 1.2: id, ticket
	ALPN           []string        `json:"alpn,omitempty"`            // protocols of RFC 7301 that it takes
	Staple         *Staple         `json:"staple,omitempty"`          // what it staples; nil when nothing
	Stamps         int             `json:"stamps,omitempty"`          // signed certificate timestamps sent beside the certificate
	AsksClient     bool            `json:"asks_client,omitempty"`     // for a certificate of the client
	ClientRequired bool            `json:"client_required,omitempty"` // who shows none is refused
	Probes         []Probed        `json:"probes,omitempty"`          // by name; one that is not there was not probed
	HTTP           bool            `json:"http,omitempty"`            // HTTP answered over it
	HSTS           []string        `json:"hsts,omitempty"`            // Strict-Transport-Security headers, as sent
}

// Protocol is a version that is offered, with its suites.
type Protocol struct {
	Name       string   `json:"name" drift:"key"`                 // TLS 1.3, TLS 1.2, TLS 1.1, TLS 1.0, SSL 3.0, SSL 2.0
	Suites     []Suite  `json:"suites,omitempty" drift:"ordered"` // in the server's order, where it has one
	Order      string   `json:"order,omitempty"`                  // whose preference counts: server, client; empty when not told apart
	ChaCha     bool     `json:"chacha,omitempty"`                 // the server's order, but ChaCha20 for clients that want it first
	Groups     []string `json:"groups,omitempty"`                 // of TLS 1.2 and 1.3, as registered by IANA: x25519
	Signatures []string `json:"signatures,omitempty"`             // by which TLS 1.2 signs its key exchange and TLS 1.3 its handshake, as registered by IANA: rsa_pss_rsae_sha256
}

// Suite is a cipher suite that the server took.
type Suite struct {
	ID      uint16 `json:"id" drift:"key"`     // as registered by IANA
	Name    string `json:"name"`               // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	Group   string `json:"group,omitempty"`    // of an elliptic key exchange
	DHBits  int    `json:"dh_bits,omitempty"`  // of a finite-field key exchange
	DHPrime string `json:"dh_prime,omitempty"` // well-known by this name, or own, or composite
}

// Staple is a stapled OCSP response: RFC 6066 section 8.
type Staple struct {
	Status     string    `json:"status"` // good, revoked, unknown, invalid
	ThisUpdate time.Time `json:"this_update,omitzero" drift:"-"`
	NextUpdate time.Time `json:"next_update,omitzero" drift:"-"`
	Text       string    `json:"text,omitempty" drift:"-"` // why it is invalid
}

// Probed is what came of one probe.
type Probed struct {
	Name  string `json:"name" drift:"key"` // one of the names of probes
	State string `json:"state"`            // safe, vulnerable, inconclusive
	Text  string `json:"text,omitempty" drift:"-"`
}

// States of a probe. Inconclusive: the endpoint, or something before it, answered oddly or not at all.
const (
	Safe         = "safe"
	Vulnerable   = "vulnerable"
	Inconclusive = "inconclusive"
)

// Names of probes. The last six send what a fragile server may stumble over, and run only when asked for.
const (
	Heartbleed    = "heartbleed"     // CVE-2014-0160
	Ticketbleed   = "ticketbleed"    // CVE-2016-9244
	LegacyReneg   = "legacy-reneg"   // CVE-2009-3555: renegotiation without RFC 5746
	ClientReneg   = "client-reneg"   // the client may renegotiate at will
	FallbackSCSV  = "fallback-scsv"  // RFC 7507 is not honoured
	NoSentinel    = "no-sentinel"    // RFC 8446 section 4.1.3: a downgrade is not marked
	CCSInjection  = "ccs-injection"  // CVE-2014-0224
	Robot         = "robot"          // CVE-2017-13099 and others
	PoodleTLS     = "poodle-tls"     // CVE-2014-8730
	PaddingOracle = "padding-oracle" // Zombie POODLE, GOLDENDOODLE, Sleeping POODLE
	ZeroLength    = "zero-length"    // CVE-2019-1559
	AESNIPadding  = "aes-ni-padding" // CVE-2016-2107
)

// Intrusive are the probes that run only when asked for.
var Intrusive = []string{CCSInjection, Robot, PoodleTLS, PaddingOracle, ZeroLength, AESNIPadding}

// Probe gives what came of the probe of this name; the zero Probed when it did not run.
func (f Fact) Probe(name string) Probed {
	for _, p := range f.Probes {
		if p.Name == name {
			return p
		}
	}
	return Probed{}
}

// Certificate is one of a chain, in the fields that are judged.
type Certificate struct {
	Subject     string    `json:"subject" drift:"key"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial" drift:"-"` // hex
	Names       []string  `json:"names,omitempty"`
	Addresses   []string  `json:"addresses,omitempty"`
	NotBefore   time.Time `json:"not_before" drift:"-"`
	NotAfter    time.Time `json:"not_after" drift:"-"`
	Key         string    `json:"key"`                        // RSA, ECDSA, Ed25519, or how x509 names it
	KeyBits     int       `json:"key_bits,omitempty"`         // 0 when unknown
	Signature   string    `json:"signature"`                  // SHA256-RSA, as crypto/x509 names it
	Exponent    int       `json:"exponent,omitempty"`         // of RSA; 0 when too large to matter
	Fingerprint string    `json:"fingerprint" drift:"-"`      // SHA-256 of the certificate, hex
	Public      string    `json:"public,omitempty" drift:"-"` // SHA-256 of the public key (RFC 7469 section 2.4), hex
	CA          bool      `json:"ca,omitempty"`
	MustStaple  bool      `json:"must_staple,omitempty"`          // RFC 7633
	Timestamps  int       `json:"timestamps,omitempty" drift:"-"` // signed certificate timestamps in it: RFC 6962
	IssuerURLs  []string  `json:"issuer_urls,omitempty"`          // where the issuer's certificate is: RFC 5280 section 4.2.2.1
	OCSP        []string  `json:"ocsp,omitempty"`
	CRL         []string  `json:"crl,omitempty"`
	Critical    []string  `json:"critical,omitempty"` // critical extensions that are not known here, as dotted numbers
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "tlsserver", Version: 1} }

// Probe is how recorded facts are read.
var Probe = host.Claiming(host.Probe[Fact]("TLS endpoint"), claims)

// claims gives the keys of the certificates that it shows: each should serve one stage.
func claims(f Fact) (out []fact.Claim) {
	for i, chain := range append([][]Certificate{f.Chain}, f.Others...) {
		if len(chain) == 0 || chain[0].Public == "" {
			continue
		}
		c := fact.Claim{Kind: "certificate_key", Fingerprint: chain[0].Public, Label: chain[0].Subject, At: f.Address}
		if i == 0 || !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Names of the protocols, newest first.
var Versions = []string{"TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0", "SSL 3.0", "SSL 2.0"}

// Parts that may be missing: each version by its name, and these.
const (
	PartChain = "chain"
	PartTrust = "trust" // whether the certificate is trusted
	PartHTTP  = "http"
)
