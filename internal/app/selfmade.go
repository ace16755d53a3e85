package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// selfMadeTime is how long a self-made certificate holds: long enough to get a real one.
const selfMadeTime = 30 * 24 * time.Hour

// selfMade gives the files of a certificate for a name that nobody vouches for, in the state folder, and its fingerprint. One
// that still holds for a day is kept, so that who compared it once need not again.
func selfMade(stateFlag, name string, now time.Time) (cert, key, fingerprint string, err error) {
	if name == "" || net.ParseIP(name) != nil || strings.ContainsAny(name, "/\\ ") {
		return "", "", "", &UsageError{"--tls-self wants --name, the name under which people go there: hub.example.org"}
	}
	state, err := StateDir(stateFlag)
	if err != nil {
		return "", "", "", err
	}
	dir := filepath.Join(state, "tls")
	cert, key = filepath.Join(dir, "self-"+name+".pem"), filepath.Join(dir, "self-"+name+".key")
	if pair, err := tls.LoadX509KeyPair(cert, key); err == nil && pair.Leaf != nil && now.AddDate(0, 0, 1).Before(pair.Leaf.NotAfter) && pair.Leaf.VerifyHostname(name) == nil {
		return cert, key, fingerprintOf(pair.Leaf.Raw), nil
	}
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", "", err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"Holdfast, self-made"}}, DNSNames: []string{name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfMadeTime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		return "", "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return "", "", "", err
	}
	err = os.MkdirAll(dir, 0o700)
	for _, f := range []struct{ path, kind, data string }{{key, "PRIVATE KEY", string(der)}, {cert, "CERTIFICATE", string(raw)}} {
		err = errors.Join(err, os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: []byte(f.data)}), 0o600))
	}
	if err != nil {
		return "", "", "", fmt.Errorf("keep the self-made certificate: %w", err)
	}
	return cert, key, fingerprintOf(raw), nil
}

// fingerprintOf is the SHA-256 of a certificate as browsers show it.
func fingerprintOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var out []string
	for i := 0; i < len(text); i += 2 {
		out = append(out, text[i:i+2])
	}
	return strings.Join(out, ":")
}
