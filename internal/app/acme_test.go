package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pebbleca "github.com/letsencrypt/pebble/v2/ca"
	pebbledb "github.com/letsencrypt/pebble/v2/db"
	pebbleva "github.com/letsencrypt/pebble/v2/va"
	pebblewfe "github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// authority is a real ACME server, Let's Encrypt's own for tests, with a name server that knows where the names are: here.
type authority struct {
	directory, trust string // its address, and the file of who vouches for that
	roots            *x509.CertPool
	server           *http.Server
	tls, http        *relay // where it looks for who asks

	mu      sync.Mutex
	orders  int    // that it took
	asked   string // of the authority, all of it
	ordered chan struct{}
}

func (a *authority) counts() (int, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders, a.asked
}

// relay is a port that leads to an address that is not known yet when somebody already has to know the port.
type relay struct {
	net.Listener
	to chan string // holds the address from when it is known
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l, make(chan string, 1)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go r.join(t.Context(), in)
		}
	}()
	return r
}

func (r *relay) port() int { return r.Addr().(*net.TCPAddr).Port }

func (r *relay) join(ctx context.Context, in net.Conn) {
	defer in.Close()
	select {
	case <-ctx.Done():
		return
	case to := <-r.to:
		r.to <- to
		out, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
		if err != nil {
			return
		}
		defer out.Close()
		go func() { _, _ = io.Copy(out, in); out.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(in, out)
	}
}

// newAuthority starts one whose certificates hold for a while. keys are accounts that it wants to be told of beforehand.
func newAuthority(t *testing.T, validity time.Duration, keys map[string]string) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_VA_ALWAYS_VALID", "")
	names, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answers := &dns.Server{Listener: names, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA && strings.HasSuffix(q.Question[0].Name, ".holdfast.test.") {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = answers.ActivateAndServe() }()
	t.Cleanup(func() { names.Close() })

	a := &authority{tls: newRelay(t), http: newRelay(t), roots: x509.NewCertPool(), ordered: make(chan struct{}, 100)}
	quiet := log.New(io.Discard, "", 0)
	if testing.Verbose() {
		quiet = log.New(t.Output(), "authority: ", 0)
	}
	db := pebbledb.NewMemoryStore()
	for id, key := range keys {
		if err := db.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	ca := pebbleca.New(quiet, db, "", "ecdsa", 0, 1, map[string]pebbleca.Profile{"default": {ValidityPeriod: uint64(validity / time.Second)}})
	a.roots.AddCert(ca.GetRootCert(0).Cert)
	va := pebbleva.New(quiet, a.http.port(), a.tls.port(), true, names.Addr().String(), db)
	front := pebblewfe.New(quiet, db, va, ca, []string{"authority.holdfast.test"}, true, len(keys) > 0, 1, 1)
	inner := front.Handler()
	i := newIssuer(t)
	i.serves(time.Now().AddDate(0, 1, 0), "localhost")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.server = &http.Server{ReadHeaderTimeout: time.Second, ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		a.mu.Lock()
		a.asked += r.URL.Path + " " + payload(body) + "\n"
		if r.URL.Path == "/order-plz" {
			a.ordered <- struct{}{}
		}
		a.mu.Unlock()
		kept := &coded{ResponseWriter: w}
		inner.ServeHTTP(kept, r)
		if r.URL.Path == "/order-plz" && kept.code == http.StatusCreated { // it refuses some for their nonce, as authorities do
			a.mu.Lock()
			a.orders++
			a.mu.Unlock()
		}
	})}
	go func() { _ = a.server.ServeTLS(l, filepath.Join(i.dir, "hub.pem"), filepath.Join(i.dir, "hub.key")) }()
	t.Cleanup(func() { a.server.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	a.directory, a.trust = "https://localhost:"+port+"/dir", filepath.Join(i.dir, "ca.pem")
	return a
}

// coded remembers the status of an answer.
type coded struct {
	http.ResponseWriter
	code int
}

func (c *coded) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// payload is what a signed request says.
func payload(body []byte) string {
	_, rest, _ := strings.Cut(string(body), `"payload":"`)
	rest, _, _ = strings.Cut(rest, `"`)
	text, _ := base64.RawURLEncoding.DecodeString(rest)
	return string(text)
}

// certified is a control plane with certificates of an authority, and what it said.
type certified struct {
	Served
	at   string // address and port
	stop func()
	said func(words string) // waits until it was said
}

func serveACME(t *testing.T, o ServeOptions) certified {
	t.Helper()
	o.Listen, o.Version = "127.0.0.1:0", "1.0"
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan Served, 1), make(chan error, 1)
	var mu sync.Mutex
	all, more := "", make(chan struct{}, 1)
	o.Ready, o.Log = func(s Served) { ready <- s }, func(format string, args ...any) {
		t.Logf(format, args...)
		mu.Lock()
		all += strings.TrimSpace(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")) + "\n"
		mu.Unlock()
		select {
		case more <- struct{}{}:
		default:
		}
	}
	go func() { ended <- Serve(ctx, o) }()
	h := certified{stop: sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})}
	t.Cleanup(h.stop)
	select {
	case h.Served = <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.Trim(strings.TrimPrefix(h.Address, "https://"), "/"))
	if err != nil {
		t.Fatal(h.Address, err)
	}
	h.at = net.JoinHostPort("127.0.0.1", port)
	h.said = func(words string) {
		t.Helper()
		limit := time.After(30 * time.Second)
		for {
			mu.Lock()
			found := strings.Contains(all, words)
			text := all
			mu.Unlock()
			if found {
				return
			}
			select {
			case <-more:
			case <-limit:
				t.Fatalf("%q is not said, but %q", words, text)
			}
		}
	}
	return h
}

