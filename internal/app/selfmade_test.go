package app

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSelfMade: a certificate is made for a name, kept while it holds, shown by its fingerprint, and its key read by nobody else.
func TestSelfMade(t *testing.T) {
	state := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, ended := make(chan Served, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: state, Listen: "127.0.0.1:0", TLSSelf: true, Name: "hub.example", Ready: func(s Served) { ready <- s }})
	}()
	var s Served
	select {
	case s = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	address := strings.TrimSuffix(strings.Replace(strings.TrimPrefix(s.Address, "https://"), "hub.example", "127.0.0.1", 1), "/")
	c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: "hub.example"}}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	leaf := c.(*tls.Conn).ConnectionState().PeerCertificates[0]
	c.Close()
	if got := fingerprintOf(leaf.Raw); got != s.SelfMade || leaf.VerifyHostname("hub.example") != nil || time.Until(leaf.NotAfter) > 31*24*time.Hour {
		t.Errorf("%s, told %s", got, s.SelfMade)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	st, err := os.Stat(filepath.Join(state, "tls", "self-hub.example.key"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st, err)
	}
	if _, _, again, err := selfMade(state, "hub.example", time.Now()); err != nil || again != s.SelfMade {
		t.Error("it is made anew while it holds", err)
	}
	if _, _, later, err := selfMade(state, "hub.example", time.Now().AddDate(0, 0, 30)); err != nil || later == s.SelfMade {
		t.Error("it is kept when it is over", err)
	}
	for _, name := range []string{"", "192.0.2.1", "../x", "a b"} {
		var usage *UsageError
		if _, _, _, err := selfMade(state, name, time.Now()); !errors.As(err, &usage) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
