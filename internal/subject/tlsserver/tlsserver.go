// Package tlsserver knows what a TLS endpoint offers and what that is worth: protocols, cipher suites,
// certificates, and the grade by the SSL Labs method. What the site behind it answers is judged by the
// subject website.
package tlsserver

import (
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what one address of a TLS endpoint offers. A protocol that is neither in Protocols nor among
// the gaps is not offered.
type Fact struct {
	fact.Gaps   `json:"gaps,omitempty"`
	Name        string        `json:"name"`    // as asked: shop.example
	Address     string        `json:"address"` // 192.0.2.1:443
	Protocols   []Protocol    `json:"protocols,omitempty"`
	Chain       []Certificate `json:"chain,omitempty"`        // as sent, leaf first
	Trust       string        `json:"trust,omitempty"`        // trusted, or why not: self-signed, unknown-ca, incomplete
	TrustText   string        `json:"trust_text,omitempty"`   // the reason in words
	Groups      []string      `json:"groups,omitempty"`       // of TLS 1.3, as registered by IANA: x25519
	SecureReneg bool          `json:"secure_reneg,omitempty"` // RFC 5746, of TLS up to 1.2
	Compression bool          `json:"compression,omitempty"`  // of TLS up to 1.2
	HTTP        bool          `json:"http,omitempty"`         // HTTP answered over it
	HSTS        []string      `json:"hsts,omitempty"`         // Strict-Transport-Security headers, as sent
}

// Protocol is a version that is offered, with its suites.
type Protocol struct {
	Name   string  `json:"name"`             // TLS 1.3, TLS 1.2, TLS 1.1, TLS 1.0, SSL 3.0, SSL 2.0
	Suites []Suite `json:"suites,omitempty"` // in the server's order, where it has one
	Order  string  `json:"order,omitempty"`  // whose preference counts: server, client; empty when not told apart
}

// Suite is a cipher suite that the server took.
type Suite struct {
	ID     uint16 `json:"id"`                // as registered by IANA
	Name   string `json:"name"`              // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	Group  string `json:"group,omitempty"`   // of an elliptic key exchange
	DHBits int    `json:"dh_bits,omitempty"` // of a finite-field key exchange
}

// Certificate is one of a chain, in the fields that are judged.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"` // hex
	Names       []string  `json:"names,omitempty"`
	Addresses   []string  `json:"addresses,omitempty"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Key         string    `json:"key"`                // RSA, ECDSA, Ed25519, or how x509 names it
	KeyBits     int       `json:"key_bits,omitempty"` // 0 when unknown
	Signature   string    `json:"signature"`          // SHA256-RSA, as crypto/x509 names it
	Fingerprint string    `json:"fingerprint"`        // SHA-256 of the certificate, hex
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "tlsserver", Version: 1} }

// Probe is how recorded facts are read.
var Probe = host.Probe[Fact]("TLS endpoint")

// Names of the protocols, newest first.
var Versions = []string{"TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0", "SSL 3.0", "SSL 2.0"}

// Parts that may be missing: each version by its name, and these.
const (
	PartChain = "chain"
	PartHTTP  = "http"
)
