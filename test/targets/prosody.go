package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Prosody starts one for clients of the host localhost, with these lines in its configuration, and gives its port.
func Prosody(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	bin := need.Program(tb, "prosody")
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		file := Write(tb, c.Dir, "prosody.cfg.lua", fmt.Sprintf(`pidfile = "%[1]s/pid"
data_path = "%[1]s/data"
daemonize = false
interfaces = { "127.0.0.1" }
c2s_ports = { %[2]d }
s2s_ports = { }
modules_disabled = { "s2s" }
modules_enabled = { "saslauth", "tls" }
log = { warn = "*console" }
ssl = { certificate = "%[3]s", key = "%[4]s" }
%[5]s
VirtualHost "localhost"
`, c.Dir, port, c.Chain, c.Key, lines))
		Write(tb, c.Dir, "data/none", "")
		return As(tb, "prosody", c.Dir, exec.Command(bin, "-F", "--config", file))
	})
}
