package targets

import (
	"fmt"
	"net"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Stunnel starts one before a service that takes connections and says nothing, with these lines in its section, and
// gives its port.
func Stunnel(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	bin := need.Program(tb, "stunnel4", "stunnel")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = silent.Close() })
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, Write(tb, c.Dir, "stunnel.conf", fmt.Sprintf(`foreground = yes
pid =
debug = warning
[service]
accept = 127.0.0.1:%d
connect = %s
cert = %s
key = %s
%s
`, port, silent.Addr(), c.Chain, c.Key, lines)))
	})
}
