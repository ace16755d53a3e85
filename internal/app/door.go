package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// door is where people come in: plain on loopback, else with TLS under a name.
type door struct {
	listener net.Listener
	origin   string   // http://localhost:8470 or https://hub.example.org
	hosts    []string // other names under which it is asked for
	selfMade string   // fingerprint of a certificate that nobody vouches for; empty: somebody does, or there is none

	beside []func(context.Context) // run beside it until their context ends
}

// openDoor listens. Without a certificate it does so on loopback alone.
func openDoor(ctx context.Context, o ServeOptions) (door, error) {
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return door{}, &UsageError{"--tls-cert and --tls-key belong together: give both or none"}
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return door{}, &UsageError{fmt.Sprintf("--listen %q: want an address and a port, 127.0.0.1:8470 for example", o.Listen)}
	}
	if o.ACME.asked() {
		return openACME(ctx, o)
	}
	if o.TLSSelf {
		if o.TLSCert != "" {
			return door{}, &UsageError{"--tls-self and --tls-cert: one certificate is enough"}
		}
		var fingerprint string
		if o.TLSCert, o.TLSKey, fingerprint, err = selfMade(o.State, o.Name, time.Now()); err != nil {
			return door{}, err
		}
		d, err := openTLS(ctx, o)
		d.selfMade = fingerprint
		return d, err
	}
	if o.TLSCert != "" {
		return openTLS(ctx, o)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return door{}, &UsageError{fmt.Sprintf("--listen %q: without a certificate it answers this machine alone, on 127.0.0.1:8470 for example; for others give --acme with a name, --tls-cert and --tls-key, or --tls-self for the first hour", o.Listen)}
	}
	if o.Name != "" {
		return door{}, &UsageError{"--name is for a server with a certificate: give --acme, or --tls-cert and --tls-key"}
	}
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return door{}, err
	}
	at := l.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	return door{listener: l, origin: "http://" + net.JoinHostPort("localhost", port), hosts: []string{at, net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}}, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; another port: --listen 127.0.0.1:0", address, err)
	}
	return l, nil
}

func openTLS(ctx context.Context, o ServeOptions) (door, error) {
	pair := &keyPair{cert: o.TLSCert, key: o.TLSKey, log: o.Log}
	c, err := pair.get(time.Now())
	if err != nil {
		return door{}, &UsageError{err.Error()}
	}
	name := o.Name
	if name == "" && len(c.Leaf.DNSNames) > 0 && !strings.HasPrefix(c.Leaf.DNSNames[0], "*") {
		name = c.Leaf.DNSNames[0]
	}
	switch err := c.Leaf.VerifyHostname(name); {
	case name == "":
		return door{}, &UsageError{fmt.Sprintf("%s holds no single name; say by --name under which one people go there", o.TLSCert)}
	case net.ParseIP(name) != nil:
		return door{}, &UsageError{fmt.Sprintf("--name %s is an address, and passkeys are bound to names; give a name that the certificate is for", name)}
	case err != nil:
		return door{}, &UsageError{fmt.Sprintf("--name %s: %v", name, err)}
	case time.Now().After(c.Leaf.NotAfter):
		return door{}, &UsageError{fmt.Sprintf("the certificate %s ended on %s", o.TLSCert, c.Leaf.NotAfter.Format(time.DateOnly))}
	}
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return door{}, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	origin := "https://" + name
	if port != "443" {
		origin = "https://" + net.JoinHostPort(name, port)
	}
	config := tlsConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.get(time.Now()) })
	return door{listener: tls.NewListener(l, config), origin: origin}, nil
}

// tlsConfig is how the door speaks, with the certificate that a handshake gets.
func tlsConfig(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		CipherSuites:   []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		GetCertificate: certificate,
	}
}

// keyPair is a certificate with its key, in files that somebody else renews.
type keyPair struct {
	cert, key string
	log       func(format string, args ...any)

	mu      sync.Mutex
	now     *tls.Certificate
	changed time.Time // of the certificate file when it was read
	look    time.Time // it is looked at again then
}

// lookTime is how long a renewed certificate may take to be served.
const lookTime = 10 * time.Second

// get gives the certificate of now. One that was renewed and cannot be read is said once, and the old one goes on.
func (p *keyPair) get(now time.Time) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil && now.Before(p.look) {
		return p.now, nil
	}
	p.look = now.Add(lookTime)
	st, err := os.Stat(p.cert)
	if err == nil && p.now != nil && st.ModTime().Equal(p.changed) {
		return p.now, nil
	}
	var c tls.Certificate
	if err == nil {
		c, err = tls.LoadX509KeyPair(p.cert, p.key)
	}
	switch {
	case err == nil:
		p.now, p.changed = &c, st.ModTime()
	case p.now == nil:
		return nil, fmt.Errorf("read the certificate %s with its key %s: %w", p.cert, p.key, err)
	default:
		p.changed = time.Time{}
		if st != nil {
			p.changed = st.ModTime()
		}
		p.log("the certificate %s was changed and cannot be read; the one from before is served on: %v", p.cert, err)
	}
	return p.now, nil
}

// said hands on what the HTTP server says of itself, but that somebody did not come in: the port is open to scanners.
type said func(format string, args ...any)

func (s said) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		s("%s", bytes.TrimSpace(line))
	}
	return len(line), nil
}
