// Package link is the end of the bus in an agent: it joins by a token, dials the control plane and nobody else, keeps its
// certificate fresh, and delivers reports from a spool on disk. It looks at nothing and judges nothing.
package link

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"holdfast.example/holdfast/internal/agent"
)

// Identity is who an agent is: what the control plane gave it, and its private key.
type Identity struct {
	Address     string        `json:"address"`             // of the token
	Others      []string      `json:"addresses,omitempty"` // of all control planes, as one of them said
	ID          string        `json:"id"`
	Environment string        `json:"environment"`
	Subject     string        `json:"subject,omitempty"`
	Certificate []byte        `json:"certificate"` // DER
	PrivateKey  []byte        `json:"private_key"` // PKCS #8, DER
	Authority   []byte        `json:"authority"`   // DER
	Key         []byte        `json:"key"`         // of fingerprints
	Every       time.Duration `json:"every"`
}

const identityFile = "identity.json"

// ErrNotJoined means that a folder holds no identity.
var ErrNotJoined = errors.New("this machine has not joined a control plane; make a token there: holdfast agent invite, then here: holdfast join TOKEN")

// ReadIdentity reads the identity of a folder.
func ReadIdentity(dir string) (Identity, error) {
	path := filepath.Join(dir, identityFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, ErrNotJoined
	} else if err != nil {
		return Identity{}, fmt.Errorf("read the identity of this agent: %w", err)
	}
	var i Identity
	if err := json.Unmarshal(data, &i); err != nil {
		return Identity{}, fmt.Errorf("read the identity of this agent %s: %w; join again with a new token", path, err)
	}
	if _, err := i.certificate(); err != nil || len(i.Key) != 32 || !agent.IsID(i.ID) {
		return Identity{}, fmt.Errorf("read the identity of this agent %s: a part is missing or damaged; join again with a new token", path)
	}
	return i, nil
}

// write keeps the identity: the old one or the new one is there at every moment.
func (i Identity) write(dir string) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the identity of this agent: %w", err)
	}
	if err := keep(filepath.Join(dir, identityFile), data); err != nil {
		return fmt.Errorf("keep the identity of this agent: %w", err)
	}
	return nil
}

func (i Identity) certificate() (*tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(i.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(i.PrivateKey)
	if err != nil {
		return nil, err
	}
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok || !k.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("key and certificate do not belong together")
	}
	return &tls.Certificate{Certificate: [][]byte{i.Certificate}, PrivateKey: k, Leaf: leaf}, nil
}

// newKey makes a key and the request for its certificate.
func newKey() (key, csr []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if key, err = x509.MarshalPKCS8PrivateKey(k); err != nil {
		return nil, nil, err
	}
	csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	return key, csr, err
}
