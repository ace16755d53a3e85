package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxAnswer is the most that is read of an answer: a discovery document has some 3 kB, a set of keys 10 kB.
	maxAnswer = 1 << 20
	// answerTime is how long an answer may take.
	answerTime = 10 * time.Second
)

var errLarge = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)

// newClient makes what asks a provider: it follows no redirects, which would lead a code or a secret elsewhere, and reads no
// answer without end.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes, t.ResponseHeaderTimeout, t.MaxConnsPerHost = 64<<10, answerTime, 4
	return &http.Client{
		Transport: bound{t}, Timeout: answerTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bound bounds the answers of a transport.
type bound struct{ http.RoundTripper }

func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > maxAnswer {
		return nil, errors.Join(errLarge, resp.Body.Close())
	}
	resp.Body = &bounded{resp.Body, maxAnswer}
	return resp, nil
}

// bounded fails where an answer goes on too long: the rest would be taken for its end otherwise.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errLarge
	}
	return n, err
}

// secure says what is wrong with an address of a provider: it is asked over TLS, or on this machine.
func secure(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return err
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q is no address of a provider", text)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q: want https, or an address of this machine", text)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// reached tells whether an error is one of reaching a provider, which passes, or one of what it says.
func reached(ctx context.Context, err error) bool {
	var at *url.Error
	return ctx.Err() == nil && !errors.As(err, &at)
}
