package tlsdial

import (
	"bufio"
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"golang.org/x/crypto/ocsp"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// secondKey gives the arguments for a further certificate of an ECDSA key.
func secondKey(t testing.TB) []string {
	file := inPEM(t, selfSigned(t, true))
	return []string{"-dcert", file, "-dkey", file}
}

// inPEM writes a certificate and its key to a file.
func inPEM(t testing.TB, cert tls.Certificate) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "both.pem")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// openssl starts OpenSSL's own server with a certificate of an RSA key.
func openssl(t testing.TB, arguments ...string) Endpoint {
	t.Helper()
	path := need.Program(t, "openssl")
	file := inPEM(t, selfSigned(t, false))
	cmd := exec.Command(path, append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", file, "-key", file, "-www"}, arguments...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	address := ""
	for address == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("openssl s_server ended: %v", err)
		}
		address, _ = strings.CutPrefix(strings.TrimSpace(line), "ACCEPT ")
		if !strings.Contains(address, ":") {
			address = ""
		}
	}
	done := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, lines); close(done) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-done; _ = cmd.Wait() })
	// It serves one connection after the other, so that each waits for those before it.
	return Endpoint{Name: "localhost", Address: address, Timeout: 20 * time.Second}
}

func goServer(t testing.TB, change func(*tls.Config)) Endpoint {
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(t, false)}, MinVersion: tls.VersionTLS12}
	change(conf)
	return speaks(t, conf)
}

// split has TLS 1.3 from the standard library, and what is older from a responder that sets its mark of a downgrade,
// or does not.
func split(t testing.TB, o holes) Endpoint {
	cert := selfSigned(t, false)
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	return serve(t, func(c net.Conn) {
		first := make([]byte, 16<<10)
		n, err := c.Read(first)
		if err != nil {
			return
		}
		again := replayed{c, io.MultiReader(bytes.NewReader(first[:n]), c)}
		if bytes.Contains(first[:n], []byte{0, 43, 0, 3, 2, 3, 4}) { // supported_versions
			_ = tls.Server(again, conf).Handshake()
			return
		}
		(&legacy{Conn: again, holes: o, der: cert.Certificate[0], key: cert.PrivateKey.(*rsa.PrivateKey)}).serve()
	})
}

type replayed struct {
	net.Conn
	r io.Reader
}

func (r replayed) Read(p []byte) (int, error) { return r.r.Read(p) }

// TestSettings: each setting is seen where it is on, and not where it is off.
func TestSettings(t *testing.T) {
	state := func(name, want string) func(tlsserver.Fact) bool {
		return func(f tlsserver.Fact) bool { return f.Probe(name).State == want }
	}
	order := func(version, want string, chacha bool) func(tlsserver.Fact) bool {
		return func(f tlsserver.Fact) bool {
			p := protocolOf(f, version)
			return p.Order == want && p.ChaCha == chacha
		}
	}
	const ciphers = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305"
	for name, c := range map[string]struct {
		server func(t testing.TB) Endpoint
		right  func(f tlsserver.Fact) bool
	}{
		"fallback noticed": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 })
		},
			state(tlsserver.FallbackSCSV, tlsserver.Safe)},
		"fallback not noticed": {func(t testing.TB) Endpoint { return responder(t, holes{fallback: true}) }, state(tlsserver.FallbackSCSV, tlsserver.Vulnerable)},
		"downgrade marked":     {func(t testing.TB) Endpoint { return goServer(t, func(c *tls.Config) {}) }, state(tlsserver.NoSentinel, tlsserver.Safe)},
		"downgrade marked by another": {func(t testing.TB) Endpoint { return split(t, holes{mark: "DOWNGRD\x01"}) },
			func(f tlsserver.Fact) bool { // the mark of TLS 1.2 is a wrong one below it
				return f.Probe(tlsserver.NoSentinel).State == tlsserver.Vulnerable && strings.Contains(f.Probe(tlsserver.NoSentinel).Text, "TLS 1.1")
			}},
		"downgrade not marked": {func(t testing.TB) Endpoint { return split(t, holes{}) },
			func(f tlsserver.Fact) bool {
				return f.Probe(tlsserver.NoSentinel).State == tlsserver.Vulnerable && strings.Contains(f.Probe(tlsserver.NoSentinel).Text, "TLS 1.2")
			}},
		"tickets": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
		},
			func(f tlsserver.Fact) bool { return f.Tickets && slices.Equal(f.Resumption, []string{"ticket"}) }},
		"no tickets, no resumption": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.MaxVersion, c.SessionTicketsDisabled = tls.VersionTLS12, true })
		}, func(f tlsserver.Fact) bool { return !f.Tickets && len(f.Resumption) == 0 }},
		"resumption by id": {func(t testing.TB) Endpoint { return responder(t, holes{ids: true, noTickets: true}) },
			func(f tlsserver.Fact) bool { return !f.Tickets && slices.Equal(f.Resumption, []string{"id"}) }},
		"resumption by id, OpenSSL": {func(t testing.TB) Endpoint { return openssl(t, "-tls1_2", "-no_ticket") },
			func(f tlsserver.Fact) bool { return !f.Tickets && slices.Equal(f.Resumption, []string{"id"}) }},
		"no resumption, OpenSSL": {func(t testing.TB) Endpoint { return openssl(t, "-tls1_2", "-no_ticket", "-no_cache") },
			func(f tlsserver.Fact) bool { return !f.Tickets && len(f.Resumption) == 0 }},
		"ALPN": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} })
		},
			func(f tlsserver.Fact) bool { return slices.Equal(f.ALPN, []string{"h2", "http/1.1"}) }},
		"ALPN, TLS 1.2": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.MaxVersion, c.NextProtos = tls.VersionTLS12, []string{"http/1.1"} })
		}, func(f tlsserver.Fact) bool { return slices.Equal(f.ALPN, []string{"http/1.1"}) }},
		"no ALPN": {func(t testing.TB) Endpoint { return goServer(t, func(c *tls.Config) {}) }, func(f tlsserver.Fact) bool { return len(f.ALPN) == 0 }},
		"ALPN of others": {func(t testing.TB) Endpoint {
			return goServer(t, func(c *tls.Config) { c.NextProtos = []string{"imap"} })
		},
			func(f tlsserver.Fact) bool { return len(f.ALPN) == 0 && len(f.Gaps) == 0 }},
		"extended master secret":    {func(t testing.TB) Endpoint { return goServer(t, func(c *tls.Config) {}) }, func(f tlsserver.Fact) bool { return f.ExtendedMaster }},
		"no extended master secret": {func(t testing.TB) Endpoint { return responder(t, holes{}) }, func(f tlsserver.Fact) bool { return !f.ExtendedMaster }},
		"compression":               {func(t testing.TB) Endpoint { return responder(t, holes{compress: true}) }, func(f tlsserver.Fact) bool { return f.Compression }},
		"no compression":            {func(t testing.TB) Endpoint { return responder(t, holes{}) }, func(f tlsserver.Fact) bool { return !f.Compression }},
		"server order": {func(t testing.TB) Endpoint { return openssl(t, "-tls1_2", "-serverpref", "-cipher", ciphers) },
			func(f tlsserver.Fact) bool {
				return order("TLS 1.2", "server", false)(f) && slices.Equal(names(f, "TLS 1.2"),
					[]string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"})
			}},
		"client order": {func(t testing.TB) Endpoint { return openssl(t, "-tls1_2", "-cipher", ciphers) }, order("TLS 1.2", "client", false)},
		"ChaCha20 for who wants it": {func(t testing.TB) Endpoint {
			return openssl(t, "-tls1_2", "-serverpref", "-prioritize_chacha", "-cipher", ciphers)
		}, order("TLS 1.2", "server", true)},
		"asks for a certificate": {func(t testing.TB) Endpoint { return openssl(t, "-verify", "1") }, func(f tlsserver.Fact) bool { return f.AsksClient && !f.ClientRequired }},
		"wants a certificate":    {func(t testing.TB) Endpoint { return openssl(t, "-Verify", "1") }, func(f tlsserver.Fact) bool { return f.AsksClient && f.ClientRequired }},
		"wants a certificate, TLS 1.2": {func(t testing.TB) Endpoint { return openssl(t, "-tls1_2", "-Verify", "1") },
			func(f tlsserver.Fact) bool { return f.AsksClient && f.ClientRequired }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f, err := Probe(t.Context(), c.server(t)); err != nil || len(f.Chain) != 1 || !c.right(f) {
				t.Errorf("%v %+v", err, f)
			}
		})
	}
}

