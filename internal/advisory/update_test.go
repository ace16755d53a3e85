package advisory

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/catalog"
)

// server is a feed's server that can be told to misbehave. It notes what it was asked.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	handle func(n int, w http.ResponseWriter, r *http.Request)
}

func serve(t *testing.T, handle func(n int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{handle: handle}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
		s.mu.Unlock()
		s.handle(n, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) plan(feeds ...string) Plan {
	return Plan{Feeds: feeds, Agent: "holdfast/test", Origins: Origins{
		{Feed: OSV, URL: s.URL + "/{ecosystem}/all.zip", Limit: Limit(48 * time.Hour), Bytes: 1 << 20, For: "x"},
		{Feed: KEV, URL: s.URL + "/kev.csv", Limit: Limit(48 * time.Hour), Bytes: 1 << 20, For: "x"},
	}}
}

// edition answers with content as of a tag, ranges and conditions included.
func send(w http.ResponseWriter, r *http.Request, content []byte, tag string) {
	w.Header().Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func feedZip(t *testing.T, n int, fixed string) []byte {
	var files []file
	for i := range n {
		files = append(files, file{fmt.Sprintf("GHSA-%d.json", i), npm(fmt.Sprint("GHSA-", i), fmt.Sprint("p", i), fixed)})
	}
	return zipped(t, files...)
}

// TestUpdate: what is new comes once; what is unchanged is only noted; what is gone goes.
func TestUpdate(t *testing.T) {
	content, tag := feedZip(t, 20, "1"), "a"
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "holdfast/test" || r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("asked as %q, %q", r.UserAgent(), r.Header)
		}
		switch r.URL.Path {
		case "/npm/all.zip":
			send(w, r, content, tag)
		case "/kev.csv":
			w.Header().Set("Last-Modified", "Mon, 25 Aug 2025 10:00:00 GMT")
			http.ServeContent(w, r, "", time.Date(2025, 8, 25, 10, 0, 0, 0, time.UTC), strings.NewReader(kevLine))
		default:
			http.NotFound(w, r)
		}
	})
	s := At(t.TempDir(), orders)
	up, r, err := s.Update(context.Background(), now, srv.plan("npm", KEV))
	if err != nil || len(up) != 2 || up[0].Unchanged || up[0].Bytes != int64(len(content)) || r.Feeds[1].Added != 20 {
		t.Fatalf("%+v %+v %v", up, r, err)
	}
	ix := index(t, s)
	if len(ids(ix, "npm", "p3")) != 1 || !ix.Exploited("CVE-2025-48384") {
		t.Error("not found")
	}
	if f := ix.Feeds()[1]; f.Source != srv.URL+"/npm/all.zip" || f.Offline || !f.Checked.Equal(now) {
		t.Errorf("%+v", f)
	}

	later := now.Add(24 * time.Hour)
	up, _, err = s.Update(context.Background(), later, srv.plan("npm", KEV))
	if err != nil || !up[0].Unchanged || !up[1].Unchanged {
		t.Fatalf("%+v %v", up, err)
	}
	if f := index(t, s).Feeds()[1]; !f.Checked.Equal(later) || !f.Imported.Equal(now) {
		t.Errorf("%+v", f)
	}

	content, tag = feedZip(t, 19, "1"), "b"
	if _, r, err = s.Update(context.Background(), later, srv.plan("npm")); err != nil || r.Feeds[0].Gone != 1 || r.Feeds[0].Changed != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if got := ids(index(t, s), "npm", "p19"); len(got) != 0 {
		t.Errorf("gone: %q", got)
	}

	up, _, err = s.Update(context.Background(), later, srv.plan("npm", "PyPI", "../x", "Debian:12"))
	if err == nil || !strings.Contains(err.Error(), "update PyPI") || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), `"../x" is no feed`) || !strings.Contains(err.Error(), "without a release") {
		t.Errorf("%v", err)
	}
	if !up[0].Unchanged || up[1].Err == nil {
		t.Errorf("the others go on: %+v", up)
	}
}

