package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// ACMEOptions say from which authority certificates are had, and for which names. The zero ACMEOptions want none.
type ACMEOptions struct {
	Names     []string // exactly these; the first is where people go unless ServeOptions.Name says another of them
	Directory string   // URL of the authority; empty: Let's Encrypt
	Email     string   // where the authority writes to; empty: nowhere
	CA        string   // file in PEM of who vouches for the authority's own address; empty: whom the system trusts
	HTTP      string   // host:port where HTTP-01 is answered and all else is sent on to https; empty: no such port
	KeyID     string   // of the account that the authority gave beforehand; empty: none is wanted
	KeyFile   string   // its key, base64url
}

// asked tells whether anything of it was asked for.
func (o ACMEOptions) asked() bool {
	return len(o.Names) > 0 || o.Directory != "" || o.Email != "" || o.CA != "" || o.HTTP != "" || o.KeyID != "" || o.KeyFile != ""
}

// acmeNames checks the names that certificates are wanted for, and gives them as they stand in a certificate.
func acmeNames(o ServeOptions) (names []string, err error) {
	for _, n := range o.ACME.Names {
		name, err := idna.Lookup.ToASCII(strings.TrimSpace(n))
		if err != nil || net.ParseIP(name) != nil || !strings.Contains(strings.Trim(name, "."), ".") || strings.HasSuffix(name, ".") {
			return nil, &UsageError{fmt.Sprintf("--acme %q is no name that an authority vouches for: want whole names as hub.example.org, with commas between them", n)}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return nil, &UsageError{"the options --acme-… are for --acme NAME: give the names that a certificate is wanted for"}
	case o.TLSCert != "" || o.TLSKey != "":
		return nil, &UsageError{"--acme and --tls-cert: one certificate is enough"}
	case o.TLSSelf:
		return nil, &UsageError{"--acme and --tls-self: one certificate is enough"}
	case o.Name != "" && !slices.Contains(names, o.Name):
		return nil, &UsageError{fmt.Sprintf("--name %s is none of those of --acme: %s", o.Name, strings.Join(names, ", "))}
	case (o.ACME.KeyID == "") != (o.ACME.KeyFile == ""):
		return nil, &UsageError{"--acme-eab-kid and --acme-eab-key-file belong together: give both or none"}
	}
	return names, nil
}

// certifier has certificates from an authority and renews them. What it has is served whether the authority answers or not.
type certifier struct {
	manager   autocert.Manager
	names     []string
	directory string
	port      string // where it serves, for who is sent on
	log       func(format string, args ...any)

	saying sync.Mutex
	over   bool // nothing is said any more: who hears it has ended

	mu    sync.Mutex
	ready map[string]bool // a certificate is there
	ill   string          // what was said last of an authority that does not answer; empty: it answers
}

// openACME listens with certificates of an authority, and on the port of HTTP-01 when one is asked for.
func openACME(ctx context.Context, o ServeOptions) (door, error) {
	names, err := acmeNames(o)
	if err != nil {
		return door{}, err
	}
	c, err := newCertifier(ctx, o, names)
	if err != nil {
		return door{}, err
	}
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return door{}, err
	}
	_, c.port, _ = net.SplitHostPort(l.Addr().String())
	d := door{origin: "https://" + c.hostPort(cmp.Or(o.Name, names[0])), beside: []func(context.Context){c.keep}}
	for _, n := range names {
		d.hosts = append(d.hosts, c.hostPort(n))
	}
	config := tlsConfig(c.certificate)
	config.NextProtos = append(config.NextProtos, acme.ALPNProto)
	d.listener = tls.NewListener(l, config)
	if o.ACME.HTTP == "" {
		return d, nil
	}
	plain, err := listen(ctx, o.ACME.HTTP)
	if err != nil {
		return door{}, errors.Join(&UsageError{fmt.Sprintf("--acme-http: %v", err)}, l.Close())
	}
	server := &http.Server{Handler: c.manager.HTTPHandler(http.HandlerFunc(c.sendOn)), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10}
	d.listener = twoListeners{d.listener, plain}
	d.beside = append(d.beside, func(ctx context.Context) {
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(plain) }()
		<-ctx.Done()
		_ = server.Close()
		<-ended
	})
	return d, nil
}

