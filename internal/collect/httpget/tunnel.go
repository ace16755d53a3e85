package httpget

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"holdfast.example/holdfast/internal/subject/website"
)

// tunnel asks by CONNECT for a connection to the site itself, which harms nobody. Some servers say 200 to every
// method, so only what speaks TLS at the other end is a tunnel.
func (s *site) tunnel(ctx context.Context) []website.Method {
	var m *website.Method
	_ = s.dialled(ctx, func(c net.Conn) error {
		_, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\nUser-Agent: %s\r\n\r\n", s.Address, s.UserAgent)
		if err != nil {
			return err
		}
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
		if err != nil {
			return err
		}
		m = &website.Method{Name: http.MethodConnect, Status: resp.StatusCode}
		if resp.StatusCode/100 == 2 { // RFC 9110 section 9.3.6
			m.Tunnel = tls.Client(through{c, in}, s.tls()).HandshakeContext(ctx) == nil
		}
		return nil
	})
	if m == nil {
		return nil // a server that closes the connection takes no CONNECT
	}
	return []website.Method{*m}
}

// through is a connection of which the beginning was read ahead.
type through struct {
	net.Conn
	in io.Reader
}

func (t through) Read(p []byte) (int, error) { return t.in.Read(p) }

// dialled gives a request its turn and a connection of its own.
func (s *site) dialled(ctx context.Context, use func(net.Conn) error) error {
	done, err := s.Limit.wait(ctx)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	c, err := (&tls.Dialer{Config: s.tls()}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(s.Timeout))
	return use(c)
}

// tls is how connections are made: the certificate is judged by the subject tlsserver, and what an old server says is
// worth seeing.
func (s *site) tls() *tls.Config {
	return &tls.Config{ServerName: s.base.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, CipherSuites: allSuites()}
}
