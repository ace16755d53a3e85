package tlsdial

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	maxHops   = 3        // from one issuer to the next
	maxIssuer = 64 << 10 // bytes of an answer
)

// complete fetches the certificates that a chain lacks from where the last one says they are (RFC 5280 section
// 4.2.2.1), as browsers do, and verifies again. It tells whether that helps; the error says why nothing could be had.
func (e Endpoint) complete(ctx context.Context, leaf, last *x509.Certificate, between *x509.CertPool, at time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	between = between.Clone()
	for range maxHops {
		next, err := e.issuerOf(ctx, last)
		if err != nil {
			return false, err
		}
		between.AddCert(next)
		if e.verify(leaf, between, at) == nil {
			return true, nil
		}
		if bytes.Equal(next.RawIssuer, next.RawSubject) || len(next.IssuingCertificateURL) == 0 {
			return false, nil
		}
		last = next
	}
	return false, nil
}

// issuerOf fetches the certificate that a certificate was signed with.
func (e Endpoint) issuerOf(ctx context.Context, c *x509.Certificate) (*x509.Certificate, error) {
	var errs []error
	for _, link := range c.IssuingCertificateURL[:min(len(c.IssuingCertificateURL), 2)] {
		data, err := e.fetch(ctx, link)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if block, _ := pem.Decode(data); block != nil {
			data = block.Bytes
		}
		next, err := x509.ParseCertificate(data)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s holds no certificate: %w", link, err))
		case c.CheckSignatureFrom(next) != nil:
			errs = append(errs, fmt.Errorf("%s holds the certificate of another: %s", link, next.Subject))
		default:
			return next, nil
		}
	}
	return nil, errors.Join(errs...)
}

// fetch gets a file that a server has named, which may be anybody: by HTTP alone, of a bounded size, without
// following on, and not from where only this machine can go.
func (e Endpoint) fetch(ctx context.Context, link string) ([]byte, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("%q is not fetched: only http is", link)
	}
	dialer := net.Dialer{Timeout: e.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !e.mayFetch(at.Addr()) {
			return fmt.Errorf("%s is no address of the Internet, and a server may not send Holdfast there", address)
		}
		return nil
	}}
	client := http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	var op *net.OpError
	if errors.As(err, &op) {
		err = fmt.Errorf("%s: %w", link, op.Err) // without ports of this side, which differ each time
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", link, answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxIssuer+1))
	if err == nil && len(data) > maxIssuer {
		err = fmt.Errorf("%s holds more than %d KiB", link, maxIssuer>>10)
	}
	return data, err
}

// mayFetch guards against servers that name addresses behind the firewall. An endpoint that is itself at such
// an address may name others of its kind: an organisation has its own CA.
func (e Endpoint) mayFetch(a netip.Addr) bool {
	a = a.Unmap()
	at, err := netip.ParseAddrPort(e.Address)
	own := at.Addr().Unmap()
	switch {
	case a == metadataIPv6:
		return false
	case internet(a):
		return true
	case err != nil:
		return false
	case a.IsLoopback():
		return own.IsLoopback()
	case a.IsPrivate():
		return own.IsPrivate() || own.IsLoopback()
	}
	return false // also where most clouds have their metadata: link-local, or in the list below
}

// metadataIPv6 is where EC2 has its metadata, among the private addresses.
var metadataIPv6 = netip.MustParseAddr("fd00:ec2::254")

// internet tells whether an address is one of the Internet: none of the special ones of RFC 6890 that lead elsewhere.
func internet(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() {
		return false
	}
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"168.63.129.16/32",               // Azure's host
		"64:ff9b::/96", "64:ff9b:1::/48", // may lead to any IPv4 address: NAT64
		"2002::/16", "2001::/32", "100::/64", "2001:db8::/32", "fec0::/10",
	} {
		if netip.MustParsePrefix(p).Contains(a) {
			return false
		}
	}
	return true
}
