package tlsdial

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// serve answers each connection.
func serve(t testing.TB, answer func(net.Conn)) Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
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
			go func() { defer c.Close(); answer(c) }()
		}
	}()
	return Endpoint{Name: "localhost", Address: l.Addr().String(), Timeout: 2 * time.Second}
}

func selfSigned(t testing.TB, ec bool) tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	var key, public any
	if ec {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, k.Public()
	} else {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, k.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func names(f tlsserver.Fact, protocol string) (out []string) {
	for _, p := range f.Protocols {
		for _, s := range p.Suites {
			if p.Name == protocol {
				out = append(out, s.Name)
			}
		}
	}
	return out
}

func protocols(f tlsserver.Fact) (out []string) {
	for _, p := range f.Protocols {
		out = append(out, p.Name)
	}
	return out
}

// TestGoServer: what a server of the standard library is told to offer is found, no more and no less.
func TestGoServer(t *testing.T) {
	want := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(t, false)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CipherSuites: want}
	f, err := Probe(t.Context(), serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() }))
	if err != nil {
		t.Fatal(err)
	}
	if got := protocols(f); !slices.Equal(got, []string{"TLS 1.2", "TLS 1.1", "TLS 1.0"}) || len(f.Gaps) > 0 {
		t.Errorf("%v %v", got, f.Gaps)
	}
	if got := names(f, "TLS 1.2"); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"}) {
		t.Errorf("TLS 1.2: %v", got)
	}
	if got := names(f, "TLS 1.0"); len(got) != 2 {
		t.Errorf("TLS 1.0: %v", got)
	}
	if !f.SecureReneg || f.Compression || f.Trust != "self-signed" || len(f.Chain) != 1 || f.Chain[0].KeyBits != 2048 || f.Chain[0].Key != "RSA" {
		t.Errorf("%+v", f)
	}
}

// TestModernServer: TLS 1.3 alone, whose certificate is encrypted, with the groups of its choice.
func TestModernServer(t *testing.T) {
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(t, true)}, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.CurveP256}}
	f, err := Probe(t.Context(), serve(t, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() }))
	if err != nil {
		t.Fatal(err)
	}
	if got := protocols(f); !slices.Equal(got, []string{"TLS 1.3"}) || len(f.Gaps) > 0 || len(names(f, "TLS 1.3")) != 3 {
		t.Errorf("%v %v %v", got, names(f, "TLS 1.3"), f.Gaps)
	}
	slices.Sort(f.Protocols[0].Groups)
	if !slices.Equal(f.Protocols[0].Groups, []string{"X25519MLKEM768", "secp256r1"}) {
		t.Errorf("groups %v", f.Protocols[0].Groups)
	}
	if len(f.Chain) != 1 || f.Chain[0].Key != "ECDSA" || f.Chain[0].KeyBits != 256 {
		t.Errorf("chain %+v", f.Chain)
	}
}

// old answers as no library does any more: SSL 3.0 with the given suites and, if wanted, SSL 2.0.
func old(t testing.TB, two bool, suites ...uint16) Endpoint {
	der := selfSigned(t, false).Certificate[0]
	return serve(t, func(c net.Conn) {
		head := make([]byte, 5)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if head[0]&0x80 != 0 {
			if two {
				body := []byte{4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16}
				body = append(append(body, 1, 0, 0x80), make([]byte, 16)...)
				_, _ = c.Write(append([]byte{0x80, byte(len(body))}, body...))
			}
			return
		}
		body := make([]byte, binary.BigEndian.Uint16(head[3:]))
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		version := binary.BigEndian.Uint16(body[4:])
		session := int(body[38])
		list := body[41+session : 41+session+int(binary.BigEndian.Uint16(body[39+session:]))]
		for ; version == ssl3 && len(list) >= 2; list = list[2:] {
			if id := binary.BigEndian.Uint16(list); slices.Contains(suites, id) {
				hello := append([]byte{3, 0}, make([]byte, 32)...)
				hello = append(hello, 0, byte(id>>8), byte(id), 0)
				chain := append([]byte{0, byte((len(der) + 3) >> 8), byte(len(der) + 3), 0, byte(len(der) >> 8), byte(len(der))}, der...)
				var all []byte
				for _, m := range []struct {
					kind byte
					body []byte
				}{{2, hello}, {11, chain}, {14, nil}} {
					all = append(append(all, m.kind, 0, byte(len(m.body)>>8), byte(len(m.body))), m.body...)
				}
				_, _ = c.Write(append([]byte{22, 3, 0, byte(len(all) >> 8), byte(len(all))}, all...))
				return
			}
		}
		_, _ = c.Write([]byte{21, 3, 0, 0, 2, 2, 40})
	})
}

