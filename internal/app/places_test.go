package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// named answers the resolver of this process: these addresses for every name.
func named(t *testing.T, addresses ...string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Header.Response, m.Additionals = true, nil
			for _, a := range addresses {
				if ip := net.ParseIP(a).To4(); q.Type == dnsmessage.TypeA {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
						Body: &dnsmessage.AResource{A: [4]byte(ip)}})
				}
			}
			if len(addresses) == 0 {
				m.Header.RCode = dnsmessage.RCodeNameError
			}
			if out, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = before; c.Close() })
}

// serves starts a website at an address of this machine; port 0 takes a free one.
func serves(t *testing.T, ip, port string, conf *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, port))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	s.Listener.Close()
	s.Listener, s.Config.ErrorLog = l, log.New(io.Discard, "", 0)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{"shop.test", "xn--mnchen-3ya.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	conf.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	s.TLS = conf
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// TestEveryAddress: each address of a name is looked at, and what one of them has wrong is wrong; one that refuses
// offers nothing, which is said.
func TestEveryAddress(t *testing.T) {
	named(t, "127.0.0.1", "127.0.0.2", "127.0.0.3")
	port := serves(t, "127.0.0.1", "0", &tls.Config{MinVersion: tls.VersionTLS12})
	serves(t, "127.0.0.2", port, &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}})
	o := Options{Targets: []string{"https://shop.test:" + port}, State: t.TempDir()}
	a, err := Assess(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Endpoints) != 2 || a.Endpoints[0].IP == a.Endpoints[1].IP || len(a.Hosts) != 1 {
		t.Fatalf("endpoints %+v, hosts %+v", a.Endpoints, a.Hosts)
	}
	if !strings.Contains(strings.Join(a.Notes, "\n"), "127.0.0.3:"+port+" was not looked at") {
		t.Errorf("notes %q", a.Notes)
	}
	results := 0
	for _, r := range a.Results {
		if r.Check != "tlsserver-old-protocols" {
			continue
		}
		results++
		if r.Verdict != check.Fail || r.Subject != "shop.test:"+port {
			t.Errorf("%s of %s", r.Verdict, r.Subject)
		}
		for _, v := range r.Violations {
			if v.Source != "127.0.0.2:"+port {
				t.Errorf("%s at %s", v.Key, v.Source)
			}
		}
	}
	if results != 1 {
		t.Errorf("%d results", results)
	}
	o.From = "last"
	if again, err := Assess(t.Context(), o); err != nil || len(again.Endpoints) != 2 || len(again.Results) != len(a.Results) {
		t.Errorf("judged again: %v, %d endpoints", err, len(again.Endpoints))
	}
}

