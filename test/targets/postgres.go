package targets

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Postgres starts PostgreSQL with these settings (name=value), and gives its port. It does not run as root, so only
// root, who can be its user, starts it.
func Postgres(tb testing.TB, c Issued, settings ...string) int {
	tb.Helper()
	Root(tb)
	bin := Program(tb, "/usr/lib/postgresql/*/bin/postgres")
	data := filepath.Join(c.Dir, "data")
	prepare := As(tb, "postgres", c.Dir, exec.Command(filepath.Join(filepath.Dir(bin), "initdb"), "-N", "-D", data))
	prepare.Dir = c.Dir
	if out, err := prepare.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		args := []string{"-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + c.Dir, "-c", "fsync=off",
			"-c", "ssl_cert_file=" + c.Chain, "-c", "ssl_key_file=" + c.Key}
		for _, s := range settings {
			args = append(args, "-c", s)
		}
		p := As(tb, "postgres", c.Dir, exec.Command(bin, args...))
		p.Dir = c.Dir
		return p
	})
}
