package hub

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/agent"
)

// Authority signs the certificates of agents and of the server that they dial. Its key lies in one file of the state folder.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	server *tls.Certificate
}

const (
	authorityTime = 20 * 365 * 24 * time.Hour
	serverTime    = 30 * 24 * time.Hour
	agentTime     = 24 * time.Hour
	// renewalTime is how long after the end of its certificate an agent may still ask for the next one, and for nothing else:
	// who comes back after a long absence of either side need not be invited again.
	renewalTime = 90 * 24 * time.Hour
	// early is how much before now a certificate begins: clocks differ.
	early = 10 * time.Minute
)

// OpenAuthority reads the authority from a folder, or makes it there. Two first starts at once agree on one.
func OpenAuthority(dir string, now time.Time) (*Authority, error) {
	path := filepath.Join(dir, "authority.pem")
	for range 2 {
		data, err := os.ReadFile(path)
		if err == nil {
			a, err := parseAuthority(data)
			if err != nil {
				return nil, fmt.Errorf("read the authority of agents %s: %w; restore it from a backup: without it every agent has to join again", path, err)
			}
			return a, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the authority of agents: %w", err)
		}
		if err := makeAuthority(dir, path, now); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the authority of agents %s: %w", path, err)
		}
	}
	return nil, fmt.Errorf("make the authority of agents %s: it vanished", path)
}

func makeAuthority(dir, path string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Holdfast agents"}, NotBefore: now.Add(-early), NotAfter: now.Add(authorityTime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".authority-*") // readable by its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func parseAuthority(data []byte) (*Authority, error) {
	a := &Authority{}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, err
			}
			a.cert = c
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, errors.New("its key cannot be read")
			}
			a.key, _ = k.(*ecdsa.PrivateKey)
		}
	}
	if a.cert == nil || a.key == nil || !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, errors.New("certificate and key are not both there, or do not belong together")
	}
	return a, nil
}

// Pin is the SHA-256 of the authority's public key.
func (a *Authority) Pin() [32]byte { return sha256.Sum256(a.cert.RawSubjectPublicKeyInfo) }

// serverCertificate is that of the server; a new one is made when a third of its time is left.
func (a *Authority) serverCertificate(now time.Time) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil && now.Before(a.server.Leaf.NotAfter.Add(-serverTime/3)) && now.After(a.server.Leaf.NotBefore) {
		return a.server, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, leaf, err := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: agent.ServerName}, DNSNames: []string{agent.ServerName}, NotBefore: now.Add(-early), NotAfter: now.Add(serverTime),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, key.Public())
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.server, nil
}

// admit signs the key of a request for an agent. Nothing else is taken from the request.
func (a *Authority) admit(csr []byte, id string, now time.Time) (der []byte, until time.Time, err error) {
	r, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return nil, until, fmt.Errorf("read the request for a certificate: %w", err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, until, fmt.Errorf("read the request for a certificate: %w", err)
	}
	if k, ok := r.PublicKey.(*ecdsa.PublicKey); !ok || k.Curve != elliptic.P256() {
		return nil, until, errors.New("read the request for a certificate: its key is not of P-256")
	}
	until = now.Add(agentTime).UTC().Truncate(time.Second)
	der, _, err = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: id}, NotBefore: now.Add(-early), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, r.PublicKey)
	return der, until, err
}

func (a *Authority) sign(c *x509.Certificate, key any) ([]byte, *x509.Certificate, error) {
	c.SerialNumber, c.KeyUsage, c.BasicConstraintsValid = serial(), x509.KeyUsageDigitalSignature, true
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key, a.key)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return der, leaf, err
}

// recognise gives the agent that a certificate was made for, and whether its time is over. False: it is none of ours, not
// yet valid, or over for longer than renewalTime.
func (a *Authority) recognise(c *x509.Certificate, now time.Time) (id string, over, ok bool) {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	// Signature, authority and purpose at a time when it was valid; the time is looked at below.
	_, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: c.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil || !agent.IsID(c.Subject.CommonName) || now.Before(c.NotBefore) || now.After(c.NotAfter.Add(renewalTime)) {
		return "", false, false
	}
	return c.Subject.CommonName, now.After(c.NotAfter), true
}

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}
