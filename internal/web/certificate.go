package web

import "time"

// Certificate is the certificate of an endpoint, with where it was last seen in use.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"` // hex
	Names       []string  `json:"names"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	DaysLeft    int       `json:"days_left"` // whole days; below 0 when it has ended
	Status      string    `json:"status"`    // ended, ending (within the window of the estate, else 30 days), valid, future
	Key         string    `json:"key"`       // ECDSA 256
	Signature   string    `json:"signature"`
	Fingerprint string    `json:"fingerprint"` // SHA-256 of the certificate, hex
	PublicKey   string    `json:"public_key"`  // SHA-256 of the public key (RFC 7469 section 2.4), hex
	UsedAt      []Use     `json:"used_at"`
}

// Use is an endpoint that showed a certificate, and whose it is.
type Use struct {
	Endpoint     string    `json:"endpoint"` // shop.example:443
	Address      string    `json:"address"`  // 192.0.2.1:443
	System       string    `json:"system,omitempty"`
	Environment  string    `json:"environment,omitempty"`
	Applications []string  `json:"applications,omitempty"`
	Teams        []string  `json:"teams,omitempty"`
	SeenAt       time.Time `json:"seen_at"`
}
