// Package httpget sees what a website answers to harmless requests: GET, HEAD, OPTIONS, TRACE and TRACK, at a
// bounded rate. With leave it also sends methods that write, to names that nobody has, under a condition that never
// holds, and removes what a server makes all the same. It follows no redirect, sends no secret, and keeps no body and
// no value of a cookie. It judges nothing.
package httpget

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/website"
)

// Request is a site to look at.
type Request struct {
	URL       string // of the first page: https://shop.example/
	Address   string // host:port to dial, whatever the name resolves to
	UserAgent string
	Timeout   time.Duration  // of one request
	Plain     string         // host:port that should lead here in the clear; empty: not asked
	Paths     []website.Path // what should not answer
	Limit     *Limit         // shared by all addresses of one site
	Write     bool           // also try, harmlessly, the methods that write
}

// Limit bounds the requests to one site.
type Limit struct {
	rate  *rate.Limiter
	slots chan struct{}
}

// NewLimit allows so many requests a second, four of them at once; 0 means as many as are answered.
func NewLimit(perSecond float64) *Limit {
	l := &Limit{rate.NewLimiter(rate.Inf, 1), make(chan struct{}, atOnce)}
	if perSecond > 0 {
		l.rate.SetLimit(rate.Limit(perSecond))
	}
	return l
}

// wait takes a place for one request, which done gives back.
func (l *Limit) wait(ctx context.Context) (done func(), err error) {
	if err := l.rate.Wait(ctx); err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const (
	maxHeader = 64 << 10
	maxBody   = 64 << 10 // of what is looked at; the rest is not read
	maxPage   = 1 << 20  // the same of the first page
	maxLines  = 500      // of a header
	maxValue  = 4 << 10  // of one header that is kept
	atOnce    = 4        // requests
)

// site makes requests to one address.
type site struct {
	Request
	client  *http.Transport
	base    *url.URL
	nonces  map[string]bool    // of the first page
	refused *website.ErrorPage // the page for a method that is not taken
}

// reply is an answer as far as it is looked at. Its body is not kept.
type reply struct {
	status int
	header http.Header
	body   string
	cut    error // the body ended before its end
}

// Get sees the site. An error means that it does not answer HTTP.
func Get(ctx context.Context, r Request) (website.Fact, error) {
	f := website.Fact{URL: r.URL, Address: r.Address}
	base, err := url.Parse(r.URL)
	if err != nil {
		return f, err
	}
	s := &site{Request: r, base: base}
	if s.Limit == nil {
		s.Limit = NewLimit(0)
	}
	s.client = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, r.Address)
		},
		TLSClientConfig:        s.tls(),
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    atOnce,
		DisableCompression:     true, // the size of what comes is the size of what is read
		ForceAttemptHTTP2:      true,
	}
	defer s.client.CloseIdleConnections()
	first, err := s.send(ctx, http.MethodGet, r.URL, nil, "", maxPage)
	if err != nil {
		return f, fmt.Errorf("ask %s at %s: %w", r.URL, r.Address, explained(err))
	}
	if f.Headers = headers(first.header); len(f.Headers) > maxLines {
		return website.Fact{URL: r.URL, Address: r.Address}, fmt.Errorf("ask %s at %s: the answer has %d header lines, and more than %d are not looked at", r.URL, r.Address, len(f.Headers), maxLines)
	}
	f.Status, s.nonces = first.status, website.Nonces(first.header.Values("Content-Security-Policy"))
	if kind := first.header.Get("Content-Type"); strings.Contains(strings.ToLower(kind), "html") {
		f.Resources, f.Meta = resources(base, first.body)
		if first.cut == nil && len(first.body) == maxPage {
			first.cut = fmt.Errorf("it is longer than the %d KiB that are looked at", maxPage>>10)
		}
		if first.cut != nil {
			f.Note(website.PartResources, &fact.Problem{Cause: fact.Failed, Source: r.URL, Text: "the page was not read to its end: " + explained(first.cut).Error()})
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.plain(ctx, &f) })
	var notes [4]*fact.Problem
	for i, look := range []func(context.Context, *website.Fact) error{s.origins, s.methods, s.errors, s.finds} {
		wg.Go(func() {
			if err := look(ctx, &f); err != nil {
				notes[i] = &fact.Problem{Cause: fact.Failed, Source: r.URL, Text: explained(err).Error()}
			}
		})
	}
	wg.Wait()
	for i, part := range []string{website.PartOrigins, website.PartMethods, website.PartErrors, website.PartFinds} {
		if notes[i] != nil {
			f.Note(part, notes[i])
		}
	}
	if s.refused != nil {
		f.Errors = append(f.Errors, *s.refused)
	}
	return f, nil
}

// ask makes one request without a body when its turn comes. It follows no redirect.
func (s *site) ask(ctx context.Context, method, address string, more http.Header) (reply, error) {
	return s.send(ctx, method, address, more, "", maxBody)
}

// send makes one request when its turn comes, and reads so much of the answer. It follows no redirect.
func (s *site) send(ctx context.Context, method, address string, more http.Header, content string, most int64) (reply, error) {
	done, err := s.Limit.wait(ctx)
	if err != nil {
		return reply{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var upload io.Reader
	if content != "" {
		upload = strings.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, upload)
	if err != nil {
		return reply{}, err
	}
	for k, v := range more {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", s.UserAgent)
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	return reply{resp.StatusCode, resp.Header, string(body), err}, nil
}

// at gives the address of a path of the site.
func (s *site) at(path string) string { return s.base.Scheme + "://" + s.base.Host + path }

func headers(h http.Header) (out []website.Header) {
	for name, values := range h {
		for _, v := range values {
			name := strings.ToLower(name)
			if name == "set-cookie" {
				v = withoutValue(v)
			}
			out = append(out, website.Header{Name: name, Value: clean(v)})
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