// twoListeners are two listeners of which one is accepted from here, and both end.
type twoListeners struct {
	net.Listener
	other net.Listener
}

func (t twoListeners) Close() error {
	err := t.other.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(t.Listener.Close(), err)
}

func newCertifier(ctx context.Context, o ServeOptions, names []string) (*certifier, error) {
	directory := cmp.Or(o.ACME.Directory, autocert.DefaultACMEDirectory)
	if u, err := url.Parse(directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, &UsageError{fmt.Sprintf("--acme-directory %q: want the address of an authority's directory, https://…", directory)}
	}
	var roots *x509.CertPool
	if o.ACME.CA != "" {
		text, err := os.ReadFile(o.ACME.CA)
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("--acme-ca: %v", err)}
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return nil, &UsageError{fmt.Sprintf("--acme-ca %s holds no certificate in PEM", o.ACME.CA)}
		}
	}
	binding, err := binding(o.ACME)
	if err != nil {
		return nil, err
	}
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	c := &certifier{names: names, directory: directory, ready: map[string]bool{}}
	c.log = func(format string, args ...any) {
		c.saying.Lock()
		defer c.saying.Unlock()
		if !c.over {
			o.Log(format, args...)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	context.AfterFunc(ctx, transport.CloseIdleConnections)
	// Each authority has a folder: what one gave for a try is not served when another is asked from then on.
	sum := sha256.Sum256([]byte(directory))
	c.manager = autocert.Manager{
		Prompt: autocert.AcceptTOS, Email: o.ACME.Email, ExternalAccountBinding: binding,
		Cache:      certificateFolder{autocert.DirCache(filepath.Join(state, "acme", hex.EncodeToString(sum[:6]))), c},
		HostPolicy: func(_ context.Context, host string) error { return c.knows(host) },
		Client:     &acme.Client{DirectoryURL: directory, UserAgent: "holdfast/" + cmp.Or(o.Version, "dev"), HTTPClient: &http.Client{Timeout: 30 * time.Second, Transport: asking{ctx, transport, c}}},
	}
	return c, nil
}

// binding reads the account that an authority gave beforehand; nil: there is none.
func binding(o ACMEOptions) (*acme.ExternalAccountBinding, error) {
	if o.KeyID == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.KeyFile)
	if err != nil {
		return nil, &UsageError{fmt.Sprintf("--acme-eab-key-file: %v", err)}
	}
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(string(text)), "="))
	if err != nil || len(key) == 0 {
		return nil, &UsageError{fmt.Sprintf("--acme-eab-key-file %s: want the key as the authority gave it, in base64url", o.KeyFile)}
	}
	return &acme.ExternalAccountBinding{KID: o.KeyID, Key: key}, nil
}

// knows refuses each name but those that were given. The authority is asked for no other.
func (c *certifier) knows(host string) error {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if !slices.Contains(c.names, strings.ToLower(host)) {
		return fmt.Errorf("%q is none of the names of --acme", clip(host))
	}
	return nil
}

func clip(s string) string { return s[:min(len(s), 100)] }

func (c *certifier) hostPort(name string) string {
	if c.port == "443" {
		return name
	}
	return net.JoinHostPort(name, c.port)
}

// certificate answers a handshake. The authority is not asked by it: who comes in again and again while none can be had would
// use up what the authority allows.
func (c *certifier) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return c.manager.GetCertificate(hello)
	}
	name := strings.ToLower(cmp.Or(hello.ServerName, c.names[0]))
	if err := c.knows(name); err != nil {
		return nil, err
	}
	c.mu.Lock()
	ready := c.ready[name]
	c.mu.Unlock()
	if !ready {
		return nil, fmt.Errorf("there is no certificate for %s yet", name)
	}
	return c.manager.GetCertificate(wanted(name))
}

