package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// issuer is an authority for tests.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, dir: t.TempDir()}
	i.key, i.cert = i.make(&x509.Certificate{Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().AddDate(5, 0, 0)}, nil)
	i.write("ca.pem", "CERTIFICATE", i.cert.Raw)
	return i
}

func (i *issuer) make(c *x509.Certificate, by *issuer) (*ecdsa.PrivateKey, *x509.Certificate) {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		i.t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore = serial, time.Now().Add(-time.Hour)
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return key, cert
}

func (i *issuer) write(name, kind string, der []byte) {
	i.t.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

// serves writes hub.pem and hub.key for names.
func (i *issuer) serves(until time.Time, names ...string) {
	i.t.Helper()
	key, cert := i.make(&x509.Certificate{DNSNames: names, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotAfter: until}, i)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	i.write("hub.pem", "CERTIFICATE", cert.Raw)
	i.write("hub.key", "PRIVATE KEY", der)
}

// served starts a server and gives where it is.
func served(t *testing.T, o ServeOptions) Served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan Served, 1), make(chan error, 1)
	o.Ready, o.Log = func(s Served) { ready <- s }, t.Logf
	go func() { ended <- Serve(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case s := <-ready:
		return s
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return Served{}
	}
}

// TestOwnPages: what our checks of endpoints say of other websites holds for our own pages.
func TestOwnPages(t *testing.T) {
	i := newIssuer(t)
	i.serves(time.Now().AddDate(0, 2, 0), "localhost")
	s := served(t, ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", TLSCert: filepath.Join(i.dir, "hub.pem"), TLSKey: filepath.Join(i.dir, "hub.key"), Version: "1.0"})
	if !strings.HasPrefix(s.Address, "https://localhost:") {
		t.Fatal(s)
	}
	put(t, i.dir, map[string]string{"estate.yaml": "organization: Northwind\npolicy: {trusted_cas: [\"file:ca.pem\"]}\n"})
	a, err := Assess(t.Context(), Options{State: t.TempDir(), Estate: filepath.Join(i.dir, "estate.yaml"), Targets: []string{s.Address}, Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "A+" {
		t.Errorf("%+v", a.Endpoints)
	}
	judged := 0
	for _, r := range a.Results {
		switch r.Verdict {
		case check.Pass:
			judged++
		case check.Fail:
			for _, v := range r.Violations {
				t.Errorf("%s: %s", r.Check, v.Detail)
			}
		case check.Unknown, check.Error:
			t.Logf("%s: %s %s", r.Check, r.Verdict, r.Detail)
		}
	}
	if judged < 30 {
		t.Error("no more passes than", judged)
	}
}

// TestRenewedCertificate: what somebody else renews is served without a restart; what cannot be read is not.
func TestRenewedCertificate(t *testing.T) {
	i := newIssuer(t)
	i.serves(time.Now().AddDate(0, 1, 0), "hub.example.org")
	p := &keyPair{cert: filepath.Join(i.dir, "hub.pem"), key: filepath.Join(i.dir, "hub.key"), log: t.Logf}
	now := time.Now()
	first, err := p.get(now)
	if err != nil {
		t.Fatal(err)
	}
	i.serves(time.Now().AddDate(0, 2, 0), "hub.example.org")
	later := now.Add(time.Minute)
	if err := os.Chtimes(p.cert, later, later); err != nil {
		t.Fatal(err)
	}
	if c, err := p.get(now.Add(lookTime / 2)); err != nil || c != first {
		t.Error("it is looked at with every connection", err)
	}
	second, err := p.get(now.Add(lookTime))
	if err != nil || second == first {
		t.Fatal("a renewed certificate is not served", err)
	}
	i.write("hub.key", "PRIVATE KEY", []byte("junk"))
	later = later.Add(time.Minute)
	if err := os.Chtimes(p.cert, later, later); err != nil {
		t.Fatal(err)
	}
	if c, err := p.get(now.Add(2 * lookTime)); err != nil || c != second {
		t.Error("a broken key takes the server down", err)
	}
}

// TestDoor: what cannot work is said before anything is served.
func TestDoor(t *testing.T) {
	i := newIssuer(t)
	cert, key := filepath.Join(i.dir, "hub.pem"), filepath.Join(i.dir, "hub.key")
	i.serves(time.Now().AddDate(0, 1, 0), "hub.example.org")
	for name, x := range map[string]struct {
		o    ServeOptions
		want string
	}{
		"a certificate alone": {ServeOptions{Listen: "127.0.0.1:0", TLSCert: cert}, "belong together"},
		"no such file":        {ServeOptions{Listen: "127.0.0.1:0", TLSCert: cert + "x", TLSKey: key}, "no such file"},
		"another name":        {ServeOptions{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, Name: "other.example.org"}, "other.example.org"},
		"an address":          {ServeOptions{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, Name: "127.0.0.1"}, "bound to names"},
		"a name without TLS":  {ServeOptions{Listen: "127.0.0.1:0", Name: "hub.example.org"}, "--tls-cert"},
		"all without TLS":     {ServeOptions{Listen: "0.0.0.0:0"}, "--tls-cert"},
		"metrics for all":     {ServeOptions{Listen: "127.0.0.1:0", Metrics: "0.0.0.0:0"}, "--metrics"},
		"no port":             {ServeOptions{Listen: "127.0.0.1"}, "a port"},
	} {
		x.o.State, x.o.Ready = t.TempDir(), func(Served) { t.Error(name, "is served") }
		var usage *UsageError
		if err := Serve(t.Context(), x.o); !errors.As(err, &usage) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	i.serves(time.Now().Add(-time.Minute), "hub.example.org")
	if err := Serve(t.Context(), ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key}); err == nil || !strings.Contains(err.Error(), "ended on") {
		t.Error(err)
	}
	i.serves(time.Now().AddDate(0, 1, 0), "*.example.org")
	if err := Serve(t.Context(), ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key}); err == nil || !strings.Contains(err.Error(), "--name") {
		t.Error(err)
	}
	// Under the name of the certificate, on any address, with cookies that travel encrypted only.
	s := served(t, ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, Name: "hub.example.org", Version: "1.0"})
	_, port, _ := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.Address, "https://"), "/"))
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Link, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	k := resp.Cookies()
	if len(k) != 1 || !k[0].Secure || !k[0].HttpOnly || !strings.HasPrefix(k[0].Name, "__Host-") || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error(fmt.Sprint(k, resp.Header))
	}
}
