package tlsdial

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// odd is a certificate as no library makes it. Nothing has signed it.
type odd struct {
	serial     int64
	issuer     string // "localhost" when empty
	signature  asn1.ObjectIdentifier
	key        []byte   // SubjectPublicKeyInfo; empty for RSA of 2048 bits
	names      []string // "localhost" when empty
	extensions []pkix.Extension
}

var (
	oidRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEC     = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidMD2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 2}
)

func (o odd) der(t testing.TB) []byte {
	t.Helper()
	if o.signature == nil {
		o.signature = oidSHA256
	}
	if o.key == nil {
		o.key = rsaInfo(2048, 65537)
	}
	if o.issuer == "" {
		o.issuer = "localhost"
	}
	if o.names == nil {
		o.names = []string{"localhost"}
	}
	var b cryptobyte.Builder
	algorithm := func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(o.signature); b.AddASN1NULL() })
	}
	name := func(b *cryptobyte.Builder, s string) {
		raw, err := asn1.Marshal(pkix.Name{CommonName: s}.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		b.AddBytes(raw)
	}
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
			b.AddASN1Int64(o.serial)
			algorithm(b)
			name(b, o.issuer)
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1UTCTime(time.Now().UTC().Add(-time.Hour))
				b.AddASN1GeneralizedTime(time.Now().UTC().Add(24 * time.Hour))
			})
			name(b, "localhost")
			b.AddBytes(o.key)
			b.AddASN1(der.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, x := range append([]pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: alternatives(o.names)}}, o.extensions...) {
						b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(x.Id)
							if x.Critical {
								b.AddASN1Boolean(true)
							}
							b.AddASN1OctetString(x.Value)
						})
					}
				})
			})
		})
		algorithm(b)
		b.AddASN1BitString(make([]byte, 256))
	})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func alternatives(names []string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			b.AddASN1(der.Tag(2).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(n)) })
		}
		b.AddASN1(der.Tag(7).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte{127, 0, 0, 1}) })
	})
	return b.BytesOrPanic()
}

// rsaInfo is a public key whose modulus has so many bits.
func rsaInfo(bits uint, exponent int64) []byte {
	n := new(big.Int).Lsh(big.NewInt(3), bits-2)
	n.SetBit(n, 0, 1)
	var key cryptobyte.Builder
	key.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1BigInt(n); b.AddASN1Int64(exponent) })
	return keyInfo(oidRSA, nil, key.BytesOrPanic())
}

// curveInfo is a public key on a curve.
func curveInfo(curve ...int) []byte {
	return keyInfo(oidEC, curve, append([]byte{4}, make([]byte, 64)...))
}

func keyInfo(kind, parameter asn1.ObjectIdentifier, key []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(kind)
			if parameter != nil {
				b.AddASN1ObjectIdentifier(parameter)
			} else {
				b.AddASN1NULL()
			}
		})
		b.AddASN1BitString(key)
	})
	return b.BytesOrPanic()
}

// hundred are as many names as a CA allows.
func hundred() (out []string) {
	for i := range 100 {
		out = append(out, fmt.Sprintf("host-%d.a-rather-long-name.example", i))
	}
	return append(out, "localhost")
}

