package tlsdial

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// lenient reads the fields of a certificate that are judged, and asks nothing else of it: whatever sign the
// serial number has, whatever curve, whatever extensions.
func lenient(raw []byte) (out certificate, ok bool) {
	input := cryptobyte.String(raw)
	var whole, tbs, algorithm, validity, key cryptobyte.String
	var issuer, subject cryptobyte.String
	var signature asn1.ObjectIdentifier
	serial := new(big.Int)
	if !input.ReadASN1(&whole, der.SEQUENCE) || !whole.ReadASN1(&tbs, der.SEQUENCE) ||
		!tbs.SkipOptionalASN1(der.Tag(0).Constructed().ContextSpecific()) || !tbs.ReadASN1Integer(serial) ||
		!tbs.ReadASN1(&algorithm, der.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&signature) ||
		!tbs.ReadASN1Element(&issuer, der.SEQUENCE) || !tbs.ReadASN1(&validity, der.SEQUENCE) ||
		!tbs.ReadASN1Element(&subject, der.SEQUENCE) || !tbs.ReadASN1Element(&key, der.SEQUENCE) {
		return certificate{}, false
	}
	sum, public := sha256.Sum256(raw), sha256.Sum256(key)
	c := tlsserver.Certificate{Subject: distinguished(subject), Issuer: distinguished(issuer), Serial: serial.Text(16),
		Signature: signatureOf(signature), Fingerprint: hex.EncodeToString(sum[:]), Public: hex.EncodeToString(public[:])}
	if !readTime(&validity, &c.NotBefore) || !readTime(&validity, &c.NotAfter) {
		return certificate{}, false
	}
	out.Certificate = c
	out.publicKey(key)
	out.furtherFields(tbs)
	return out, true
}

// distinguished gives a name as crypto/x509 does; empty where it is malformed.
func distinguished(raw []byte) string {
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &rdn); err != nil || len(rest) > 0 {
		return ""
	}
	var n pkix.Name
	n.FillFromRDNSequence(&rdn)
	return n.String()
}

// publicKey reads sort and size of a key: RFC 5280 section 4.1.2.7.
func (c *certificate) publicKey(raw cryptobyte.String) {
	var info, algorithm, n cryptobyte.String
	var kind, curve asn1.ObjectIdentifier
	var bits asn1.BitString
	if !raw.ReadASN1(&info, der.SEQUENCE) || !info.ReadASN1(&algorithm, der.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&kind) ||
		!info.ReadASN1BitString(&bits) {
		return
	}
	switch name := kind.String(); name {
	case "1.2.840.113549.1.1.1":
		c.Key = "RSA"
		modulus, exponent := new(big.Int), new(big.Int)
		key := cryptobyte.String(bits.Bytes)
		if !key.ReadASN1(&n, der.SEQUENCE) || !n.ReadASN1Integer(modulus) || !n.ReadASN1Integer(exponent) || modulus.Sign() <= 0 {
			return
		}
		c.KeyBits = modulus.BitLen()
		if exponent.Sign() > 0 && exponent.BitLen() < 32 && c.KeyBits <= 8*maxPrime {
			c.Exponent = int(exponent.Int64())
			c.rsa = &rsa.PublicKey{N: modulus, E: c.Exponent}
		}
	case "1.2.840.10045.2.1":
		c.Key = "ECDSA"
		if algorithm.ReadASN1ObjectIdentifier(&curve) {
			c.KeyBits = curveBits(curve.String())
		}
	default:
		c.Key, c.KeyBits = otherKey(name)
	}
}

// curveBits has the curves of RFC 5480 and RFC 5639, and that of SM2.
func curveBits(oid string) int {
	switch oid {
	case "1.2.840.10045.3.1.1":
		return 192
	case "1.3.132.0.33":
		return 224
	case "1.2.840.10045.3.1.7", "1.3.132.0.10", "1.3.36.3.3.2.8.1.1.7", "1.2.156.10197.1.301":
		return 256
	case "1.3.36.3.3.2.8.1.1.9":
		return 320
	case "1.3.132.0.34", "1.3.36.3.3.2.8.1.1.11":
		return 384
	case "1.3.36.3.3.2.8.1.1.13":
		return 512
	case "1.3.132.0.35":
		return 521
	}
	return 0
}

// otherKey has what RFC 8410 and RFC 9881 register; of ML-DSA the length of the secret key in bytes, by which
// the rating tells its three sorts apart.
func otherKey(oid string) (string, int) {
	switch oid {
	case "1.3.101.112":
		return "Ed25519", 256
	case "1.3.101.113":
		return "Ed448", 456
	case "1.2.840.10040.4.1":
		return "DSA", 0
	case "2.16.840.1.101.3.4.3.17":
		return "ML-DSA-44", 2560
	case "2.16.840.1.101.3.4.3.18":
		return "ML-DSA-65", 4032
	case "2.16.840.1.101.3.4.3.19":
		return "ML-DSA-87", 4896
	}
	return oid, 0
}

