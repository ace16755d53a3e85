package httpget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/website"
)

func catalogue(t testing.TB) []website.Path {
	t.Helper()
	paths, err := website.LoadPaths(os.DirFS("../../../catalog"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// server serves h over TLS, and gives its address.
func server(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func get(t testing.TB, h http.Handler, change ...func(*Request)) website.Fact {
	t.Helper()
	r := Request{URL: "https://shop.example/", Address: server(t, h), UserAgent: "Holdfast/test", Timeout: 20 * time.Second, Paths: catalogue(t)}
	for _, c := range change {
		c(&r)
	}
	f, err := Get(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ids(f website.Fact) (out []string) {
	for _, x := range f.Finds {
		out = append(out, x.ID)
	}
	return out
}

// serves answers as an entry of the catalogue wants it.
func serves(p website.Path) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path, _, _ := strings.Cut(p.Path, "?")
		ok := r.URL.Path == path || strings.Contains(p.Path, "{random}") && strings.HasSuffix(r.URL.Path, path[strings.Index(path, "}")+1:]) &&
			(strings.Contains(path, ".") == strings.Contains(r.URL.Path, "."))
		if !ok {
			http.NotFound(w, r)
			return
		}
		kind := "text/plain"
		if p.Type != "" {
			kind = p.Type + "x"
		}
		w.Header().Set("Content-Type", kind)
		if slices.Contains(p.Contains, "header: X-Powered-By: PHP") {
			w.Header().Set("X-Powered-By", "PHP/8.2")
		}
		if len(p.Status) > 0 {
			w.WriteHeader(p.Status[len(p.Status)-1])
		}
		_, _ = io.WriteString(w, strings.Join(p.Contains, " "))
	}
}

// TestEveryPath: each entry is found where it is, and only what shares its words beside it.
func TestEveryPath(t *testing.T) {
	for _, p := range catalogue(t) {
		if p.SHA256 != "" {
			continue // TestIcon
		}
		t.Run(p.ID, func(t *testing.T) {
			f := get(t, serves(p))
			if !slices.Contains(ids(f), p.ID) {
				t.Errorf("not found; %v, gaps %v", ids(f), f.Gaps)
			}
			for _, x := range f.Finds {
				if x.Path != p.Path && !strings.Contains(p.Path, "{random}") {
					t.Errorf("found as well: %s at %s", x.ID, x.Path)
				}
			}
		})
	}
}

// TestAnswersEverything: a site that answers 200 to every name, with whatever words, yields no find but the page at
// its root.
func TestAnswersEverything(t *testing.T) {
	var words []string
	for _, p := range catalogue(t) {
		if p.Path != "/" && p.Sort != "listing" {
			words = append(words, p.Contains...)
		}
	}
	for name, body := range map[string]string{
		"an application of one page": "<!doctype html><html><title>Shop</title>a=b</html>",
		"all the words":              strings.Join(words, "\n"),
		"an equals sign":             "a=b",
	} {
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		if len(f.Finds) > 0 || f.Tried == 0 {
			t.Errorf("%s: %v, %d tried", name, ids(f), f.Tried)
		}
	}
}

// TestBeside: two finds whose names beside them are the same do not hide each other.
func TestBeside(t *testing.T) {
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/nginx_status":
			_, _ = io.WriteString(w, "Active connections: 1")
		case r.URL.Path == "/server-status":
			_, _ = io.WriteString(w, "Apache Server Status")
		default:
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "you have DEBUG = True")
		}
	}))
	got := ids(f)
	slices.Sort(got)
	if !slices.Equal(got, []string{"django-debug", "nginx-status", "server-status"}) {
		t.Errorf("%v", got)
	}
}

// TestAnswers: origins, methods, error pages and resources as they are sent.
func TestAnswers(t *testing.T) {
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		switch {
		case r.Method == "TRACE":
			_ = r.Write(w)
		case r.Method == "OPTIONS":
			w.Header().Set("Allow", "GET, put,  PROPFIND")
		case r.URL.Path != "/":
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "<address>Apache/2.4.57 (Debian) Server</address>")
		default:
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Set-Cookie", "session=very-secret; Path=/")
			_, _ = io.WriteString(w, `<base href=/app/><script src="http://cdn.example/a.js?token=secret"></script><script src=b.js></script>
<link rel="preload stylesheet" href=//cdn.example/c.css integrity=sha384-x><link rel=icon href=i.png><script src="`)
		}
	}))
	want := []website.Resource{{Sort: "script", URL: "http://cdn.example/a.js"}, {Sort: "script", URL: "https://shop.example/app/b.js"},
		{Sort: "style", URL: "https://cdn.example/c.css", Integrity: true, Bare: true}}
	if !slices.Equal(f.Resources, want) {
		t.Errorf("resources %+v", f.Resources)
	}
	if !slices.Equal(f.Allow, []string{"GET", "PROPFIND", "PUT"}) || len(f.Methods) != 2 || !f.Methods[0].Echo || f.Methods[1].Echo {
		t.Errorf("methods %+v, allow %v", f.Methods, f.Allow)
	}
	if len(f.Origins) != 3 || f.Origins[1].Allowed != "null" || !f.Origins[0].Credentials {
		t.Errorf("origins %+v", f.Origins)
	}
	if i := slices.IndexFunc(f.Errors, func(e website.ErrorPage) bool { return e.Cause == "not-found" }); i < 0 || f.Errors[i].Tells != "Apache/2.4.57" {
		t.Errorf("errors %+v", f.Errors)
	}
	data, err := fact.Canonical(f)
	if err != nil || strings.Contains(string(data), "secret") {
		t.Errorf("what is recorded holds a secret: %v %s", err, data)
	}
	if len(f.Gaps) > 0 {
		t.Errorf("gaps %v", f.Gaps)
	}
}

