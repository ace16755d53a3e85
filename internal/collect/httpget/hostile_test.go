package httpget

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"holdfast.example/holdfast/internal/subject/website"
)

// speaks accepts connections, over TLS where a certificate is given, reads a request, and says what it wants.
func speaks(t *testing.T, secure bool, say func(c net.Conn, r *http.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		s := httptest.NewUnstartedServer(nil)
		s.StartTLS()
		conf := s.TLS.Clone()
		s.Close()
		conf.NextProtos = nil
		l = tls.NewListener(l, conf)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err == nil {
					say(c, r)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// try looks at one address with the whole catalogue.
func try(t *testing.T, address string, change ...func(*Request)) (website.Fact, error) {
	t.Helper()
	r := Request{URL: "https://shop.example/", Address: address, UserAgent: "Holdfast/test", Timeout: 20 * time.Second, Paths: catalogue(t)}
	for _, c := range change {
		c(&r)
	}
	return Get(t.Context(), r)
}

// TestNoHTTP: what answers no HTTP gives an error that says what was asked, where, and what it met; and no fact that a
// check could pass on.
func TestNoHTTP(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	ssh := func(c net.Conn, _ *http.Request) {}
	banner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { banner.Close() })
	go func() {
		for {
			c, err := banner.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1\r\n")
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	for _, c := range []struct {
		name, address, says string
	}{
		{"plain HTTP", plain.Listener.Addr().String(), "speaks plain HTTP there"},
		{"SSH", banner.Addr().String(), "something else than TLS"},
		{"closes", speaks(t, true, ssh), "closed the connection"},
		{"silent", speaks(t, true, func(net.Conn, *http.Request) { <-silent }), "in time"},
		{"a byte and no more", speaks(t, true, func(c net.Conn, _ *http.Request) { _, _ = io.WriteString(c, "H"); <-silent }), "in time"},
		{"garbage", speaks(t, true, func(c net.Conn, _ *http.Request) { _, _ = c.Write(bytes.Repeat([]byte{0, 0xff, '\n'}, 1000)) }), "no proper HTTP"},
		{"a status of words", speaks(t, true, func(c net.Conn, _ *http.Request) { _, _ = io.WriteString(c, "HTTP/1.1 fine thanks\r\n\r\n") }), "no proper HTTP"},
		{"an escape in a header", speaks(t, true, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nServer: a\x1b[31m\r\n\r\n")
		}), "no proper HTTP"},
		{"a NUL in a header", speaks(t, true, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nServer: a\x00b\r\n\r\n")
		}), "no proper HTTP"},
		{"endless header", speaks(t, true, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: a\r\n", i); err != nil {
					return
				}
			}
		}), "exceeded"},
		{"one endless line", speaks(t, true, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: ")
			for {
				if _, err := io.WriteString(c, strings.Repeat("a", 4096)); err != nil {
					return
				}
			}
		}), "exceeded"},
		{"10,000 headers", speaks(t, true, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+strings.Repeat("a:\r\n", 10000)+"\r\n")
		}), "10000 header lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := try(t, c.address, func(r *Request) {
				if c.says == "in time" {
					r.Timeout = 200 * time.Millisecond
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "ask https://shop.example/ at "+c.address) {
				t.Errorf("%v; want %q in it", err, c.says)
			}
			if f.Status != 0 || len(f.Headers) > 0 {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestTLSOnPlainPort: who speaks TLS on port 80 is said to, and it is a gap, no pass.
func TestTLSOnPlainPort(t *testing.T) {
	alert := speaks(t, false, func(c net.Conn, _ *http.Request) { _, _ = io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x0a") })
	f := get(t, http.NotFoundHandler(), func(r *Request) { r.Plain, r.Paths = alert, nil })
	if p := f.Gaps[website.PartPlain]; f.Plain != nil || !strings.Contains(p.Text, "speaks TLS there") {
		t.Errorf("%+v %+v", f.Plain, p)
	}
}

// TestCutBody: the headers of a page that breaks off are judged; what it loads is a gap, and so is what was looked for.
func TestCutBody(t *testing.T) {
	for name, end := range map[string]string{"reset": "", "short": "Content-Length: 100000\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := speaks(t, true, func(c net.Conn, _ *http.Request) {
				if end == "" {
					end = "Transfer-Encoding: chunked\r\n"
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"+end+"\r\n<script src=//a.example/b.js></script>")
				if raw, ok := c.(*tls.Conn).NetConn().(*net.TCPConn); ok && name == "reset" {
					_ = raw.SetLinger(0)
					_ = raw.Close()
				}
			})
			f, err := try(t, address)
			if err != nil || f.Status != 200 {
				t.Fatal(err, f)
			}
			for _, part := range []string{website.PartResources, website.PartFinds, website.PartMethods} {
				if f.Gaps[part].Text == "" {
					t.Errorf("%s is no gap: %v", part, f.Gaps)
				}
			}
		})
	}
}

// TestSlowBody: a page of a byte now and then ends with the patience, and not before.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	f, err := try(t, speaks(t, true, func(c net.Conn, r *http.Request) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<")
		if r.Method == http.MethodGet && r.Header.Get("Origin") == "" && r.URL.RawQuery == "" {
			<-done
		}
	}), func(r *Request) { r.Timeout, r.Paths = 2*time.Second, r.Paths[:1] })
	if err != nil || f.Status != 200 || !strings.Contains(f.Gaps[website.PartResources].Text, "in time") || f.Gaps[website.PartFinds].Text == "" {
		t.Errorf("%v %d %v", err, f.Status, f.Gaps)
	}
}

