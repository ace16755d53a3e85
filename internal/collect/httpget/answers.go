package httpget

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

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
		f.Note(website.PartPlain, &fact.Problem{Cause: fact.Failed, Source: s.Plain, Text: err.Error()})
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

func clean(v string) string { return strings.ToValidUTF8(v[:min(len(v), maxValue)], "\uFFFD") }

// origins asks as pages of other sites do.
func (s *site) origins(ctx context.Context, f *website.Fact) error {
	for _, o := range []string{"https://holdfast-probe.example", "null", "https://" + s.base.Hostname() + ".holdfast-probe.example"} {
		r, err := s.ask(ctx, http.MethodGet, s.URL, http.Header{"Origin": {o}})
		if err != nil {
			return err
		}
		f.Origins = append(f.Origins, website.Origin{Asked: o, Allowed: clean(r.header.Get("Access-Control-Allow-Origin")),
			Credentials: r.header.Get("Access-Control-Allow-Credentials") == "true"})
	}
	return nil
}

// methods tries TRACE and TRACK, and asks which others there are.
func (s *site) methods(ctx context.Context, f *website.Fact) error {
	for _, m := range []string{"TRACE", "TRACK"} {
		mark := random()
		r, err := s.ask(ctx, m, s.URL, http.Header{"X-Holdfast": {mark}})
		if err != nil {
			return err
		}
		f.Methods = append(f.Methods, website.Method{Name: m, Status: r.status, Echo: strings.Contains(r.body, mark)})
	}
	r, err := s.ask(ctx, http.MethodOptions, s.URL, nil)
	if err != nil {
		return err
	}
	for _, v := range append(r.header.Values("Allow"), r.header.Values("Public")...) {
		for m := range strings.SplitSeq(v, ",") {
			if m = strings.ToUpper(strings.TrimSpace(m)); m != "" && len(m) < 30 && !slices.Contains(f.Allow, m) && len(f.Allow) < 50 {
				f.Allow = append(f.Allow, clean(m))
			}
		}
	}
	slices.Sort(f.Allow)
	return nil
}

// versions finds products with their versions in error pages.
var versions = regexp.MustCompile(`(?i)\b(nginx|openresty|tengine|apache(?: tomcat)?|tomcat|jetty|php|microsoft-iis|iis|lighttpd|caddy|haproxy|varnish|squid|openssl|werkzeug|gunicorn|python|express|node\.js|django(?: version)?|rails|wildfly|glassfish|weblogic|websphere|asp\.net(?: version)?|\.net framework version|litespeed|traefik|envoy|kestrel|coldfusion)[/ :]{1,2}v?(\d+\.\d+[\w.-]*)`)

// errors asks for what cannot be had.
func (s *site) errors(ctx context.Context, f *website.Fact) error {
	add := func(cause string, r reply) {
		if r.status >= 400 {
			f.Errors = append(f.Errors, website.ErrorPage{Cause: cause, Status: r.status, Tells: versions.FindString(r.body)})
		}
	}
	r, err := s.ask(ctx, http.MethodGet, s.at("/"+random()), nil)
	if err != nil {
		return err
	}
	add("not-found", r)
	if r, err = s.malformed(ctx); err == nil {
		add("malformed", r)
	}
	if r, err = s.ask(ctx, "HOLDFAST", s.URL, nil); err == nil {
		add("method", r)
	}
	return nil
}

// malformed sends a request that no server takes.
func (s *site) malformed(ctx context.Context) (reply, error) {
	done, err := s.Limit.wait(ctx)
	if err != nil {
		return reply{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	c, err := (&tls.Dialer{Config: &tls.Config{ServerName: s.base.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, CipherSuites: allSuites()}}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return reply{}, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(s.Timeout))
	if _, err := io.WriteString(c, "GET /%zz HTTP/1.1\r\nHost: a b\r\nUser-Agent: "+s.UserAgent+"\r\n\r\n"); err != nil {
		return reply{}, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxHeader+maxBody)), nil)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return reply{resp.StatusCode, resp.Header, string(body)}, nil
}

// finds looks for what should not answer. An entry that a random name beside it matches too is no find: such a site
// answers alike to everything.
func (s *site) finds(ctx context.Context, f *website.Fact) error {
	name := random()
	path := func(p website.Path) string { return strings.ReplaceAll(p.Path, "{random}", name) }
	// Of each answer is kept which entries it matches, with its status: bodies are too large to keep.
	answers, alike := map[string]map[string]int{}, map[string]map[string]int{}
	var mu sync.Mutex
	var last error
	failed := 0
	var g errgroup.Group
	g.SetLimit(atOnce)
	fetch := func(into map[string]map[string]int, at string, concerned []website.Path) {
		g.Go(func() error {
			mu.Lock()
			hopeless := failed > maxFailed
			mu.Unlock()
			if hopeless {
				return nil
			}
			r, err := s.ask(ctx, http.MethodGet, s.at(at), nil)
			matched := map[string]int{}
			for _, p := range concerned {
				if err == nil && matches(p, r) {
					matched[p.ID] = r.status
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed, last = failed+1, err
			} else {
				into[at] = matched
			}
			return nil
		})
	}
	entries := map[string][]website.Path{}
	for _, p := range s.Paths {
		entries[path(p)] = append(entries[path(p)], p)
	}
	for at, concerned := range entries {
		fetch(answers, at, concerned)
	}
	_ = g.Wait()
	if failed > 0 {
		return fmt.Errorf("%d requests failed, the last one: %w", failed, last)
	}
	f.Tried = len(s.Paths)
	others := map[string][]website.Path{}
	for _, p := range s.Paths {
		if _, hit := answers[path(p)][p.ID]; hit && beside(p, name) != "" {
			others[beside(p, name)] = append(others[beside(p, name)], p)
		}
	}
	for at, concerned := range others {
		fetch(alike, at, concerned)
	}
	_ = g.Wait()
	for _, p := range s.Paths {
		status, hit := answers[path(p)][p.ID]
		if other := beside(p, name); hit && other != "" {
			matched, ok := alike[other]
			_, too := matched[p.ID]
			hit = ok && !too
		}
		if hit {
			f.Finds = append(f.Finds, website.Find{ID: p.ID, Path: p.Path, Status: status, Sort: p.Sort, Product: p.Product, Severity: p.Severity, Text: p.Text})
		}
	}
	return nil
}

// maxFailed requests end the search: the site has had enough.
const maxFailed = 3

func matches(p website.Path, r reply) bool {
	var head strings.Builder
	_ = r.header.Write(&head)
	return p.Matches(r.status, r.header.Get("Content-Type"), head.String(), r.body)
}

// beside gives a path that nobody has and that only a site which answers alike to everything answers alike: with the
// folder and the ending of the entry's, for a handler with another ending. Of the root there is none.
func beside(p website.Path, name string) string {
	path, _, _ := strings.Cut(p.Path, "?")
	switch {
	case p.Sort == "handler":
		return "/" + name + ".txt"
	case path == "/" || strings.Contains(path, "{random}"):
		return ""
	case strings.HasSuffix(path, "/"):
		return "/" + name + "/"
	}
	i := strings.LastIndexByte(path, '/') + 1
	folder, file := path[:i], path[i:]
	if strings.HasPrefix(folder, "/.") {
		folder = "/." + name + "/"
	}
	ending := ""
	if i := strings.LastIndexByte(file, '.'); i > 0 {
		ending = file[i:]
	}
	if file[0] == '.' {
		name = "." + name
	}
	return folder + name + ending
}
