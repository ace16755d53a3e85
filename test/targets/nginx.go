package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Nginx starts one with these lines in its server block, and gives its port.
func Nginx(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return NginxOf(tb, c, fmt.Sprintf("server { listen 127.0.0.1:%d ssl; location / { return 200 \"hello\"; }\n%s }", port, lines))
	})
}

// NginxOf gives the command of one with these server blocks, which share the certificate.
func NginxOf(tb testing.TB, c Issued, servers string) *exec.Cmd {
	tb.Helper()
	bin := need.Program(tb, "nginx")
	return exec.Command(bin, "-e", "stderr", "-c", Write(tb, c.Dir, "nginx.conf", fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log stderr; worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	ssl_certificate %[2]s;
	ssl_certificate_key %[3]s;
	default_type text/html;
	%[4]s
}
`, c.Dir, c.Chain, c.Key, servers)))
}