// TestFindStays: what was found stays found when other requests fail, and a find whose twin was not seen is a gap.
func TestFindStays(t *testing.T) {
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/.git/HEAD":
			_, _ = io.WriteString(w, "ref: refs/heads/main")
		case r.URL.Path == "/metrics":
			panic(http.ErrAbortHandler)
		default:
			http.NotFound(w, r)
		}
	}))
	if got := ids(f); len(got) != 1 || got[0] != "git-head" || f.Gaps[website.PartFinds].Text == "" || f.Tried == 0 {
		t.Errorf("%v, %d tried, gaps %v", got, f.Tried, f.Gaps)
	}
	f = get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.holdfast-") {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/.git/HEAD" {
			_, _ = io.WriteString(w, "ref: refs/heads/main")
			return
		}
		http.NotFound(w, r)
	}))
	if len(f.Finds) > 0 || f.Gaps[website.PartFinds].Text == "" {
		t.Errorf("%v, gaps %v", ids(f), f.Gaps)
	}
}

// TestControlCharacters: what a terminal or a database stumbles over does not come into the fact.
func TestControlCharacters(t *testing.T) {
	f, err := try(t, speaks(t, true, func(c net.Conn, _ *http.Request) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nServer: a\xc2\x9b[31m\xff\r\nX-A: b\tc\r\nContent-Length: 0\r\n\r\n")
	}), func(r *Request) { r.Paths = nil })
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, h := range f.Headers {
		if strings.ContainsFunc(h.Value, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }) {
			t.Errorf("%q", h)
		}
		if h.Name == "server" && strings.Contains(h.Value, "[31m") || h.Name == "x-a" && h.Value == "b\tc" {
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%+v", f.Headers)
	}
	if got := clean("a\x00b\u0085"); got != "a\uFFFDb\uFFFD" {
		t.Errorf("%q", got)
	}
}

// TestNotFollowed: no redirect is followed, to whichever address, by whichever request.
func TestNotFollowed(t *testing.T) {
	var inside atomic.Int64
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	t.Cleanup(secret.Close)
	for _, to := range []string{secret.URL, "/", "http://169.254.169.254/latest/meta-data/", "https://[::1]/", "//127.0.0.1/", "file:///etc/passwd"} {
		var roots atomic.Int64
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" && r.Method == http.MethodGet && r.Header.Get("Origin") == "" && r.URL.RawQuery == "" {
				roots.Add(1)
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}), func(r *Request) { r.Write, r.Paths = true, r.Paths[:5] })
		if n := roots.Load(); n != 1 || f.Status != http.StatusFound || len(f.Gaps) > 0 {
			t.Errorf("%s: the first page was asked for %d times, %d, gaps %v", to, n, f.Status, f.Gaps)
		}
	}
	if n := inside.Load(); n > 0 {
		t.Errorf("%d requests came where redirects led", n)
	}
}

// TestNeverUnpacked: no encoding is asked for, and what comes packed is looked at as it comes.
func TestNeverUnpacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "ref: refs/heads/main <script src=http://a.example/b.js></script>")
	_ = z.Close()
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e := r.Header.Get("Accept-Encoding"); e != "" {
			t.Errorf("asked for %s", e)
		}
		if r.URL.Path != "/" && r.URL.Path != "/.git/HEAD" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}))
	if len(f.Finds) > 0 || len(f.Resources) > 0 {
		t.Errorf("%v %v", ids(f), f.Resources)
	}
}

// TestLongPage: of a page without end so much is read, and that it was longer is a gap.
func TestLongPage(t *testing.T) {
	var sent atomic.Int64
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		for b := make([]byte, 1<<16); sent.Load() < 1<<30; {
			n, err := w.Write(b)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}), func(r *Request) { r.Paths = nil })
	if !strings.Contains(f.Gaps[website.PartResources].Text, "longer than the 1024 KiB") {
		t.Errorf("%v", f.Gaps)
	}
	if n := sent.Load(); n > 512<<20 {
		t.Errorf("%d MiB were taken", n>>20)
	}
}

// TestVersions: a server of HTTP/1.1 alone and one of HTTP/2 are seen alike.
func TestVersions(t *testing.T) {
	for _, two := range []bool{false, true} {
		var most atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), int64(r.ProtoMajor)))
			w.Header().Set("Server", "a")
			if r.Method == "TRACE" {
				_ = r.Write(w)
			}
		}))
		s.EnableHTTP2 = two
		s.StartTLS()
		t.Cleanup(s.Close)
		f, err := try(t, s.Listener.Addr().String(), func(r *Request) { r.Write, r.Paths, r.Timeout = true, nil, 20*time.Second })
		if err != nil || f.Status != 200 || len(f.Gaps) > 0 || len(f.Methods) != 14 || !f.Methods[0].Echo {
			t.Errorf("HTTP/2 %v: %v %+v", two, err, f)
		}
		if want := map[bool]int64{false: 1, true: 2}[two]; most.Load() != want {
			t.Errorf("spoke HTTP/%d, want %d", most.Load(), want)
		}
	}
}

// TestExplained: the cause stays wrapped.
func TestExplained(t *testing.T) {
	if err := explained(io.ErrUnexpectedEOF); !errors.Is(err, io.ErrUnexpectedEOF) || explained(nil) != nil {
		t.Error(err)
	}
	own := errors.New("else")
	if explained(own) != own {
		t.Error("an unknown error was changed")
	}
}
