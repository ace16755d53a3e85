package tlsdial

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// TestTrust: what a chain is worth, and which of several stands for all.
func TestTrust(t *testing.T) {
	root, _ := authority(t, "Root", nil)
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	good, _ := leafOf(t, root)
	expired, _ := certify(t, root, &x509.Certificate{Subject: named("localhost"), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-72 * time.Hour), NotAfter: time.Now().Add(-70 * time.Hour)})
	root.NotBefore = expired.NotBefore // a root is older than what it issued
	stranger, _ := authority(t, "Stranger", nil)
	strange, _ := leafOf(t, stranger)
	trusted := tls.Certificate{Certificate: [][]byte{good.Raw}, PrivateKey: good.key}
	odd2, plain := oddities["negative serial"].der(t), selfSigned(t, false)
	negative := tls.Certificate{Certificate: [][]byte{odd2}, PrivateKey: plain.PrivateKey, Leaf: must(x509.ParseCertificate(plain.Certificate[0]))}
	for name, c := range map[string]struct {
		certs []tls.Certificate
		trust string
		text  string
		gaps  []string
	}{
		"trusted":             {[]tls.Certificate{trusted}, "trusted", "", nil},
		"and self-signed":     {[]tls.Certificate{trusted, plain}, "self-signed", "its own key", nil},
		"self-signed and":     {[]tls.Certificate{plain, trusted}, "self-signed", "its own key", nil},
		"and one to be told":  {[]tls.Certificate{trusted, negative}, "", "RFC 5280", []string{tlsserver.PartTrust}},
		"of nobody":           {[]tls.Certificate{{Certificate: [][]byte{strange.Raw}, PrivateKey: strange.key}}, "unknown-ca", "CN=Stranger", nil},
		"odd one besides":     {[]tls.Certificate{{Certificate: [][]byte{good.Raw, odd2}, PrivateKey: good.key}}, "trusted", "", nil},
		"odd one that counts": {[]tls.Certificate{{Certificate: [][]byte{strange.Raw, odd2}, PrivateKey: strange.key}}, "", "certificate 2", []string{tlsserver.PartTrust}},
		"garbage besides":     {[]tls.Certificate{{Certificate: [][]byte{good.Raw, {1, 2, 3}}, PrivateKey: good.key}}, "trusted", "", []string{tlsserver.PartChain}},
		"expired":             {[]tls.Certificate{{Certificate: [][]byte{expired.Raw}, PrivateKey: expired.key}}, "trusted", "", nil},
	} {
		for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			e := speaks(t, &tls.Config{Certificates: c.certs, MinVersion: v, MaxVersion: v})
			e.Roots = roots
			f, err := Probe(t.Context(), e)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var gaps []string
			for part := range f.Gaps {
				gaps = append(gaps, part)
			}
			if f.Trust != c.trust || !strings.Contains(f.TrustText, c.text) || !slices.Equal(gaps, c.gaps) || 1+len(f.Others) != len(c.certs) {
				t.Errorf("%s, %s: %q (%s), gaps %v, %d chains", name, tls.VersionName(v), f.Trust, f.TrustText, f.Gaps, 1+len(f.Others))
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