// wanted asks for a certificate with an ECDSA key, the only kind that is had: one certificate for a name.
func wanted(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// keep has the certificates before somebody comes, and tries again what failed: after a little over a minute, then longer, at
// most every hour. Renewing is the manager's, when a third of the time is left, at most 30 days.
func (c *certifier) keep(ctx context.Context) {
	var names sync.WaitGroup
	defer func() {
		names.Wait()
		c.saying.Lock()
		c.over = true
		c.saying.Unlock()
	}()
	for _, name := range c.names {
		names.Go(func() {
			for wait := 65 * time.Second; ; wait = min(2*wait, time.Hour) {
				had := make(chan error, 1)
				go func() { // it takes no context; its requests end with ours, and it with them
					_, err := c.manager.GetCertificate(wanted(name))
					had <- err
				}()
				select {
				case <-ctx.Done():
					return
				case err := <-had:
					if err == nil {
						c.mu.Lock()
						c.ready[name] = true
						c.mu.Unlock()
						return
					}
					if ctx.Err() == nil {
						c.log("%s: no certificate could be had from %s, and nobody can come in under that name: %v; it is tried again in %s. The authority has to reach %s on port 443 (or on port 80 with --acme-http); until then: --tls-cert or --tls-self", name, c.directory, err, wait, name)
					}
				}
				timer := time.NewTimer(wait)
				select {
				case <-ctx.Done():
					timer.Stop()
					return
				case <-timer.C:
				}
			}
		})
	}
}

// sendOn sends who comes without encryption to the same place with it, under the names that were given and no others.
func (c *certifier) sendOn(w http.ResponseWriter, r *http.Request) {
	name := strings.ToLower(r.Host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	switch {
	case c.knows(name) != nil:
		http.Error(w, "this server is somebody else", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "come with https", http.StatusBadRequest)
	default:
		to := url.URL{Scheme: "https", Host: c.hostPort(name), Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to.String(), http.StatusMovedPermanently)
	}
}

// certificateFolder is the folder of certificates and keys; each new certificate is told.
type certificateFolder struct {
	autocert.DirCache
	of *certifier
}

func (k certificateFolder) Put(ctx context.Context, name string, data []byte) error {
	err := k.DirCache.Put(ctx, name, data)
	if strings.Contains(name, "+") { // a token or the account
		return err
	}
	if err != nil {
		k.of.log("%s: the new certificate could not be kept in %s, and another one is asked for after a restart: %v", name, string(k.DirCache), err)
		return err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if leaf, err := x509.ParseCertificate(block.Bytes); err == nil {
			k.of.log("%s: a new certificate is served, until %s at the most", name, leaf.NotAfter.UTC().Format(time.RFC3339))
		}
		break
	}
	return nil
}

// asking notes whether the authority can be asked, which the manager tells nobody when it renews. It ends with ctx.
type asking struct {
	ctx  context.Context
	next http.RoundTripper
	of   *certifier
}

func (a asking) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := a.ctx.Err(); err != nil {
		return nil, err
	}
	resp, err := a.next.RoundTrip(r)
	ill := ""
	switch {
	case err != nil && a.ctx.Err() == nil:
		ill = err.Error()
	case err == nil && (resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests):
		ill = "it answers " + resp.Status
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	switch {
	case ill != "" && a.of.ill == "":
		a.of.log("the authority %s cannot be asked for certificates: %s; those that are there are served on, and it is asked again by itself. When this lasts look at the way there (proxy, firewall, --acme-ca) and at the end of the certificate", a.of.directory, ill)
	case ill == "" && a.of.ill != "" && err == nil:
		a.of.log("the authority %s answers again", a.of.directory)
	}
	if err == nil || ill != "" {
		a.of.ill = ill
	}
	return resp, err
}
