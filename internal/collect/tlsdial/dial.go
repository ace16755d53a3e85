// Package tlsdial sees what a TLS endpoint offers. It writes its own hellos and reads the answers
// itself: what has to be found is what no library speaks any more. It ends every handshake before a key
// is agreed upon, but one that asks for the first page. It judges nothing.
package tlsdial

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"
)

// Endpoint is one address to look at.
type Endpoint struct {
	Name    string // for SNI and the certificate
	Address string // host:port to dial
	Timeout time.Duration
	Start   string         // protocol that begins in the clear, one of Ports; empty for TLS from the first byte
	Roots   *x509.CertPool // trusted besides those of the machine; may be nil

	// Intrusive allows what a fragile server may stumble over: CCS injection, ROBOT, padding oracles.
	Intrusive bool
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// ask makes one connection, says one hello and reads the answer.
func (e Endpoint) ask(ctx context.Context, h hello) (answer, error) {
	h.name = e.Name
	data, err := h.bytes()
	if err != nil {
		return answer{}, err
	}
	c, err := e.dial(ctx)
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.Write(data); err != nil {
		return answer{}, closed(err)
	}
	if h.version == ssl2 {
		return readSSL2(c)
	}
	return read(&messages{r: c, resumes: h.session})
}

func (e Endpoint) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: e.Timeout}
	c, err := d.DialContext(ctx, "tcp", e.Address)
	if err != nil {
		return nil, err
	}
	if err = c.SetDeadline(time.Now().Add(e.Timeout)); err == nil {
		err = start(c, e.Start, e.Name)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// exchange is the key exchange in the name of a suite, as far as it sends parameters.
func exchange(name string) string {
	switch {
	case strings.HasPrefix(name, "TLS_ECDHE_"), strings.HasPrefix(name, "TLS_ECDH_anon_"):
		return "ECDHE"
	case strings.HasPrefix(name, "TLS_DHE_"), strings.HasPrefix(name, "TLS_DH_anon_"):
		return "DHE"
	}
	return ""
}
