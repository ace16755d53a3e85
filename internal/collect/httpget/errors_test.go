package httpget

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/subject/website"
)

// TestErrorPages: each sort of error page is had by a harmless request, and tells what it tells.
func TestErrorPages(t *testing.T) {
	page := func(w http.ResponseWriter, status int, tells string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<h1>Sorry</h1><p>"+tells+"</p>")
	}
	f := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "TRACE" || r.Method == "TRACK":
			page(w, 405, "Apache Tomcat/10.1.60")
		case strings.Contains(r.URL.RawQuery, "%"):
			page(w, 500, "Django Version: 4.2.1")
		case r.URL.RawQuery != "":
			page(w, 422, "nothing")
		case r.URL.Path != "/":
			page(w, 404, "nginx/1.22.1")
		}
	}), func(r *Request) { r.Paths = nil })
	got := map[string]website.ErrorPage{}
	for _, e := range f.Errors {
		got[e.Cause] = e
	}
	for cause, want := range map[string]website.ErrorPage{
		"not-found":    {Cause: "not-found", Status: 404, Tells: "nginx/1.22.1"},
		"malformed":    {Cause: "malformed", Status: 400},
		"method":       {Cause: "method", Status: 405, Tells: "Apache Tomcat/10.1.60"},
		"server-error": {Cause: "server-error", Status: 500, Tells: "Django Version: 4.2.1"},
		"query":        {Cause: "query", Status: 422},
	} {
		if got[cause] != want {
			t.Errorf("%s: %+v, want %+v", cause, got[cause], want)
		}
	}
	if len(f.Errors) != 5 {
		t.Errorf("%+v", f.Errors)
	}
	f = get(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(r *Request) { r.Paths = nil })
	for _, e := range f.Errors {
		if e.Cause != "malformed" {
			t.Errorf("a page that is no error: %+v", e)
		}
	}
}