// shake gives the certificate that is served under a name, and whether it is vouched for.
func (h certified) shake(t *testing.T, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	t.Helper()
	c, err := (&tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12}}).DialContext(t.Context(), "tcp", h.at)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// get asks for a page under a name, and follows nothing.
func (h certified) get(t *testing.T, at, url string, roots *x509.CertPool) *http.Response {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp
}

// TestACME: a certificate is had from a real authority by TLS-ALPN-01 on the port of the pages, for the names that were given
// and no others, and served after a restart with the authority away.
func TestACME(t *testing.T) {
	a := newAuthority(t, 90*24*time.Hour, nil)
	o := ServeOptions{State: t.TempDir(), ACME: ACMEOptions{Names: []string{"hub.holdfast.test", "Pages.holdfast.test"}, Directory: a.directory, CA: a.trust, Email: "ops@holdfast.test"}}
	h := serveACME(t, o)
	if !strings.HasPrefix(h.Address, "https://hub.holdfast.test:") {
		t.Error(h.Address)
	}
	a.tls.to <- h.at
	h.said("hub.holdfast.test: a new certificate is served")
	h.said("pages.holdfast.test: a new certificate is served")
	var first *x509.Certificate
	for _, name := range []string{"pages.holdfast.test", "hub.holdfast.test"} {
		first = untilServed(t, h, name, a.roots)
		_, port, _ := net.SplitHostPort(h.at)
		if resp := h.get(t, h.at, "https://"+name+":"+port+"/readyz", a.roots); resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Error(name, resp.Status, resp.Proto)
		}
	}
	orders, asked := a.counts()
	if orders != 2 || !strings.Contains(asked, `"mailto:ops@holdfast.test"`) || !strings.Contains(asked, `"termsOfServiceAgreed":true`) {
		t.Error(orders, asked)
	}
	for _, name := range []string{"other.holdfast.test", "x.hub.holdfast.test", "evil.example"} {
		if _, err := h.shake(t, name, a.roots); err == nil {
			t.Error(name, "is served")
		}
	}
	if again, text := a.counts(); again != orders || strings.Contains(text, "other.") || strings.Contains(text, "evil") {
		t.Error("the authority is asked for a name that nobody gave:", text)
	}
	h.stop()

	// The keys are their owner's alone.
	files := 0
	err := filepath.WalkDir(filepath.Join(o.State, "acme"), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := e.Info()
		if want := fs.FileMode(0o600); err != nil || !e.IsDir() && i.Mode().Perm() != want || e.IsDir() && i.Mode().Perm() != 0o700 {
			t.Error(path, i.Mode(), err)
		}
		if !e.IsDir() {
			files++
		}
		return nil
	})
	if err != nil || files != 3 {
		t.Error(files, "files, want the account and two certificates:", err)
	}

	// The authority is away: what is there is served on.
	if err := a.server.Close(); err != nil {
		t.Fatal(err)
	}
	h = serveACME(t, o)
	if c := untilServed(t, h, "hub.holdfast.test", a.roots); c.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("another certificate", c.SerialNumber)
	}
	h.stop()

	// Where none is there it is said what to do, and nobody waits at the door.
	o.State = t.TempDir()
	h = serveACME(t, o)
	h.said("the authority " + a.directory + " cannot be asked for certificates")
	h.said("hub.holdfast.test: no certificate could be had from " + a.directory)
	if _, err := h.shake(t, "hub.holdfast.test", a.roots); err == nil {
		t.Error("a certificate comes from nowhere")
	}
}

// untilServed shakes hands until a certificate is served: it is told just before.
func untilServed(t *testing.T, h certified, name string, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := h.shake(t, name, roots)
		if err == nil {
			return c
		}
		if time.Now().After(end) {
			t.Fatal(name, err)
		}
	}
}