// TestInternationalName: a name that is not ASCII is asked and judged in the form that it has in DNS.
func TestInternationalName(t *testing.T) {
	named(t, "127.0.0.1")
	port := serves(t, "127.0.0.1", "0", &tls.Config{MinVersion: tls.VersionTLS12})
	a, err := Assess(t.Context(), Options{Targets: []string{"https://München.test:" + port}, State: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Endpoints) != 1 || a.Endpoints[0].Address != "xn--mnchen-3ya.test:"+port {
		t.Fatalf("%+v", a.Endpoints)
	}
	for _, r := range a.Results {
		if r.Check == "tlsserver-certificate-name" && r.Verdict != check.Pass {
			t.Errorf("%+v", r)
		}
	}
	if _, err := Assess(t.Context(), Options{Targets: []string{"https://a\u2260b.test/"}, State: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no name of a host") {
		t.Errorf("%v", err)
	}
}

// TestNoName: a name that does not resolve is unknown in all, and the text says which name.
func TestNoName(t *testing.T) {
	named(t)
	a, err := Assess(t.Context(), Options{Targets: []string{"https://shop.test"}, State: t.TempDir()})
	if err != ErrNoTarget || a == nil {
		t.Fatalf("%v", err)
	}
	if p := a.Hosts[0].Problem; p == nil || !strings.Contains(p.Text, "shop.test") {
		t.Errorf("%+v", p)
	}
	for _, r := range a.Results {
		if r.Verdict != check.Unknown {
			t.Errorf("%s is %s", r.Check, r.Verdict)
		}
	}
}

// TestDeclaredProbes: what a fragile server may stumble over is sent where the estate allows it, and nowhere else.
func TestDeclaredProbes(t *testing.T) {
	named(t, "127.0.0.1")
	port := serves(t, "127.0.0.1", "0", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}})
	for allowed, unprobed := range map[string]int{"gentle": 4, "intrusive": 0} {
		file := filepath.Join(t.TempDir(), "estate.yaml")
		yaml := fmt.Sprintf(`organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, environments: [prod]}]
systems:
  - {name: web-1, application: shop, environment: prod, probe_tls: %[2]s, services: [{port: %[1]s, protocol: https, audience: internet, kind: web-ui, url: "https://shop.test:%[1]s"}]}
`, port, allowed)
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Assess(t.Context(), Options{Estate: file, State: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Endpoints) != 1 || len(a.Endpoints[0].Unprobed) != unprobed {
			t.Errorf("%s: %+v", allowed, a.Endpoints)
		}
		// A pass of the check needs the probes.
		for _, r := range a.Results {
			if want := map[string]check.Verdict{"gentle": check.Unknown, "intrusive": check.Pass}[allowed]; r.Check == "tlsserver-oracles" && r.Verdict != want {
				t.Errorf("%s: %s is %s: %s", allowed, r.Check, r.Verdict, r.Detail)
			}
		}
	}
}

// TestClientRequired: an endpoint that lets nobody in without a certificate is graded all the same; its website is unknown.
func TestClientRequired(t *testing.T) {
	named(t, "127.0.0.1")
	for _, auth := range []tls.ClientAuthType{tls.RequireAnyClientCert, tls.RequestClientCert} {
		port := serves(t, "127.0.0.1", "0", &tls.Config{ClientAuth: auth})
		a, err := Assess(t.Context(), Options{Targets: []string{"https://shop.test:" + port}, State: t.TempDir()})
		if err != nil || len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "T" { // of nobody's CA
			t.Fatalf("%s: %v %+v", auth, err, a.Endpoints)
		}
		required := auth == tls.RequireAnyClientCert
		if text := strings.Join(a.Endpoints[0].Reasons, "\n"); strings.Contains(text, "without a certificate of the client") != required || strings.Contains(text, "was not seen") {
			t.Errorf("%s: %s", auth, text)
		}
		for _, r := range a.Results {
			if r.Check == "tlsserver-grade" && r.Verdict != check.Fail || r.Check == "website-hsts" && (r.Verdict == check.Unknown) != required {
				t.Errorf("%s: %s is %s: %s", auth, r.Check, r.Verdict, r.Detail)
			}
		}
	}
}

// TestRetestOracle: what only intrusive probes find is looked for by them again, else it could never be seen gone.
func TestRetestOracle(t *testing.T) {
	named(t, "127.0.0.1")
	port := serves(t, "127.0.0.1", "0", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}})
	state, subject, then := t.TempDir(), "shop.test:"+port, time.Now().Add(-time.Hour)
	store, err := openStore(t.Context(), state, "")
	if err != nil {
		t.Fatal(err)
	}
	seen := fact.Observation{Subject: subject, Kind: tlsserver.Fact{}.Kind(), Fact: tlsserver.Fact{Name: "shop.test"}, Digest: "x", ObservedAt: then, Collector: "tls://" + subject}
	v := check.Violation{Key: "probe:" + tlsserver.PaddingOracle, Detail: "it answers padding"}
	found := check.Outcome{Check: tlsserver.Oracles, Observation: &seen, Settings: &check.Settings{Severity: check.High}, Result: check.Failed("", []check.Violation{v})}
	if _, err := store.Record(t.Context(), run.Run{ID: "1", Started: then, Finished: then}, []fact.Observation{seen}, []check.Outcome{found}, nil); err != nil {
		t.Fatal(err)
	}
	store.Close()
	r, err := Retest(t.Context(), Options{State: state}, finding.ID(tlsserver.Oracles.ID, "tlsserver", subject, v.Key))
	if err != nil || r.Still || !strings.HasPrefix(r.Text, "gone") {
		t.Errorf("%v %+v", err, r)
	}
}