// oddities are certificates that servers have been seen with, and worse ones.
var oddities = map[string]odd{
	"plain":                      {serial: 7},
	"negative serial":            {serial: -7},
	"serial of zero":             {},
	"100 names":                  {serial: 7, names: hundred()},
	"no name":                    {serial: 7, names: []string{}},
	"name that is no text":       {serial: 7, names: []string{"local\xffhost", "localhost"}},
	"unknown critical extension": {serial: 7, extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}}},
	"extension twice":            {serial: 7, extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: alternatives([]string{"other"})}}},
	"malformed constraint":       {serial: 7, extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{1}}}},
	"RSA 511":                    {serial: 7, key: rsaInfo(511, 65537)},
	"RSA 512":                    {serial: 7, key: rsaInfo(512, 65537)},
	"RSA 512 of another":         {serial: 7, key: rsaInfo(512, 65537), issuer: "Elsewhere"},
	"RSA 1023":                   {serial: 7, key: rsaInfo(1023, 65537)},
	"RSA 1024":                   {serial: 7, key: rsaInfo(1024, 65537)},
	"RSA 2047":                   {serial: 7, key: rsaInfo(2047, 65537)},
	"RSA 16384":                  {serial: 7, key: rsaInfo(16384, 65537)},
	"exponent 1":                 {serial: 7, key: rsaInfo(2048, 1)},
	"exponent 0":                 {serial: 7, key: rsaInfo(2048, 0)},
	"RSA of no modulus":          {serial: 7, key: keyInfo(oidRSA, nil, []byte{0x30, 8, 2, 1, 0, 2, 3, 1, 0, 1})},
	"brainpoolP256r1":            {serial: 7, key: curveInfo(1, 3, 36, 3, 3, 2, 8, 1, 1, 7)},
	"secp192r1":                  {serial: 7, key: curveInfo(1, 2, 840, 10045, 3, 1, 1)},
	"unknown curve":              {serial: 7, key: curveInfo(1, 2, 3)},
	"Ed448":                      {serial: 7, key: keyInfo(asn1.ObjectIdentifier{1, 3, 101, 113}, nil, make([]byte, 57))},
	"MD2":                        {serial: 7, signature: oidMD2},
}

// TestOddCertificates: whatever the certificate, it is described as far as it can be, by TLS 1.3 and by TLS 1.2,
// and none of them makes a grade.
func TestOddCertificates(t *testing.T) {
	key := selfSigned(t, false).PrivateKey
	for name, want := range map[string]struct {
		key   string
		bits  int
		trust string
		rule  string // one of the reasons
	}{
		"plain":                      {"RSA", 2048, "unknown-ca", "trust"},
		"negative serial":            {"RSA", 2048, "", "chain"},
		"serial of zero":             {"RSA", 2048, "unknown-ca", "trust"},
		"100 names":                  {"RSA", 2048, "unknown-ca", "trust"},
		"no name":                    {"RSA", 2048, "unknown-ca", "name"},
		"name that is no text":       {"RSA", 2048, "", "chain"},
		"unknown critical extension": {"RSA", 2048, "unknown-ca", "trust"},
		"extension twice":            {"RSA", 2048, "", "chain"},
		"malformed constraint":       {"RSA", 2048, "", "chain"},
		"RSA 511":                    {"RSA", 511, "self-signed", "key"},
		"RSA 512":                    {"RSA", 512, "self-signed", "key"},
		"RSA 512 of another":         {"RSA", 512, "unknown-ca", "key"},
		"RSA 1023":                   {"RSA", 1023, "self-signed", "key"},
		"RSA 1024":                   {"RSA", 1024, "unknown-ca", "key"},
		"RSA 2047":                   {"RSA", 2047, "unknown-ca", "key"},
		"RSA 16384":                  {"RSA", 16384, "unknown-ca", "trust"},
		"exponent 1":                 {"RSA", 2048, "self-signed", "exponent"},
		"exponent 0":                 {"RSA", 2048, "", "chain"},
		"RSA of no modulus":          {"RSA", 0, "", "chain"},
		"brainpoolP256r1":            {"ECDSA", 256, "", "chain"},
		"secp192r1":                  {"ECDSA", 192, "", "chain"},
		"unknown curve":              {"ECDSA", 0, "", "chain"},
		"Ed448":                      {"Ed448", 456, "self-signed", "trust"},
		"MD2":                        {"RSA", 2048, "", "md5"},
	} {
		for version, v := range map[string]uint16{"TLS 1.3": tls.VersionTLS13, "TLS 1.2": tls.VersionTLS12} {
			t.Run(name+", "+version, func(t *testing.T) {
				t.Parallel()
				conf := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{oddities[name].der(t)}, PrivateKey: key}}, MinVersion: v, MaxVersion: v}
				f, err := Probe(t.Context(), serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() }))
				if err != nil || !slices.Equal(protocols(f), []string{version}) {
					t.Fatalf("%v %v %v", err, protocols(f), f.Gaps)
				}
				if len(f.Chain) != 1 {
					t.Fatalf("%d certificates, %v", len(f.Chain), f.Gaps)
				}
				c := f.Chain[0]
				if c.Key != want.key || c.KeyBits != want.bits || name != "MD2" && f.Trust != want.trust || c.Subject != "CN=localhost" || len(c.Fingerprint) != 64 || len(c.Public) != 64 {
					t.Errorf("%s %d %q (%s) %+v, want %+v", c.Key, c.KeyBits, f.Trust, f.TrustText, c, want)
				}
				if d := time.Until(c.NotAfter); d < 23*time.Hour || d > 24*time.Hour || !c.NotBefore.Before(time.Now()) {
					t.Errorf("valid from %s to %s", c.NotBefore, c.NotAfter)
				}
				if (f.Trust == "") != (f.Gaps[tlsserver.PartTrust].Text != "") {
					t.Errorf("trust %q, gap %q", f.Trust, f.Gaps[tlsserver.PartTrust].Text)
				}
				g := tlsserver.Rate(f, time.Now())
				if g.Letter != "" && g.Letter != "T" && g.Letter != "F" || !slices.ContainsFunc(g.Reasons, func(r tlsserver.Reason) bool { return r.Rule == want.rule }) {
					t.Errorf("graded %q %q, want the rule %s", g.Letter, g.Reasons, want.rule)
				}
			})
		}
	}
}