// TestACMERenewed: a certificate is renewed before its end, without a restart and without anybody left at the door.
func TestACMERenewed(t *testing.T) {
	a := newAuthority(t, 30*time.Second, nil)
	h := serveACME(t, ServeOptions{State: t.TempDir(), ACME: ACMEOptions{Names: []string{"hub.holdfast.test"}, Directory: a.directory, CA: a.trust}})
	a.tls.to <- h.at
	h.said("a new certificate is served")
	first := untilServed(t, h, "hub.holdfast.test", a.roots)
	<-a.ordered
	select {
	case <-a.ordered:
	case <-time.After(40 * time.Second):
		t.Fatal("no other one is asked for")
	}
	if left := time.Until(first.NotAfter); left < 0 {
		t.Error("it is asked for after the end of the one before", left)
	}
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := h.shake(t, "hub.holdfast.test", a.roots)
		if err != nil {
			t.Fatal("nobody can come in meanwhile:", err)
		}
		if c.SerialNumber.Cmp(first.SerialNumber) != 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the renewed one is not served")
		}
	}
}

// TestACMEHTTP: where the authority comes by HTTP-01, with an account that it gave beforehand; all else that comes there is sent
// on to https, under the names that were given.
func TestACMEHTTP(t *testing.T) {
	key := base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two bytes, or so"))
	a := newAuthority(t, 24*time.Hour, map[string]string{"kid-1": key})
	file := filepath.Join(t.TempDir(), "eab.key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	o := ServeOptions{State: t.TempDir(), ACME: ACMEOptions{Names: []string{"hub.holdfast.test"}, Directory: a.directory, CA: a.trust, HTTP: port, KeyID: "kid-1", KeyFile: file}}
	a.tls.Close() // nobody answers there: only HTTP-01 is left
	a.http.to <- port
	h := serveACME(t, o)
	h.said("a new certificate is served")
	untilServed(t, h, "hub.holdfast.test", a.roots)
	_, asked := a.counts()
	if !strings.Contains(asked, `"externalAccountBinding"`) {
		t.Error("the account is not named:", asked)
	}
	_, pages, _ := net.SplitHostPort(h.at)
	for url, want := range map[string]string{
		"http://hub.holdfast.test/findings?severity=high": "https://hub.holdfast.test:" + pages + "/findings?severity=high",
		"http://HUB.holdfast.test:80//evil.example/%2e":   "https://hub.holdfast.test:" + pages + "//evil.example/%2e",
		"http://evil.example/findings":                    "",
		"http://127.0.0.1/":                               "",
		"http://hub.holdfast.test.evil.example/":          "",
	} {
		resp := h.get(t, port, url, nil)
		if to := resp.Header.Get("Location"); to != want || want == "" && resp.StatusCode != http.StatusMisdirectedRequest || want != "" && resp.StatusCode != http.StatusMovedPermanently {
			t.Errorf("%s: %s to %q, want %q", url, resp.Status, to, want)
		}
	}
}

// freePort is an address where nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestACMEUsage: what cannot work is said before anything is asked for.
func TestACMEUsage(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("*"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := []string{"hub.holdfast.test"}
	for what, x := range map[string]struct {
		o    ServeOptions
		want string
	}{
		"a file too":         {ServeOptions{ACME: ACMEOptions{Names: names}, TLSCert: "x", TLSKey: "y"}, "--acme and --tls-cert"},
		"a self-made one":    {ServeOptions{ACME: ACMEOptions{Names: names}, TLSSelf: true}, "--acme and --tls-self"},
		"another name":       {ServeOptions{ACME: ACMEOptions{Names: names}, Name: "other.holdfast.test"}, "none of those of --acme"},
		"an address":         {ServeOptions{ACME: ACMEOptions{Names: []string{"192.0.2.1"}}}, "whole names"},
		"a wildcard":         {ServeOptions{ACME: ACMEOptions{Names: []string{"*.holdfast.test"}}}, "whole names"},
		"half a name":        {ServeOptions{ACME: ACMEOptions{Names: []string{"localhost"}}}, "whole names"},
		"no name":            {ServeOptions{ACME: ACMEOptions{Email: "ops@holdfast.test"}}, "give the names"},
		"not encrypted":      {ServeOptions{ACME: ACMEOptions{Names: names, Directory: "http://ca.holdfast.test/dir"}}, "--acme-directory"},
		"nobody to trust":    {ServeOptions{ACME: ACMEOptions{Names: names, CA: junk}}, "--acme-ca"},
		"half an account":    {ServeOptions{ACME: ACMEOptions{Names: names, KeyID: "x"}}, "belong together"},
		"no key of it":       {ServeOptions{ACME: ACMEOptions{Names: names, KeyID: "x", KeyFile: junk}}, "base64url"},
		"no port of HTTP-01": {ServeOptions{ACME: ACMEOptions{Names: names, HTTP: "nonsense"}}, "--acme-http"},
	} {
		x.o.State, x.o.Listen, x.o.Ready = t.TempDir(), "127.0.0.1:0", func(Served) { t.Error(what, "is served") }
		var usage *UsageError
		if err := Serve(t.Context(), x.o); !errors.As(err, &usage) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