// TestStaple: what is stapled is read, in TLS 1.3 beside the certificate and before that in a message of its own.
func TestStaple(t *testing.T) {
	ca, _ := authority(t, "CA", nil)
	other, _ := authority(t, "Other", nil)
	leaf, _ := leafOf(t, ca)
	now := time.Now()
	make := func(by *issuer, status int, next time.Time) []byte {
		r := ocsp.Response{Status: status, SerialNumber: leaf.SerialNumber, ThisUpdate: now.Add(-48 * time.Hour), NextUpdate: next, RevokedAt: now.Add(-72 * time.Hour)}
		out, err := ocsp.CreateResponse(by.Certificate, by.Certificate, r, by.key)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, c := range map[string]struct {
		staple []byte
		status string // empty for none
		fails  bool   // in the rating: revoked is T
		ended  bool
	}{
		"none":            {nil, "", false, false},
		"good":            {make(ca, ocsp.Good, now.Add(time.Hour)), "good", false, false},
		"expired":         {make(ca, ocsp.Good, now.Add(-time.Hour)), "good", false, true},
		"revoked":         {make(ca, ocsp.Revoked, now.Add(time.Hour)), "revoked", true, false},
		"unknown":         {make(ca, ocsp.Unknown, now.Add(time.Hour)), "unknown", false, false},
		"of another CA":   {make(other, ocsp.Good, now.Add(time.Hour)), "invalid", false, false},
		"no response":     {[]byte{0x30, 3, 1}, "invalid", false, false},
		"of another leaf": {func() []byte { leaf.SerialNumber = big.NewInt(5); return make(ca, ocsp.Good, now.Add(time.Hour)) }(), "invalid", false, false},
	} {
		for version, v := range map[string]uint16{"TLS 1.3": tls.VersionTLS13, "TLS 1.2": tls.VersionTLS12} {
			cert := tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: leaf.key, OCSPStaple: c.staple}
			e := speaks(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: v, MaxVersion: v})
			e.Roots = x509.NewCertPool()
			e.Roots.AddCert(ca.Certificate)
			f, err := Probe(t.Context(), e)
			if err != nil || (f.Staple == nil) != (c.status == "") || f.Staple != nil && f.Staple.Status != c.status {
				t.Errorf("%s, %s: %v %+v, want %q", name, version, err, f.Staple, c.status)
				continue
			}
			if f.Staple != nil && c.status != "invalid" && f.Staple.NextUpdate.Before(now) != c.ended {
				t.Errorf("%s, %s: ends on %s", name, version, f.Staple.NextUpdate)
			}
			if g := tlsserver.Rate(f, now); (g.Letter == "T") != c.fails {
				t.Errorf("%s, %s: graded %s %q", name, version, g.Letter, g.Reasons)
			}
		}
	}
}