// TestResume: a connection that breaks off is taken up where it ended, and never across two editions.
func TestResume(t *testing.T) {
	content := feedZip(t, 200, "1")
	half := len(content) / 2
	// breaks sends the first bytes and hangs up.
	breaks := func(w http.ResponseWriter, b []byte, tag string, n int) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:n])
		panic(http.ErrAbortHandler)
	}
	ask := fmt.Sprintf("/npm/all.zip bytes=%d-", half)
	other := feedZip(t, 150, "2")
	for name, x := range map[string]struct {
		handle func(n int, w http.ResponseWriter, r *http.Request)
		asked  []string
		want   string // of p1; or the error
	}{
		"goes on": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `"a"`, half)
			}
			send(w, r, content, "a")
		}, []string{"/npm/all.zip", ask}, "GHSA-1 <1"},
		"changed between": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `"a"`, half)
			}
			send(w, r, other, "b") // If-Range does not hold: all of it
		}, []string{"/npm/all.zip", ask}, "GHSA-1 <2"},
		"a weak tag is none": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `W/"a"`, half)
			}
			if n == 1 {
				breaks(w, content, `W/"a"`, half+1)
			}
			send(w, r, content, "a")
		}, []string{"/npm/all.zip", "/npm/all.zip", "/npm/all.zip"}, "GHSA-1 <1"},
		"another part than asked for": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `"a"`, half)
			}
			w.Header().Set("ETag", `"a"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 3-%d/%d", len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
		}, []string{"/npm/all.zip", ask}, "another part than was asked for"},
		"it became shorter": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `"a"`, half)
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}, []string{"/npm/all.zip", ask}, "became shorter"},
		"it never comes further": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				breaks(w, content, `"a"`, half)
			}
			w.Header().Set("ETag", `"a"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(content)-half))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", half, len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, []string{"/npm/all.zip", ask}, fmt.Sprintf("broke off after %d bytes", half)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, x.handle)
			s := At(t.TempDir(), orders)
			_, _, err := s.Update(context.Background(), now, srv.plan("npm"))
			if !slices.Equal(srv.asked, x.asked) {
				t.Errorf("asked %q, want %q", srv.asked, x.asked)
			}
			if err != nil {
				if !strings.Contains(err.Error(), x.want) {
					t.Errorf("%v, want %q", err, x.want)
				}
				return
			}
			if got := ids(index(t, s), "npm", "p1"); len(got) != 1 || got[0] != x.want {
				t.Errorf("%q, want %q", got, x.want)
			}
		})
	}
	// Also over two updates, hours apart.
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n < 2 {
			w.Header().Set("ETag", `"a"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(content)-half*n))
			if n == 1 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", half, len(content)-1, len(content)))
				w.WriteHeader(http.StatusPartialContent)
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(content[:half])
			panic(http.ErrAbortHandler)
		}
		send(w, r, content, "a")
	})
	s := At(t.TempDir(), orders)
	if _, _, err := s.Update(context.Background(), now, srv.plan("npm")); err == nil {
		t.Fatal("the first is broken off")
	}
	if _, err := s.Index(context.Background(), now); !errors.Is(err, ErrEmpty) {
		t.Errorf("after a part: %v", err)
	}
	if _, _, err := s.Update(context.Background(), now, srv.plan("npm")); err != nil {
		t.Fatal(err)
	}
	if last := srv.asked[len(srv.asked)-1]; last != ask {
		t.Errorf("asked %q, want %q", last, ask)
	}
}

// endless never ends, and costs nothing to make.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestHostileServer: too much, wrong, silent or elsewhere; each is named, and what was there stays.
func TestHostileServer(t *testing.T) {
	content := feedZip(t, 20, "9")
	sum := sha256.Sum256(content)
	right := base64.StdEncoding.EncodeToString(sum[:])
	wrong := base64.StdEncoding.EncodeToString(make([]byte, 32))
	digest := func(name, value string) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".sha256") {
				http.NotFound(w, r)
				return
			}
			w.Header().Set(name, value)
			send(w, r, content, "z")
		}
	}
	beside := func(text string, code int) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".sha256") {
				w.WriteHeader(code)
				_, _ = io.WriteString(w, text)
				return
			}
			send(w, r, content, "z")
		}
	}
	for name, x := range map[string]struct {
		handle func(int, http.ResponseWriter, *http.Request)
		want   string // empty: it is taken
	}{
		"10 GiB announced": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(10<<30))
			_, _ = io.CopyN(w, endless{}, 4096)
		}, "more than the 1048576 that are allowed"},
		"10 GiB not announced": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.CopyN(w, endless{}, 10<<30)
		}, "more than the 1048576 bytes that are allowed"},
		"no zip":                      {func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, []byte("<html>"), "z") }, "no advisories"},
		"a zip cut off":               {func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, content[:len(content)-9], "z") }, "cut off"},
		"nothing of the feed":         {func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, []byte(kevLine), "z") }, "no records of this feed"},
		"an error":                    {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503"},
		"silence":                     {func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "nothing came for"},
		"a wrong Digest":              {digest("Digest", "sha-256="+wrong), "nothing of it was taken"},
		"the right Digest":            {digest("Digest", "sha-256="+right), ""},
		"a wrong Repr-Digest":         {digest("Repr-Digest", "sha-256=:"+wrong+":"), "nothing of it was taken"},
		"the right Repr-Digest":       {digest("Repr-Digest", "sha-256=:"+right+":"), ""},
		"a wrong hash of the storage": {digest("X-Goog-Hash", "crc32c=AAAAAA=="), "nothing of it was taken"},
		"another digest":              {digest("Digest", "unixsum=1"), ""},
		"a wrong digest beside":       {beside(strings.Repeat("00", 32)+"  all.zip\n", 200), "nothing of it was taken"},
		"the right digest beside":     {beside(fmt.Sprintf("%x  all.zip\n", sum), 200), ""},
		"no digest beside":            {beside("x", 404), ""},
		"nonsense beside":             {beside("<html>", 200), "is no SHA-256"},
		"an empty digest beside":      {beside("", 200), "is empty"},
		"an error beside":             {beside("x", 500), "500"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, x.handle)
			s, _ := imported(t, put(t, "npm/all.zip", feedZip(t, 20, "1")))
			p := srv.plan("npm")
			p.Sums, p.Stall = strings.Contains(name, "beside"), 10*time.Second
			if name == "silence" {
				p.Stall = 20 * time.Millisecond
			}
			_, _, err := s.Update(context.Background(), now, p)
			got := ids(index(t, s), "npm", "p1")
			if x.want == "" {
				if err != nil || !slices.Equal(got, []string{"GHSA-1 <9"}) {
					t.Errorf("%v, %q", err, got)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), x.want) || !slices.Equal(got, []string{"GHSA-1 <1"}) {
				t.Errorf("%v, want %q; found %q", err, x.want, got)
			}
		})
	}
	plain := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { send(w, r, content, "z") })
	tls := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer tls.Close()
	client := tls.Client()
	client.CheckRedirect = noDowngrade
	p := plain.plan("npm")
	p.Client, p.Origins[0].URL = client, tls.URL+"/{ecosystem}"
	if _, _, err := At(t.TempDir(), orders).Update(context.Background(), now, p); err == nil || !strings.Contains(err.Error(), "leads from https to http") {
		t.Errorf("%v", err)
	}
}

// TestOneBadFeed: a feed that cannot be taken leaves nothing behind in the import of the others.
func TestOneBadFeed(t *testing.T) {
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/npm/all.zip" {
			send(w, r, feedZip(t, 20, "1"), "a")
			return
		}
		send(w, r, []byte("[{\"id\":\"PYSEC-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"x\"},\"versions\":[\"1\"]}]},{"), "a")
	})
	s := At(t.TempDir(), orders)
	up, r, err := s.Update(context.Background(), now, srv.plan("npm", "PyPI"))
	if err == nil || !strings.Contains(err.Error(), "update PyPI") || up[1].Err == nil || r == nil || len(r.Feeds) != 1 {
		t.Fatalf("%+v %+v %v", up, r, err)
	}
	ix := index(t, s)
	if len(ids(ix, "npm", "p1")) != 1 || len(ids(ix, "PyPI", "x")) != 0 || len(ix.Feeds()) != 1 {
		t.Errorf("%+v", ix.Feeds())
	}
}

// TestOrigins: the catalogue's file holds, and what is wrong in it is named.
func TestOrigins(t *testing.T) {
	o, err := LoadOrigins(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Of("Red Hat").URL; !strings.HasSuffix(got, "/Red%20Hat/all.zip") {
		t.Errorf("Red Hat comes from %s", got)
	}
	day := 24 * time.Hour
	for name, x := range map[string]struct {
		feed  Feed
		age   time.Duration
		stale bool
	}{
		"today":                           {Feed{Name: "npm", Checked: now.Add(-time.Hour)}, time.Hour, false},
		"at the limit":                    {Feed{Name: "npm", Checked: now.Add(-2 * day)}, 2 * day, false},
		"a second later":                  {Feed{Name: "npm", Checked: now.Add(-2*day - time.Second)}, 2*day + time.Second, true},
		"no news, but looked":             {Feed{Name: "npm", Checked: now, Modified: now.Add(-9 * day)}, 0, false},
		"from an old file":                {Feed{Name: "npm", Checked: now, Modified: now.Add(-9 * day), Offline: true}, 9 * day, true},
		"from a file without times":       {Feed{Name: "Go", Checked: now, Offline: true}, 0, false},
		"a mirror of EPSS that is still":  {Feed{Name: EPSS, Checked: now, Modified: now.Add(-3 * day)}, 3 * day, true},
		"ends of life hold for a week":    {Feed{Name: EOL, Checked: now.Add(-6 * day)}, 6 * day, false},
		"ends of life of two weeks":       {Feed{Name: EOL, Checked: now.Add(-14 * day)}, 14 * day, true},
		"the clock went back: not stale":  {Feed{Name: KEV, Checked: now.Add(day)}, -day, false},
		"the catalogue of CISA, days old": {Feed{Name: KEV, Checked: now.Add(-4 * day)}, 4 * day, true},
	} {
		if age, limit, stale := o.Stale(x.feed, now); age != x.age || stale != x.stale || limit < 2*day {
			t.Errorf("%s: %v of %v, %v", name, age, limit, stale)
		}
	}
}
