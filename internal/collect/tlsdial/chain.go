package tlsdial

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// certificates sees the chains: as sent in the clear up to TLS 1.2, and in a whole handshake of the newest
// version. The first is the one that this handshake had.
func (e Endpoint) certificates(ctx context.Context, f *tlsserver.Fact, all []found) {
	var chains [][][]byte
	add := func(chain [][]byte) {
		same := func(c [][]byte) bool { return bytes.Equal(c[0], chain[0]) }
		if len(chain) > 0 && len(chains) < maxChains && !slices.ContainsFunc(chains, same) {
			chains = append(chains, chain)
		}
	}
	state, err := e.whole(ctx)
	if err == nil {
		var chain [][]byte
		for _, p := range state.PeerCertificates {
			chain = append(chain, p.Raw)
		}
		add(chain)
		f.AsksClient = state.VerifiedChains != nil
		f.Staple = stapled(state.OCSPResponse, state.PeerCertificates)
		f.Stamps = len(state.SignedCertificateTimestamps)
	}
	for _, x := range all {
		for _, a := range x.answers {
			add(a.chain)
			f.AsksClient = f.AsksClient || a.asks
		}
	}
	if len(chains) == 0 {
		text := "it sends none"
		if err != nil {
			text = err.Error()
		}
		f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.Failed, Source: e.Address, Text: "the certificate could not be had: " + text})
		return
	}
	for i, chain := range chains {
		var parsed []*x509.Certificate
		var described []tlsserver.Certificate
		for _, der := range chain {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.NotParsable, Source: e.Address, Text: err.Error()})
				break
			}
			parsed, described = append(parsed, c), append(described, describe(c))
		}
		if len(parsed) == 0 {
			continue
		}
		if kind, text := e.trust(parsed); i == 0 || f.Trust == "trusted" {
			f.Trust, f.TrustText = kind, text
		}
		if i == 0 {
			f.Chain = described
		} else {
			f.Others = append(f.Others, described)
		}
	}
}

// maxChains bounds what is kept of a server that has another certificate for each suite.
const maxChains = 8

func describe(c *x509.Certificate) tlsserver.Certificate {
	sum := sha256.Sum256(c.Raw)
	key, bits := keyOf(c)
	out := tlsserver.Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: c.DNSNames,
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Key: key, KeyBits: bits,
		Signature: c.SignatureAlgorithm.String(), Fingerprint: hex.EncodeToString(sum[:])}
	public := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	out.Public, out.CA = hex.EncodeToString(public[:]), c.IsCA
	out.IssuerURLs, out.OCSP, out.CRL = c.IssuingCertificateURL, c.OCSPServer, c.CRLDistributionPoints
	if k, ok := c.PublicKey.(*rsa.PublicKey); ok {
		out.Exponent = k.E
	}
	for _, x := range c.Extensions {
		switch {
		case x.Id.Equal(mustStaple):
			out.MustStaple = true
		case x.Id.Equal(timestamps):
			out.Timestamps = stamps(x.Value)
		}
	}
	for _, id := range c.UnhandledCriticalExtensions {
		out.Critical = append(out.Critical, id.String())
	}
	if c.SerialNumber != nil {
		out.Serial = c.SerialNumber.Text(16)
	}
	for _, ip := range c.IPAddresses {
		out.Addresses = append(out.Addresses, ip.String())
	}
	return out
}

var (
	mustStaple = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}       // RFC 7633
	timestamps = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962 section 3.3
)

// stamps counts the timestamps of a list: RFC 6962 section 3.3.
func stamps(value []byte) (n int) {
	var list []byte
	if _, err := asn1.Unmarshal(value, &list); err != nil {
		return 0
	}
	s := cryptobyte.String(list)
	var all cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&all) {
		return 0
	}
	for !all.Empty() {
		var one cryptobyte.String
		if !all.ReadUint16LengthPrefixed(&one) {
			return n
		}
		n++
	}
	return n
}

// trust verifies the chain against the CAs of this machine and those of the estate as of a time within the
// leaf's validity: whether it is valid now is judged later, from the dates.
func (e Endpoint) trust(chain []*x509.Certificate) (kind, text string) {
	leaf := chain[0]
	at := time.Now()
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		at = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	err := verify(leaf, x509.VerifyOptions{Intermediates: between, CurrentTime: at}, e.Roots)
	var unknown x509.UnknownAuthorityError
	last := chain[len(chain)-1]
	switch {
	case err == nil:
		return "trusted", ""
	case leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return "self-signed", "the certificate is signed with its own key"
	case errors.As(err, &unknown) && len(last.IssuingCertificateURL) > 0 && !bytes.Equal(last.RawIssuer, last.RawSubject):
		// Whether that one leads to a CA that is trusted is not known without fetching it.
		return "incomplete", "the certificate of its issuer is not sent, only where to have it: " + last.Issuer.String()
	case errors.As(err, &unknown):
		return "unknown-ca", "no CA that this machine trusts stands behind it: " + last.Issuer.String()
	}
	return "unknown-ca", err.Error()
}

// verify tries the CAs of the machine, then those of the estate.
func verify(leaf *x509.Certificate, o x509.VerifyOptions, more *x509.CertPool) error {
	_, err := leaf.Verify(o)
	if err != nil && more != nil {
		o.Roots = more
		if _, other := leaf.Verify(o); other == nil {
			return nil
		}
	}
	return err
}
