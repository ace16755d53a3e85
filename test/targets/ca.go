package targets

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Authority is a certification authority. It keeps the RSA keys that it made: making one takes long.
type Authority struct {
	Cert *x509.Certificate
	Key  *ecdsa.PrivateKey

	mu   sync.Mutex
	made map[int]*rsa.PrivateKey // by bits
	next int64                   // serial number
}

// NewAuthority makes one that was valid for two years already, so that what it signed can have expired.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, Key: key, made: map[int]*rsa.PrivateKey{}, next: 2}, nil
}

// Trusting makes an authority that this process and its children trust instead of those of the machine, until done.
// It is for TestMain: what has read the machine's authorities does not read again.
func Trusting(name string) (a *Authority, done func(), err error) {
	if a, err = NewAuthority(name); err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "authority")
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, a.PEM(), 0o600); err != nil {
		return nil, nil, err
	}
	// A folder without certificates keeps those of the machine out.
	for name, value := range map[string]string{"SSL_CERT_FILE": file, "SSL_CERT_DIR": filepath.Join(dir, "none")} {
		if err := os.Setenv(name, value); err != nil {
			return nil, nil, err
		}
	}
	return a, func() { _ = os.RemoveAll(dir) }, nil
}

// PEM is the certificate of the authority.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Cert.Raw})
}

// Leaf is what a certificate of a server should be. The zero Leaf is a good one: ECDSA P-256, for localhost, of 60 days.
type Leaf struct {
	RSA          int      // bits of an RSA key in place of ECDSA
	Names        []string // in place of localhost
	Expired      bool     // a month ago
	SelfSigned   bool
	Intermediate bool // an authority between signs, whose certificate is sent
	Incomplete   bool // one signs whose certificate is not sent, only where to have it
	Client       bool // it does for clients too
}

// Issued is a certificate with its key, in files.
type Issued struct {
	Dir         string // where these are
	Chain       string // file of the certificate and what is between it and the authority
	Key         string // file of its key
	Both        string // file of all of it
	Fingerprint string // SHA-256 of the certificate, hex
	Leaf        *x509.Certificate
	TLS         tls.Certificate
}

// Issue makes a certificate and its key.
func (a *Authority) Issue(tb testing.TB, l Leaf) Issued {
	tb.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	key := a.key(tb, l.RSA)
	names := l.Names
	if len(names) == 0 {
		names = []string{"localhost"}
	}
	a.next++
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 60)}
	if l.Client {
		tmpl.ExtKeyUsage = append(tmpl.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if l.Expired {
		tmpl.NotBefore, tmpl.NotAfter = time.Now().AddDate(0, -4, 0), time.Now().AddDate(0, -1, 0)
	}
	parent, signer := a.Cert, crypto.Signer(a.Key)
	var between []byte
	switch {
	case l.SelfSigned:
		parent, signer = tmpl, key
	case l.Intermediate, l.Incomplete:
		parent, signer = a.between(tb)
		if l.Incomplete {
			tmpl.IssuingCertificateURL = []string{"http://ca.example/between.crt"}
		} else {
			between = parent.Raw
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	must(err)
	leaf, err := x509.ParseCertificate(der)
	must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	sum := sha256.Sum256(der)
	out := Issued{Dir: Folder(tb), Fingerprint: hex.EncodeToString(sum[:]), Leaf: leaf,
		TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if between != nil {
		out.TLS.Certificate = append(out.TLS.Certificate, between)
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: between})...)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	out.Chain, out.Key, out.Both = filepath.Join(out.Dir, "chain.pem"), filepath.Join(out.Dir, "key.pem"), filepath.Join(out.Dir, "both.pem")
	must(os.WriteFile(out.Chain, chain, 0o600))
	must(os.WriteFile(out.Key, secret, 0o600))
	must(os.WriteFile(out.Both, append(chain, secret...), 0o600))
	return out
}

func (a *Authority) key(tb testing.TB, bits int) crypto.Signer {
	tb.Helper()
	if bits == 0 {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		return k
	}
	if a.made[bits] == nil {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			tb.Fatal(err)
		}
		a.made[bits] = k
	}
	return a.made[bits]
}

// between makes an authority that this one vouches for.
func (a *Authority) between(tb testing.TB) (*x509.Certificate, crypto.Signer) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a.next++
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: a.Cert.Subject.CommonName + " between"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: a.Cert.NotBefore, NotAfter: a.Cert.NotAfter}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.Cert, key.Public(), a.Key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert, key
}
