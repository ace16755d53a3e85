package httpget

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/webdav"

	"holdfast.example/holdfast/internal/subject/website"
)

// writing looks with leave to write, and for nothing else.
func writing(r *Request) { r.Write, r.Paths = true, nil }

// asked remembers what a server was asked.
type asked struct {
	mu  sync.Mutex
	all []string // method and path
	bad []string
}

func (l *asked) see(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r.Method+" "+r.URL.Path)
	if r.UserAgent() != "Holdfast/test" {
		l.bad = append(l.bad, r.Method+" comes from "+r.UserAgent())
	}
}

func (l *asked) methods() (out []string) {
	for _, x := range l.all {
		m, _, _ := strings.Cut(x, " ")
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return out
}

// TestReadOnly: without leave a server sees nothing but GET, OPTIONS, TRACE and TRACK, each under our name.
func TestReadOnly(t *testing.T) {
	var l asked
	get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.see(r)
		if b, _ := io.ReadAll(r.Body); len(b) > 0 {
			t.Errorf("%s has a body", r.Method)
		}
		http.NotFound(w, r)
	}))
	if got := l.methods(); !slices.Equal(got, []string{"GET", "OPTIONS", "TRACE", "TRACK"}) || len(l.bad) > 0 {
		t.Errorf("%v %v", got, l.bad)
	}
}

func method(f website.Fact, name string) website.Method {
	for _, m := range f.Methods {
		if m.Name == name {
			return m
		}
	}
	return website.Method{}
}

// TestWriteHarmless: with leave each of the methods is sent once, under the condition, to names that nobody has.
func TestWriteHarmless(t *testing.T) {
	var l asked
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.see(r)
		switch r.Method {
		case "GET", "OPTIONS", "TRACE", "TRACK":
			http.NotFound(w, r)
			return
		case "CONNECT":
		default:
			if r.Header.Get("If-Match") != `"never"` || !strings.HasPrefix(r.URL.Path, "/holdfast-") {
				l.mu.Lock()
				l.bad = append(l.bad, fmt.Sprint(r.Method, r.URL, r.Header))
				l.mu.Unlock()
			}
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
	}), writing)
	want := []string{"CONNECT", "COPY", "DELETE", "GET", "LOCK", "MKCOL", "MOVE", "OPTIONS", "PATCH", "PROPFIND", "PROPPATCH", "PUT", "SEARCH", "TRACE", "TRACK", "UNLOCK"}
	if got := l.methods(); !slices.Equal(got, want) || len(l.bad) > 0 {
		t.Errorf("%v %v", got, l.bad)
	}
	for _, m := range f.Methods {
		if m.Created || m.Alike || m.Status != 405 && m.Name != "TRACE" && m.Name != "TRACK" {
			t.Errorf("%+v", m)
		}
	}
	if n := len(f.Methods); n != 14 || len(f.Gaps) > 0 {
		t.Errorf("%d methods, gaps %v", n, f.Gaps)
	}
}

// TestWebDAV: a server that heeds no condition makes things; they are told and taken away, a lock too.
func TestWebDAV(t *testing.T) {
	files := webdav.NewMemFS()
	dav := &webdav.Handler{FileSystem: files, LockSystem: webdav.NewMemLS()}
	f := get(t, dav, writing)
	for _, name := range []string{"PUT", "COPY", "MOVE", "MKCOL"} {
		if m := method(f, name); !m.Created || m.Left != "" || m.Status != http.StatusCreated {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := method(f, "PROPFIND"); m.Status != http.StatusMultiStatus || m.Alike {
		t.Errorf("%+v", m)
	}
	if m := method(f, "DELETE"); m.Status != http.StatusNoContent || m.Alike {
		t.Errorf("%+v", m)
	}
	left(t, files)
}

func left(t *testing.T, files webdav.FileSystem) {
	t.Helper()
	root, err := files.OpenFile(t.Context(), "/", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := root.Readdir(0); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v %v", names, err)
	}
}

// TestWriteInterrupted: what was made is removed although the assessment ends in the middle.
func TestWriteInterrupted(t *testing.T) {
	files := webdav.NewMemFS()
	dav := &webdav.Handler{FileSystem: files, LockSystem: webdav.NewMemLS()}
	ctx, stop := context.WithCancel(t.Context())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PATCH" { // comes after PUT
			stop()
		}
		dav.ServeHTTP(w, r)
	})
	s := server(t, h)
	f, err := Get(ctx, Request{URL: "https://shop.example/", Address: s, UserAgent: "Holdfast/test", Timeout: 20 * time.Second, Write: true})
	if err != nil || f.Gaps[website.PartMethods].Cause == "" {
		t.Errorf("%v %v", err, f.Gaps)
	}
	if m := method(f, "PUT"); !m.Created || m.Left != "" {
		t.Errorf("%+v", m)
	}
	left(t, files)
}

// TestWriteStays: what cannot be removed is told by its path.
func TestWriteStays(t *testing.T) {
	files := webdav.NewMemFS()
	dav := &webdav.Handler{FileSystem: files, LockSystem: webdav.NewMemLS()}
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "DELETE" || r.Method == "MOVE" {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		dav.ServeHTTP(w, r)
	}), writing)
	m := method(f, "PUT")
	if _, err := files.Stat(t.Context(), m.Left); m.Left == "" || err != nil || !m.Created {
		t.Errorf("%+v %v", m, err)
	}
}

// TestWriteAlike: a site that answers alike to everything takes no method, whatever it answers.
func TestWriteAlike(t *testing.T) {
	for _, status := range []int{200, 201, 204, 404, 412, 500} {
		f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			if status != 204 {
				_, _ = io.WriteString(w, "<title>Shop</title>")
			}
		}), writing)
		for _, m := range f.Methods {
			if m.Created || m.Left != "" || m.Tunnel || !m.Alike && m.Name != "CONNECT" && m.Name != "TRACE" && m.Name != "TRACK" {
				t.Errorf("%d: %+v", status, m)
			}
		}
	}
}

// TestTunnel: an open proxy is known by what is at the other end.
func TestTunnel(t *testing.T) {
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		defer far.Close()
		c, in, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(far, in) }()
		_, _ = io.Copy(c, bufio.NewReader(far))
	}), writing)
	if m := method(f, "CONNECT"); !m.Tunnel || m.Status != 200 {
		t.Errorf("%+v", m)
	}
}

// TestConditionAlone: a server that heeds the condition without looking at the method answers GET under it alike.
func TestConditionAlone(t *testing.T) {
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != "" {
			w.WriteHeader(http.StatusPreconditionFailed)
		}
	}), writing)
	if m := method(f, "PUT"); m.Status != http.StatusPreconditionFailed || !m.Alike || m.Created {
		t.Errorf("%+v", m)
	}
}
