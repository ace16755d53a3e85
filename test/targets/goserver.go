package targets

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Go starts a server of Go's own library with these settings, to which the certificate is added, and gives its port.
func Go(tb testing.TB, c Issued, settings *tls.Config, answer http.HandlerFunc) int {
	tb.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = settings.Clone()
	s.TLS.Certificates = []tls.Certificate{c.TLS}
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).Port
}
