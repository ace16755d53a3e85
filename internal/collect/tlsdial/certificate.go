package tlsdial

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"

	"golang.org/x/crypto/cryptobyte"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// certificate is one that was read.
type certificate struct {
	tlsserver.Certificate
	strict *x509.Certificate // nil where crypto/x509 refuses it
	why    error             // that it does
	rsa    *rsa.PublicKey    // nil for other keys
}

// readCertificate describes a certificate. What crypto/x509 refuses (a negative serial number, a curve that it
// does not have) other clients take all the same, so that it is read a second time, for what is judged.
func readCertificate(der []byte) (certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		out, ok := lenient(der)
		if !ok {
			return certificate{}, err
		}
		out.why = err
		return out, nil
	}
	out := certificate{Certificate: describe(c), strict: c}
	out.rsa, _ = c.PublicKey.(*rsa.PublicKey)
	if out.KeyBits == 0 || c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		if other, ok := lenient(der); ok {
			if out.KeyBits == 0 {
				out.Key, out.KeyBits = other.Key, other.KeyBits
			}
			if c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
				out.Signature = other.Signature
			}
		}
	}
	return out, nil
}

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
			out.Timestamps = countSealedStamps(x.Value)
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

// countSealedStamps counts the timestamps of the extension of a certificate.
func countSealedStamps(value []byte) int {
	var list []byte
	if _, err := asn1.Unmarshal(value, &list); err != nil {
		return 0
	}
	return countStamps(list)
}

// countStamps counts the timestamps of a list: RFC 6962 section 3.3.
func countStamps(s cryptobyte.String) (n int) {
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
