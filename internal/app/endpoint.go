package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	paths      []website.Path // what should not answer
	roots      *x509.CertPool // trusted besides those of this machine
}

// part is one subject of an endpoint with the fact that is had of it.
type part struct {
	subject string
	kind    fact.Kind
	fact    fact.Fact
	problem *fact.Problem
}

func parseEndpoint(s string, o Options) (endpoint, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return endpoint{}, fmt.Errorf("target %q is no address; write https://shop.example or tls://mail.example:993", s)
	}
	e := endpoint{name: strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port: u.Port(), agent: "Holdfast/" + o.Version + " (security assessment)", intrusive: o.Probe == "intrusive"}
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
		e.page = u.String()
	}
	return e, nil
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

// probe looks at the endpoint. The first address that answers is looked at.
func (e endpoint) probe(ctx context.Context, timeout time.Duration) []part {
	server := part{subject: net.JoinHostPort(e.name, e.port), kind: tlsserver.Fact{}.Kind()}
	site := part{subject: e.site(), kind: website.Fact{}.Kind()}
	parts := func() []part {
		if e.page == "" {
			return []part{server}
		}
		return []part{server, site}
	}
	address, err := e.reach(ctx, timeout)
	if err != nil {
		server.problem = lost(server.subject, err)
		site.problem = lost(site.subject, err)
		return parts()
	}
	seen, err := tlsdial.Probe(ctx, tlsdial.Endpoint{Name: e.name, Address: address, Timeout: timeout, Start: e.start, Roots: e.roots, Intrusive: e.intrusive})
	if err != nil {
		server.problem = lost(server.subject, err)
	}
	if e.page != "" {
		page, err := httpget.Get(ctx, e.request(address, timeout))
		switch {
		case err != nil:
			p := lost(site.subject, err)
			site.problem = p
			seen.Note(tlsserver.PartHTTP, p)
		default:
			site.fact = page
			seen.HTTP = true
			for _, h := range page.Headers {
				if h.Name == "strict-transport-security" {
					seen.HSTS = append(seen.HSTS, h.Value)
				}
			}
		}
	}
	if server.problem == nil {
		server.fact = seen
	}
	return parts()
}

// request is how the website is asked: at 20 requests a second, but as fast as it answers on this machine.
func (e endpoint) request(address string, timeout time.Duration) httpget.Request {
	r := httpget.Request{URL: e.page, Address: address, UserAgent: e.agent, Timeout: timeout, Paths: e.paths, Rate: 20}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return r
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		r.Rate = 0
	}
	if port == "443" {
		r.Plain = net.JoinHostPort(host, "80")
	}
	return r
}

// reach gives the first address of the name that answers.
func (e endpoint) reach(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.name)
	if err != nil {
		return "", err
	}
	var all []error
	for _, ip := range ips {
		address := net.JoinHostPort(ip.Unmap().String(), e.port)
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			all = append(all, err)
			continue
		}
		_ = c.Close()
		return address, nil
	}
	return "", errors.Join(all...)
}

// endpoints turns the parts into one observation each.
func (l looked) endpoints(collector string) []fact.Observation {
	var out []fact.Observation
	for _, p := range l.parts {
		o := fact.Observation{Subject: p.subject, Kind: p.kind, ObservedAt: l.at, Collector: collector, Problem: p.problem}
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

// graded passes a feed on and grades the TLS endpoints in it.
func graded(all feed, into *[]report.Endpoint, now time.Time) feed {
	return func(yield func([]fact.Observation, error) bool) {
		for obs, err := range all {
			for _, o := range obs {
				if f, ok := o.Fact.(tlsserver.Fact); ok {
					*into = append(*into, endpointOf(o.Subject, f, now))
				}
			}
			if !yield(obs, err) {
				return
			}
		}
	}
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
