package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// HAProxy starts one that answers hello itself, with these words on its bind line and these lines in its frontend, and
// gives its port. At /haproxy are its statistics, if these lines say so.
func HAProxy(tb testing.TB, c Issued, bind, lines string) int {
	tb.Helper()
	bin := need.Program(tb, "haproxy")
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, "-db", "-f", Write(tb, c.Dir, "haproxy.cfg", fmt.Sprintf(`global
	tune.ssl.default-dh-param 2048
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend web
	bind 127.0.0.1:%d ssl crt %s %s
%s
	http-request return status 200 content-type "text/html; charset=utf-8" string hello if { path / }
	http-request return status 404 content-type "text/html; charset=utf-8" string none unless { path /haproxy }
`, port, c.Both, bind, lines)))
	})
}
