package endpoint

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/test/targets"
)

// BenchmarkFiveHundred looks at 500 sites on loopback, whose servers share the processors with it; far: they answer
// each flight of the client 100 ms later, and the first, with which the connection is made, 200 ms.
func BenchmarkFiveHundred(b *testing.B) {
	b.Run("near", func(b *testing.B) { many(b, 0) })
	b.Run("far", func(b *testing.B) { many(b, 100*time.Millisecond) })
}

// distant is a listener whose connections read late.
type distant struct {
	net.Listener
	delay time.Duration
}

func (d distant) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return &late{Conn: c, delay: d.delay, first: true}, err
}

type late struct {
	net.Conn
	delay time.Duration
	first bool
}

func (l *late) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.first {
		time.Sleep(l.delay)
	}
	l.first = false
	time.Sleep(l.delay)
	return n, err
}

func many(b *testing.B, delay time.Duration) {
	cert := authority.Issue(b, targets.Leaf{})
	o := app.Options{State: b.TempDir(), Version: "test"}
	for range 500 {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, "hello")
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS}}
		if delay > 0 {
			s.Listener = distant{s.Listener, delay}
		}
		s.StartTLS()
		b.Cleanup(s.Close)
		o.Targets = append(o.Targets, strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	}
	for b.Loop() {
		a, err := app.Assess(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		graded, first := 0, ""
		for _, e := range a.Endpoints {
			if e.Grade != "" {
				graded++
			} else if first == "" {
				first = e.Address + ": " + strings.Join(e.Reasons, "; ")
			}
		}
		if graded != 500 {
			b.Fatalf("%d of 500 graded, not %s", graded, first)
		}
	}
}
