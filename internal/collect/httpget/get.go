// Package httpget sees what a website answers to one harmless request. It follows no redirect, sends no
// secret, and keeps no value of a cookie. It judges nothing.
package httpget

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/subject/website"
)

// Request is one page to look at.
type Request struct {
	URL       string // https://shop.example/
	Address   string // host:port to dial, whatever the name resolves to
	UserAgent string
	Timeout   time.Duration
}

const (
	maxHeader = 64 << 10
	maxBody   = 256 << 10
	maxValue  = 4 << 10 // of one header that is kept
)

// Get sees the page. An error means that it does not answer HTTP.
func Get(ctx context.Context, r Request) (website.Fact, error) {
	f := website.Fact{URL: r.URL, Address: r.Address}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	tr := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, r.Address)
		},
		// The certificate is judged by the subject tlsserver, and what an old server says is worth seeing.
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, CipherSuites: allSuites()},
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // the size of what comes is the size of what is read
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
	}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return f, err
	}
	req.Header.Set("User-Agent", r.UserAgent)
	resp, err := tr.RoundTrip(req) // a transport follows no redirect
	if err != nil {
		return f, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxBody)
	f.Status, f.Headers = resp.StatusCode, headers(resp.Header)
	return f, nil
}

func headers(h http.Header) (out []website.Header) {
	for name, values := range h {
		for _, v := range values {
			name := strings.ToLower(name)
			if name == "set-cookie" {
				v = withoutValue(v)
			}
			out = append(out, website.Header{Name: name, Value: strings.ToValidUTF8(v[:min(len(v), maxValue)], "\uFFFD")})
		}
	}
	slices.SortStableFunc(out, func(a, b website.Header) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// withoutValue replaces the value of a cookie, which may be a session.
func withoutValue(cookie string) string {
	pair, attributes, more := strings.Cut(cookie, ";")
	if name, _, ok := strings.Cut(pair, "="); ok {
		pair = name + "=..."
	} else {
		pair = "..."
	}
	if more {
		return pair + ";" + attributes
	}
	return pair
}

func allSuites() (out []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		out = append(out, s.ID)
	}
	return out
}