// TestPlain: port 80 as it answers, and what refuses is closed.
func TestPlain(t *testing.T) {
	hits := atomic.Int64{}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(other.Close)
	to := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(to.Close)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusMovedPermanently)
	})
	f := get(t, page, func(r *Request) { r.Plain = to.Listener.Addr().String() })
	if f.Plain == nil || f.Plain.Status != 302 || f.Plain.Location != other.URL || f.Status != 301 {
		t.Errorf("%+v", f.Plain)
	}
	if hits.Load() > 0 {
		t.Errorf("redirects were followed %d times", hits.Load())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if f = get(t, page, func(r *Request) { r.Plain = l.Addr().String() }); f.Plain == nil || !f.Plain.Closed {
		t.Errorf("%+v", f.Plain)
	}
}

// bomb unpacks to 64 MiB.
var bomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	return b.Bytes()
})

// TestHostileSite: endless headers, endless bodies, gzip bombs and slow answers end in bounded time and memory.
func TestHostileSite(t *testing.T) {
	bomb() // packing it takes longer than an answer may
	for name, h := range map[string]http.HandlerFunc{
		"endless body": func(w http.ResponseWriter, r *http.Request) {
			for b := make([]byte, 1<<16); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		},
		"gzip bomb": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb())
		},
		"redirect loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
		"to metadata": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		},
		"many headers": func(w http.ResponseWriter, r *http.Request) {
			for i := range 100 {
				w.Header().Add("X-A", fmt.Sprint(i))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			f := get(t, h)
			if d := time.Since(begin); d > time.Minute {
				t.Errorf("took %s", d)
			}
			if len(f.Finds) > 0 || f.Status == 0 {
				t.Errorf("%d %v", f.Status, ids(f))
			}
		})
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 1<<20))
	}))
	t.Cleanup(s.Close)
	if _, err := Get(t.Context(), Request{URL: "https://shop.example/", Address: s.Listener.Addr().String(), Timeout: 2 * time.Second}); err == nil {
		t.Error("a header of 1 MiB was read")
	}
}

func FuzzResources(f *testing.F) {
	f.Add(`<base href="//a"><script src=x><link rel=stylesheet href='y'>`)
	base, _ := url.Parse("https://shop.example/")
	f.Fuzz(func(t *testing.T, page string) {
		if all, meta := resources(base, page); len(all) > maxResources || len(meta) > maxMeta {
			t.Error(len(all), len(meta))
		}
	})
}

// FuzzAllow: what is read of Allow, written back, reads the same. The seeds are of Apache with mod_dav, nginx and IIS.
func FuzzAllow(f *testing.F) {
	f.Add("OPTIONS,GET,HEAD,POST,DELETE,TRACE,PROPFIND,PROPPATCH,COPY,MOVE,LOCK,UNLOCK", "")
	f.Add("GET, HEAD, POST, OPTIONS, TRACE", "OPTIONS, TRACE, GET, HEAD, POST")
	f.Add(",, get ,PUT;", "\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		all := allowed([]string{a, b})
		if again := allowed([]string{strings.Join(all, ", ")}); !slices.Equal(all, again) {
			t.Errorf("%q %q: %q, again %q", a, b, all, again)
		}
	})
}

// TestNonce: a nonce that comes twice is seen, one that is new each time is not.
func TestNonce(t *testing.T) {
	for _, fixed := range []bool{true, false} {
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nonce := "always"
			if !fixed {
				nonce = random()
			}
			w.Header().Set("Content-Security-Policy", "script-src 'nonce-"+nonce+"' 'sha256-abc' 'strict-dynamic'")
		}), func(r *Request) { r.Paths = nil })
		if f.SameNonce != fixed {
			t.Errorf("fixed %v: %v", fixed, f.SameNonce)
		}
	}
}

// TestMeta: of <meta> elements those that stand for headers of interest are kept.
func TestMeta(t *testing.T) {
	base, _ := url.Parse("https://shop.example/")
	_, meta := resources(base, `<meta http-equiv="refresh" content="0;url=/?secret"><META HTTP-EQUIV=" Content-Security-Policy " CONTENT="default-src 'self'"><meta name=referrer content=origin>`)
	if want := []website.Header{{Name: "content-security-policy", Value: "default-src 'self'"}}; !slices.Equal(meta, want) {
		t.Errorf("%+v", meta)
	}
}

// TestIcon: a file is known by its hash, and one that differs by a byte is not.
func TestIcon(t *testing.T) {
	icon := strings.Repeat("\x00\x01", 1000)
	entry := website.Path{ID: "icon", Path: "/favicon.ico", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(icon))), Sort: "default"}
	for body, want := range map[string]bool{icon: true, icon + "\x00": false} {
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/favicon.ico" {
				_, _ = io.WriteString(w, body)
				return
			}
			http.NotFound(w, r)
		}), func(r *Request) { r.Paths = []website.Path{entry} })
		if (len(f.Finds) == 1) != want {
			t.Errorf("%d bytes: %v", len(body), f.Finds)
		}
	}
}

// TestSource: a start page that comes with its source, or that every name gives, was not executed.
func TestSource(t *testing.T) {
	for body, want := range map[string][]string{"<html>Shop</html>": {"handler-php-page"}, "<?php phpinfo();": nil} {
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			if r.URL.Path != "/index.php" {
				w.WriteHeader(404)
			}
			_, _ = io.WriteString(w, body)
		}))
		if got := ids(f); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}