// signatureOf names an algorithm as crypto/x509 does, and what it no longer names by its number.
func signatureOf(oid asn1.ObjectIdentifier) string {
	names := map[string]string{
		"1.2.840.113549.1.1.2": "MD2-RSA", "1.2.840.113549.1.1.4": "MD5-RSA", "1.2.840.113549.1.1.5": "SHA1-RSA", "1.3.14.3.2.29": "SHA1-RSA",
		"1.2.840.113549.1.1.11": "SHA256-RSA", "1.2.840.113549.1.1.12": "SHA384-RSA", "1.2.840.113549.1.1.13": "SHA512-RSA",
		"1.2.840.113549.1.1.14": "SHA224-RSA", "1.2.840.113549.1.1.10": "RSAPSS", "1.2.840.10040.4.3": "DSA-SHA1", "2.16.840.1.101.3.4.3.2": "DSA-SHA256",
		"1.2.840.10045.4.1": "ECDSA-SHA1", "1.2.840.10045.4.3.1": "ECDSA-SHA224", "1.2.840.10045.4.3.2": "ECDSA-SHA256",
		"1.2.840.10045.4.3.3": "ECDSA-SHA384", "1.2.840.10045.4.3.4": "ECDSA-SHA512", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
		"2.16.840.1.101.3.4.3.17": "ML-DSA-44", "2.16.840.1.101.3.4.3.18": "ML-DSA-65", "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
	}
	if n, ok := names[oid.String()]; ok {
		return n
	}
	return oid.String()
}

// furtherFields reads the names and what else of the extensions is judged. A malformed one is passed over.
func (c *certificate) furtherFields(tbs cryptobyte.String) {
	var outer, list cryptobyte.String
	var has bool
	for i := range uint8(2) { // unique identifiers
		if !tbs.SkipOptionalASN1(der.Tag(i + 1).ContextSpecific()) {
			return
		}
	}
	if !tbs.ReadOptionalASN1(&outer, &has, der.Tag(3).Constructed().ContextSpecific()) || !has || !outer.ReadASN1(&list, der.SEQUENCE) {
		return
	}
	for !list.Empty() {
		var one, value cryptobyte.String
		var id asn1.ObjectIdentifier
		critical := false
		if !list.ReadASN1(&one, der.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&id) || !readFlag(&one, &critical) ||
			!one.ReadASN1(&value, der.OCTET_STRING) {
			return
		}
		switch {
		case id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}):
			c.alternatives(value)
		case id.Equal(asn1.ObjectIdentifier{2, 5, 29, 19}):
			var basic cryptobyte.String
			if value.ReadASN1(&basic, der.SEQUENCE) {
				readFlag(&basic, &c.CA)
			}
		case id.Equal(mustStaple):
			c.MustStaple = true
		case id.Equal(timestamps):
			c.Timestamps = countSealedStamps(value)
		case critical && !strings.HasPrefix(id.String(), "2.5.29."):
			c.Critical = append(c.Critical, id.String())
		}
	}
}

// alternatives reads the subject's names and addresses: RFC 5280 section 4.2.1.6.
func (c *certificate) alternatives(value cryptobyte.String) {
	var list cryptobyte.String
	if !value.ReadASN1(&list, der.SEQUENCE) {
		return
	}
	for !list.Empty() {
		var one cryptobyte.String
		var tag der.Tag
		if !list.ReadAnyASN1(&one, &tag) {
			return
		}
		switch tag {
		case der.Tag(2).ContextSpecific():
			c.Names = append(c.Names, strings.ToValidUTF8(string(one), "�"))
		case der.Tag(7).ContextSpecific():
			if len(one) == net.IPv4len || len(one) == net.IPv6len {
				c.Addresses = append(c.Addresses, net.IP(one).String())
			}
		}
	}
}

// readTime reads one of the two times of a validity.
func readTime(s *cryptobyte.String, out *time.Time) bool {
	if s.PeekASN1Tag(der.UTCTime) {
		return s.ReadASN1UTCTime(out)
	}
	return s.ReadASN1GeneralizedTime(out)
}

// readFlag reads a BOOLEAN that is left out where it is false.
func readFlag(s *cryptobyte.String, out *bool) bool {
	return !s.PeekASN1Tag(der.BOOLEAN) || s.ReadASN1Boolean(out)
}
