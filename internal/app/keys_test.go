package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// keyed starts a TLS service whose certificate has a key, and gives its port.
func keyed(t *testing.T, key *ecdsa.PrivateKey, serial int64) string {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{"shop.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _ = c.(*tls.Conn).Handshake() }()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestSharedCertificateKey: one key behind two certificates, of production and of test, is found on both; a key for
// each is not, nor is one that two endpoints of one stage share.
func TestSharedCertificateKey(t *testing.T) {
	named(t, "127.0.0.1")
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		first, second int    // the keys
		stage         string // of the second
		want          check.Verdict
	}{
		"shared":         {0, 0, "test", check.Fail},
		"a key each":     {0, 1, "test", check.Pass},
		"in one stage":   {0, 0, "prod", check.NotApplicable},
		"without estate": {0, 0, "", check.Unknown},
	} {
		one, two := keyed(t, keys[c.first], 1), keyed(t, keys[c.second], 2)
		o := Options{Targets: []string{"tls://shop.test:" + one, "tls://test.shop.test:" + two}, State: t.TempDir(), Only: []string{"environment-certificate-key-per-stage"}}
		if c.stage != "" {
			o.Estate = filepath.Join(t.TempDir(), "estate.yaml")
			text := fmt.Sprintf(`organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: platform, lead: erika, members: [erika], contact: platform@northwind.example}]
environments: [{name: prod, stage: production}, {name: test, stage: test}]
applications: [{name: shop, team: platform, management: erika, criticality: high, exposure: internet, environments: [prod, test]}]
systems:
  - {name: web-1, application: shop, environment: prod, target: "ssh://shop.test", services: [{port: %s, protocol: tls, audience: [internet]}]}
  - {name: web-2, application: shop, environment: %s, target: "ssh://test.shop.test", services: [{port: %s, protocol: tls, audience: [internet]}]}
`, one, c.stage, two)
			if err := os.WriteFile(o.Estate, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := Assess(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(a.Results) != 2 {
			t.Errorf("%s: %+v", name, a.Results)
		}
		for _, r := range a.Results {
			if r.Verdict != c.want {
				t.Errorf("%s: %s of %s: %s", name, r.Verdict, r.Subject, r.Detail)
			}
			for _, v := range r.Violations {
				if !strings.Contains(v.Detail, "also serves") || !strings.Contains(v.Detail, ".test:") {
					t.Errorf("%s: %s", name, v.Detail)
				}
			}
		}
	}
}
