package httpget

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"unicode"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/website"
)

// random is a name that no site has.
func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return "holdfast-" + hex.EncodeToString(b)
}

// plain asks the same name in the clear.
func (s *site) plain(ctx context.Context, f *website.Fact) {
	if s.Plain == "" {
		return
	}
	note := func(err error) {
		f.Note(website.PartPlain, &fact.Problem{Cause: fact.Failed, Source: s.Plain, Text: explained(err).Error()})
	}
	tr := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Plain)
		}}
	done, err := s.Limit.wait(ctx)
	if err != nil {
		note(err)
		return
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.base.Hostname()+"/", nil)
	if err != nil {
		note(err)
		return
	}
	req.Header.Set("User-Agent", s.UserAgent)
	resp, err := tr.RoundTrip(req)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Plain = &website.Plain{Closed: true}
	case err != nil:
		note(err) // filtered, or not HTTP: not seen
	default:
		_ = resp.Body.Close()
		to := resp.Header.Get("Location")
		f.Plain = &website.Plain{Status: resp.StatusCode, Location: clean(to)}
	}
}

// clean is a text of the site as far as it is kept: bounded, and without what a terminal or a database stumbles over.
func clean(v string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(v[:min(len(v), maxValue)], "\uFFFD"))
}

// origins asks as pages of other sites do, and sees whether a nonce comes twice.
func (s *site) origins(ctx context.Context, f *website.Fact) error {
	for _, o := range []string{"https://holdfast-probe.example", "null", "https://" + s.base.Hostname() + ".holdfast-probe.example"} {
		r, err := s.ask(ctx, http.MethodGet, s.URL, http.Header{"Origin": {o}})
		if err != nil {
			return err
		}
		for nonce := range website.Nonces(r.header.Values("Content-Security-Policy")) {
			f.SameNonce = f.SameNonce || s.nonces[nonce]
		}
		f.Origins = append(f.Origins, website.Origin{Asked: o, Allowed: clean(r.header.Get("Access-Control-Allow-Origin")),
			Credentials: r.header.Get("Access-Control-Allow-Credentials") == "true"})
	}
	return nil
}