// TestLenientAgrees: of a certificate that crypto/x509 takes, the lenient reading says the same.
func TestLenientAgrees(t *testing.T) {
	_, last := authority(t, "Root", nil)
	for name, der := range map[string][]byte{"RSA": selfSigned(t, false).Certificate[0], "ECDSA": selfSigned(t, true).Certificate[0], "CA": last.Raw,
		"100 names": oddities["100 names"].der(t), "critical": oddities["unknown critical extension"].der(t)} {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		want := describe(c)
		got, ok := lenient(der)
		want.IssuerURLs, want.OCSP, want.CRL = nil, nil, nil
		if !ok || fmt.Sprintf("%+v", got.Certificate) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %+v\nwant %+v", name, got.Certificate, want)
		}
	}
}

// authority makes a CA, of its own or issued by another.
func authority(t testing.TB, name string, by *issuer) (*issuer, *x509.Certificate) {
	t.Helper()
	return certify(t, by, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
}

type issuer struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// certify issues a certificate; by nil with its own key.
func certify(t testing.TB, by *issuer, c *x509.Certificate) (*issuer, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if c.SerialNumber == nil {
		c.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	}
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	if by == nil {
		by = &issuer{c, key}
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{out, key}, out
}

func leafOf(t testing.TB, by *issuer, urls ...string) (*issuer, *x509.Certificate) {
	return certify(t, by, &x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IssuingCertificateURL: urls})
}

// shows is a server of TLS 1.2 and 1.3 with a chain.
func shows(t testing.TB, leaf *issuer, more ...*x509.Certificate) Endpoint {
	c := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leaf.key}
	for _, m := range more {
		c.Certificate = append(c.Certificate, m.Raw)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{c}}
	return serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() })
}

// TestLoop: two CAs that vouch for each other, again and again, are no trust and no hang; with the root of the
// estate they are.
func TestLoop(t *testing.T) {
	a, _ := authority(t, "A", nil)
	b, bByA := authority(t, "B", a)
	again := &x509.Certificate{Subject: pkix.Name{CommonName: "A"}, SerialNumber: big.NewInt(9), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, again, b.Certificate, a.key.Public(), b.key)
	if err != nil {
		t.Fatal(err)
	}
	aByB, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := leafOf(t, b)
	e := shows(t, leaf, bByA, aByB, bByA, aByB, bByA)
	f, err := Probe(t.Context(), e)
	if err != nil || f.Trust != "unknown-ca" || len(f.Chain) != 6 || len(f.Gaps) > 0 {
		t.Errorf("%v %s %d %v", err, f.Trust, len(f.Chain), f.Gaps)
	}
	e.Roots = x509.NewCertPool()
	e.Roots.AddCert(a.Certificate)
	if f, err = Probe(t.Context(), e); err != nil || f.Trust != "trusted" {
		t.Errorf("%v %s %s", err, f.Trust, f.TrustText)
	}
}

