package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/collect/httpget"
	"holdfast.example/holdfast/internal/collect/tlsdial"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/tlsserver"
	"holdfast.example/holdfast/internal/subject/website"
)

// endpoint is a TLS service, with a website behind it or without.
type endpoint struct {
	name, port string
	page       string // URL of the first page, empty for TLS alone
	agent      string
	start      string // protocol that begins in the clear
	intrusive  bool
	write      bool           // harmless requests by methods that write
	paths      []website.Path // what should not answer
	roots      *x509.CertPool // trusted besides those of this machine
	limits     *limits        // of the hosts of this assessment
}

// part is one subject of an endpoint with the fact that is had of it.
type part struct {
	subject string
	place   string // the address, when the endpoint has several
	kind    fact.Kind
	fact    fact.Fact
	problem *fact.Problem
}

func parseEndpoint(s string, o Options) (endpoint, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return endpoint{}, fmt.Errorf("target %q is no address; write https://shop.example or tls://mail.example:993", s)
	}
	name, err := estate.HostName(u.Hostname())
	if err != nil {
		return endpoint{}, fmt.Errorf("target %q: %w", s, err)
	}
	e := endpoint{name: name, port: u.Port(), agent: userAgent(o.Version, o.Contact), intrusive: o.Probe == "intrusive"}
	e.start, _ = strings.CutPrefix(u.Scheme, "starttls+")
	if e.start == u.Scheme {
		e.start = ""
	}
	if e.port == "" {
		e.port = cmp.Or(tlsdial.Ports[e.start], "443")
	}
	if u.Scheme == "https" {
		u.User, u.Fragment = nil, ""
		if u.Path == "" {
			u.Path = "/"
		}
		if u.Host = name; strings.Contains(name, ":") {
			u.Host = "[" + name + "]"
		}
		if port := e.port; port != "443" {
			u.Host += ":" + port
		}
		e.page = u.String()
	}
	return e, nil
}

// userAgent is how the website is told who asks, and whom to ask about it.
func userAgent(version, contact string) string {
	if contact == "" {
		return "Holdfast/" + version + " (security assessment)"
	}
	return "Holdfast/" + version + " (security assessment; " + contact + ")"
}

// site is the subject of the website: https://name, with the port where it is not 443.
func (e endpoint) site() string {
	host := e.name
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if e.port != "443" {
		host += ":" + e.port
	}
	return "https://" + host
}

// probe looks at every address of the endpoint, all at once. There is at least one part.
func (e endpoint) probe(ctx context.Context, timeout time.Duration) (out []part, notes []string) {
	places, notes, err := e.places(ctx, timeout)
	if err != nil {
		places = []place{{problem: err}}
	}
	limit := e.limits.of(e.name, rate(places))
	all := make([][]part, len(places))
	var wg sync.WaitGroup
	for i, p := range places {
		wg.Go(func() {
			all[i] = e.at(ctx, p, timeout, limit)
			for j := range all[i] {
				if len(places) > 1 {
					all[i][j].place = p.address
				}
			}
		})
	}
	wg.Wait()
	return slices.Concat(all...), notes
}

// at looks at one address.
func (e endpoint) at(ctx context.Context, p place, timeout time.Duration, limit *httpget.Limit) []part {
	server := part{subject: net.JoinHostPort(e.name, e.port), kind: tlsserver.Fact{}.Kind()}
	site := part{subject: e.site(), kind: website.Fact{}.Kind()}
	seen, err := tlsserver.Fact{}, p.problem
	if err == nil {
		seen, err = tlsdial.Probe(ctx, tlsdial.Endpoint{Name: e.name, Address: p.address, Timeout: timeout, Start: e.start, Roots: e.roots, Intrusive: e.intrusive})
	}
	if err != nil {
		server.problem = lost(server.subject, err)
	}
	if e.page == "" {
		if server.problem == nil {
			server.fact = seen
		}
		return []part{server}
	}
	if p.problem != nil {
		site.problem = lost(site.subject, p.problem)
		return []part{server, site}
	}
	page, err := httpget.Get(ctx, e.request(p.address, timeout, limit))
	if err != nil {
		if seen.AsksClient {
			err = fmt.Errorf("it asks for a certificate of the client, and none is shown: %w", err)
		}
		site.problem = lost(site.subject, err)
		if !seen.ClientRequired { // to strangers there is no HTTP, and so no HSTS to be seen
			seen.Note(tlsserver.PartHTTP, site.problem)
		}
	} else {
		site.fact = page
		seen.HTTP = true
		for _, h := range page.Headers {
			if h.Name == "strict-transport-security" {
				seen.HSTS = append(seen.HSTS, h.Value)
			}
		}
	}
	if server.problem == nil {
		server.fact = seen
	}
	return []part{server, site}
}

