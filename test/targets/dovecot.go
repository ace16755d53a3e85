package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Dovecot starts one for a protocol, imap, pop3 or sieve, with these lines in its configuration, and gives its port.
// Nobody can log in. Only root starts it.
func Dovecot(tb testing.TB, c Issued, protocol, lines string) int {
	tb.Helper()
	need.Root(tb)
	bin := need.Program(tb, "dovecot")
	service, listener, other := protocol+"-login", protocol, protocol+"s"
	if protocol == "sieve" {
		need.Program(tb, "/usr/lib/dovecot/managesieve-login")
		service, other = "managesieve-login", "sieve_deprecated"
	}
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, "-F", "-c", Write(tb, c.Dir, "dovecot.conf", fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = /dev/stderr
protocols = %[2]s
listen = 127.0.0.1
service %[3]s {
	inet_listener %[4]s {
		port = %[6]d
	}
	inet_listener %[5]s {
		port = 0
	}
}
passdb {
	driver = static
	args = password=none
}
userdb {
	driver = static
	args = uid=nobody gid=nogroup home=/nonexistent
}
ssl_cert = <%[7]s
ssl_key = <%[8]s
%[9]s
`, c.Dir, protocol, service, listener, other, port, c.Chain, c.Key, lines)))
	})
}
