package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSlowClients: who sends a request by drops, or does not say what it wants, is let go of; others are served all the while.
func TestSlowClients(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	ready, ended := make(chan Served, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", Version: "1.0", Ready: func(s Served) { ready <- s }})
	}()
	defer func() { end(); <-ended }()
	var s Served
	select {
	case s = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.Address, "http://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	let := make(chan string, 60)
	for i := range 60 {
		what := []string{"silent", "headers by drops", "a body by drops"}[i%3]
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			switch i % 3 {
			case 1:
				fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: localhost:"+port+"\r\nX-Slow: ")
			case 2:
				fmt.Fprint(c, "POST /log-in/password HTTP/1.1\r\nHost: localhost:"+port+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n")
			}
			gone := make(chan struct{})
			go func() { _, _ = io.Copy(io.Discard, c); close(gone) }()
			drip := time.NewTicker(500 * time.Millisecond)
			defer drip.Stop()
			for {
				select {
				case <-gone:
					let <- what
					return
				case <-drip.C:
					if i%3 != 0 {
						_, _ = fmt.Fprint(c, "a")
					}
				}
			}
		}()
	}
	late := time.After(60 * time.Second)
	for range 60 {
		r, err := http.Get(s.Address + "healthz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Fatal(r.StatusCode)
		}
		select {
		case <-let:
		case <-late:
			t.Fatal("slow clients are held for a minute")
		}
	}
}