// request is how the website is asked.
func (e endpoint) request(address string, timeout time.Duration, limit *httpget.Limit) httpget.Request {
	r := httpget.Request{URL: e.page, Address: address, UserAgent: e.agent, Timeout: timeout, Paths: e.paths, Limit: limit, Write: e.write}
	if host, port, err := net.SplitHostPort(address); err == nil && port == "443" {
		r.Plain = net.JoinHostPort(host, "80")
	}
	return r
}

// endpoints turns the parts into one observation each.
func (l looked) endpoints(collector string) []fact.Observation {
	var out []fact.Observation
	for _, p := range l.parts {
		o := fact.Observation{Subject: p.subject, Place: p.place, Kind: p.kind, ObservedAt: l.at, Collector: collector, Problem: p.problem}
		if p.fact != nil {
			data, err := fact.Canonical(p.fact)
			if err != nil {
				o.Problem = &fact.Problem{Cause: fact.Failed, Source: p.subject, Text: err.Error()}
			} else {
				o.Fact, o.Digest = p.fact, fact.Digest(data)
			}
		}
		out = append(out, o)
	}
	return out
}

func endpointOf(subject string, f tlsserver.Fact, now time.Time) report.Endpoint {
	g := tlsserver.Rate(f, now)
	e := report.Endpoint{Address: subject, IP: f.Address, Grade: g.Letter, Score: g.Score, Protocols: []string{}, Suites: []report.Suite{}, Reasons: []string{}, Probes: []report.Probe{}, Unprobed: []string{}}
	e.Profile, _ = tlsserver.Profile(f)
	for _, p := range tlsserver.Attacks(f) {
		e.Probes = append(e.Probes, report.Probe{Name: p.Name, State: p.State, Text: p.Text})
	}
	for _, n := range tlsserver.Intrusive {
		if f.Probe(n).State == "" {
			e.Unprobed = append(e.Unprobed, n)
		}
	}
	for _, p := range f.Protocols {
		e.Protocols = append(e.Protocols, p.Name)
		for _, s := range p.Suites {
			exchange := s.Group
			if s.DHBits > 0 {
				exchange = "DH " + strconv.Itoa(s.DHBits)
			}
			e.Suites = append(e.Suites, report.Suite{Protocol: p.Name, ID: s.ID, Name: s.Name, Exchange: exchange})
		}
	}
	if len(f.Chain) > 0 {
		c := f.Chain[0]
		e.Certificate = &report.Certificate{Subject: c.Subject, Issuer: c.Issuer, Names: slices.Concat([]string{}, c.Names, c.Addresses), NotBefore: c.NotBefore,
			NotAfter: c.NotAfter, Key: strings.TrimSpace(c.Key + " " + size(c.KeyBits)), Signature: c.Signature, Trust: f.Trust, Fingerprint: c.Fingerprint}
	}
	for _, r := range g.Reasons {
		e.Reasons = append(e.Reasons, r.Effect+": "+r.Text)
	}
	return e
}

func size(bits int) string {
	if bits == 0 {
		return ""
	}
	return strconv.Itoa(bits)
}

// authorities reads the certificates of the organisation's own CAs. Their paths are those of the estate's folder.
func authorities(e *estate.Estate, path string) (*x509.CertPool, error) {
	refs := e.Limits().TrustedCAs
	if len(refs) == 0 {
		return nil, nil
	}
	base := path
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		base = filepath.Dir(path)
	}
	pool := x509.NewCertPool()
	for _, r := range refs {
		file := strings.TrimPrefix(string(r), "file:")
		if !filepath.IsAbs(file) {
			file = filepath.Join(base, file)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("policy.trusted_cas: %v", err)}
		}
		if !pool.AppendCertsFromPEM(data) {
			return nil, &UsageError{fmt.Sprintf("policy.trusted_cas: %s holds no certificate in PEM", file)}
		}
	}
	return pool, nil
}
