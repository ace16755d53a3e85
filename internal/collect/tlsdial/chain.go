package tlsdial

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// certificates sees the chain: as sent in the clear up to TLS 1.2, else by a whole handshake.
func (e Endpoint) certificates(ctx context.Context, f *tlsserver.Fact, all []found) {
	var chain [][]byte
	for _, x := range all {
		for _, a := range x.answers {
			if len(chain) == 0 {
				chain = a.chain
			}
		}
	}
	if len(chain) == 0 {
		var err error
		if chain, err = e.handshake(ctx); err != nil {
			f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.Failed, Source: e.Address, Text: "the certificate could not be had: " + err.Error()})
			return
		}
	}
	var parsed []*x509.Certificate
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.NotParsable, Source: e.Address, Text: err.Error()})
			break
		}
		parsed = append(parsed, c)
		f.Chain = append(f.Chain, describe(c))
	}
	if len(parsed) > 0 {
		f.Trust, f.TrustText = trust(parsed)
	}
}

func (e Endpoint) handshake(ctx context.Context) ([][]byte, error) {
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	t := tls.Client(c, &tls.Config{ServerName: e.Name, InsecureSkipVerify: true}) // what it is worth is judged from what is seen
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, p := range t.ConnectionState().PeerCertificates {
		out = append(out, p.Raw)
	}
	return out, nil
}

func describe(c *x509.Certificate) tlsserver.Certificate {
	sum := sha256.Sum256(c.Raw)
	key, bits := keyOf(c)
	out := tlsserver.Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: c.DNSNames,
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Key: key, KeyBits: bits,
		Signature: c.SignatureAlgorithm.String(), Fingerprint: hex.EncodeToString(sum[:])}
	if c.SerialNumber != nil {
		out.Serial = c.SerialNumber.Text(16)
	}
	for _, ip := range c.IPAddresses {
		out.Addresses = append(out.Addresses, ip.String())
	}
	return out
}

// trust verifies the chain against the CAs of this machine as of a time within the leaf's validity:
// whether it is valid now is judged later, from the dates.
func trust(chain []*x509.Certificate) (kind, text string) {
	leaf := chain[0]
	at := time.Now()
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		at = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: at})
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return "trusted", ""
	case leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return "self-signed", "the certificate is signed with its own key"
	case errors.As(err, &unknown):
		return "unknown-ca", "no CA that this machine trusts stands behind it: " + chain[len(chain)-1].Issuer.String()
	}
	return "unknown-ca", err.Error()
}