func TestOldServer(t *testing.T) {
	f, err := Probe(t.Context(), old(t, true, 0x0004, 0x0003))
	if err != nil {
		t.Fatal(err)
	}
	if got := protocols(f); !slices.Equal(got, []string{"SSL 3.0", "SSL 2.0"}) {
		t.Errorf("%v %v", got, f.Gaps)
	}
	if got := names(f, "SSL 3.0"); len(got) != 2 || !strings.Contains(strings.Join(got, " "), "EXPORT") {
		t.Errorf("SSL 3.0: %v", got)
	}
	if f.SecureReneg || len(f.Chain) != 1 {
		t.Errorf("%+v", f)
	}
	if f, err = Probe(t.Context(), old(t, false, 0x0004)); err != nil || len(f.Protocols) != 1 {
		t.Errorf("%v %v", err, f.Protocols)
	}
}

// TestConnections: at most 40 connections, and one for each suite and group that the server offers.
func TestConnections(t *testing.T) {
	both := []tls.Certificate{selfSigned(t, true), selfSigned(t, false)}
	for name, server := range map[string]func(t *testing.T) Endpoint{
		"of today": func(t *testing.T) Endpoint { return speaks(t, &tls.Config{Certificates: both[:1]}) },
		"of old": func(t *testing.T) Endpoint {
			return speaks(t, &tls.Config{Certificates: both[1:], MinVersion: tls.VersionTLS10,
				CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}})
		},
		"with two keys": func(t *testing.T) Endpoint { return speaks(t, &tls.Config{Certificates: both, NextProtos: known}) },
		"that wants a certificate": func(t *testing.T) Endpoint {
			return speaks(t, &tls.Config{Certificates: both, ClientAuth: tls.RequireAnyClientCert, NextProtos: known})
		},
		"OpenSSL": func(t *testing.T) Endpoint { return openssl(t, "-alpn", "h2,http/1.1") },
		"OpenSSL with two keys": func(t *testing.T) Endpoint {
			return openssl(t, append(secondKey(t), "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20", "-alpn", "h2,http/1.1")...)
		},
		"OpenSSL, two suites": func(t *testing.T) Endpoint { return openssl(t, "-cipher", "ECDHE+AESGCM", "-alpn", "h2,http/1.1") },
	} {
		t.Run(name, func(t *testing.T) {
			e, n := counted(t, server(t))
			f, err := Probe(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			limit := 40
			for _, p := range f.Protocols {
				limit += len(p.Suites) + len(p.Groups)
			}
			t.Logf("%d connections of %d", n.Load(), limit)
			if int(n.Load()) > limit {
				t.Errorf("%d connections, at most %d are meant", n.Load(), limit)
			}
		})
	}
}

// counted puts something before a server that counts connections.
func counted(t *testing.T, e Endpoint) (Endpoint, *atomic.Int64) {
	var n atomic.Int64
	before := serve(t, func(c net.Conn) {
		n.Add(1)
		s, err := net.Dial("tcp", e.Address)
		if err != nil {
			return
		}
		defer s.Close()
		done := make(chan struct{})
		go func() { _, _ = io.Copy(s, c); _ = s.(*net.TCPConn).CloseWrite(); close(done) }()
		_, _ = io.Copy(c, s)
		_ = c.(*net.TCPConn).CloseWrite()
		<-done
	})
	before.Timeout = e.Timeout
	return before, &n
}

// TestNoTLS: what is no TLS server is said to be none, in bounded time, and nothing is made up.
func TestNoTLS(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"plain HTTP": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		},
		"silent":      func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"closing":     func(c net.Conn) {},
		"SSH":         func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n"); _, _ = io.Copy(io.Discard, c) },
		"endless":     func(c net.Conn) { _, _ = io.Copy(c, forever{}) },
		"half record": func(c net.Conn) { _, _ = c.Write([]byte{22, 3, 3, 0x10, 0, 2}) },
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, answer)
			e.Timeout = 300 * time.Millisecond
			begin := time.Now()
			f, err := Probe(t.Context(), e)
			if err == nil || len(f.Protocols) > 0 {
				t.Errorf("%v %+v", err, f)
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte{22, 3, 3, 0, 0}, 100)), nil
}

// TestRefusesAll: a server that answers every hello with an alert speaks TLS, and has no grade.
func TestRefusesAll(t *testing.T) {
	f, err := Probe(t.Context(), serve(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 40})
	}))
	if err != nil || len(f.Protocols) > 0 || f.Gaps[tlsserver.PartChain].Text == "" {
		t.Errorf("%v %+v", err, f)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"160300003b0200003703000000000000000000000000000000000000000000000000000000000000000000000400000b00000300000000e000000",
		"1603030039020000350303" + strings.Repeat("00", 32) + "00c02f00000dff01000100000b000403000102",
		"150303000202280000",
	} {
		data, _ := hex.DecodeString(seed)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = read(&messages{r: bytes.NewReader(data)})
		_, _ = readSSL2(bytes.NewReader(data))
	})
}

// BenchmarkProbe looks at a server of the standard library on loopback.
func BenchmarkProbe(b *testing.B) {
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(b, true)}}
	e := serve(b, func(c net.Conn) { _ = tls.Server(c, conf).Handshake() })
	for b.Loop() {
		if _, err := Probe(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}