// TestLargeChain: a chain that is larger than any honest one is not read, what else the server offers is seen, and
// there is no grade.
func TestLargeChain(t *testing.T) {
	cert := selfSigned(t, false)
	for len(cert.Certificate) < 400 {
		cert.Certificate = append(cert.Certificate, cert.Certificate[0])
	}
	for version, v := range map[string]uint16{"TLS 1.3": tls.VersionTLS13, "TLS 1.2": tls.VersionTLS12} {
		conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: v, MaxVersion: v}
		f, err := Probe(t.Context(), serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() }))
		if err != nil || !slices.Equal(protocols(f), []string{version}) || len(names(f, version)) < 3 || len(f.Chain) > 0 ||
			!strings.Contains(f.Gaps[tlsserver.PartChain].Text, "more than 256 KiB") {
			t.Errorf("%s: %v %v %v", version, err, protocols(f), f.Gaps)
		}
		if g := tlsserver.Rate(f, time.Now()); g.Letter != "" {
			t.Errorf("%s: graded %s", version, g.Letter)
		}
	}
	cert.Certificate = cert.Certificate[:100]
	conf := &tls.Config{Certificates: []tls.Certificate{cert}}
	f, err := Probe(t.Context(), serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() }))
	if err != nil || len(f.Chain) != maxChain || len(f.Gaps) > 0 {
		t.Errorf("%v, %d certificates, %v", err, len(f.Chain), f.Gaps)
	}
}

// TestEndlessHandshake: what never ends is left, by its size or by the time.
func TestEndlessHandshake(t *testing.T) {
	hello := append(append([]byte{2, 0, 0, 38, 3, 3}, make([]byte, 32)...), 0, 0, 0x2f, 0)
	record := func(kind byte, body []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(len(body))), body...)
	}
	for name, c := range map[string]struct {
		first, then []byte
		want        string // in the error
	}{
		"messages":          {record(22, hello), record(22, bytes.Repeat([]byte{13, 0, 0, 2, 0, 0}, 1000)), "more than"},
		"warnings":          {nil, record(21, []byte{1, 112}), "more than"},
		"a byte":            {[]byte{22}, nil, "timeout"},
		"a hello, a byte":   {append(record(22, hello), 22), nil, "timeout"},
		"pieces of message": {record(22, hello), record(22, bytes.Repeat([]byte{11, 3, 0xff, 0xff, 0}, 10)), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, func(conn net.Conn) {
				_, _ = conn.Write(c.first)
				for c.then != nil {
					if _, err := conn.Write(c.then); err != nil {
						return
					}
				}
				_, _ = io.Copy(io.Discard, conn) // until the other side goes
			})
			if c.then == nil {
				e.Timeout = 300 * time.Millisecond
			}
			f, err := Probe(t.Context(), e)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(f.Protocols) > 0 {
				t.Errorf("%v %+v", err, f)
			}
		})
	}
}

// FuzzCertificate: whatever a server shows, reading it ends, and what is read is stable.
func FuzzCertificate(f *testing.F) {
	for _, o := range oddities {
		f.Add(o.der(f))
	}
	f.Add(selfSigned(f, true).Certificate[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := readCertificate(data)
		if err != nil {
			if c.Fingerprint != "" || c.strict != nil {
				t.Error("an error with a certificate")
			}
			return
		}
		if len(c.Fingerprint) != 64 || c.Public == "" || (c.strict == nil) != (c.why != nil) {
			t.Errorf("%+v", c)
		}
		if c.rsa != nil && (c.rsa.N.Sign() <= 0 || c.Key != "RSA") {
			t.Errorf("%+v", c.rsa)
		}
	})
}
