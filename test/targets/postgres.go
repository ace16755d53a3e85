package targets

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"
)

// Postgres starts PostgreSQL with these settings (name=value), and gives its port. It does not run as root, so only
// root, who can be its user, starts it.
func Postgres(tb testing.TB, c Issued, settings ...string) int {
	tb.Helper()
	need.Root(tb)
	return Start(tb, c.Dir, cluster(tb, c.Dir, append([]string{"ssl_cert_file=" + c.Chain, "ssl_key_file=" + c.Key, "fsync=off"}, settings...)))
}

// Database starts PostgreSQL for data of Holdfast's own, and gives the address of its database, without encryption, and how to
// kill it with -9 and start it again at the same address.
func Database(tb testing.TB, settings ...string) (address string, again func()) {
	tb.Helper()
	need.Root(tb)
	dir, port := Folder(tb), FreePort(tb)
	command := cluster(tb, dir, settings)
	cmd := command(port)
	StartAt(tb, dir, port, cmd)
	answers(tb, port)
	return "postgres://postgres@127.0.0.1:" + strconv.Itoa(port) + "/postgres?sslmode=disable", func() {
		tb.Helper()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		for range 20 { // what it left behind lets go of its memory a moment later
			cmd = command(port)
			if ended, _ := run(tb, dir, cmd); accepts(port, ended) {
				answers(tb, port)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		tb.Fatal("PostgreSQL does not come back")
	}
}

// answers waits until the database has started up, which is later than it accepts.
func answers(tb testing.TB, port int) {
	tb.Helper()
	ask := filepath.Join(filepath.Dir(need.Program(tb, "/usr/lib/postgresql/*/bin/postgres")), "pg_isready")
	for range 600 {
		if exec.CommandContext(tb.Context(), ask, "-h", "127.0.0.1", "-p", strconv.Itoa(port)).Run() == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatal("PostgreSQL does not start up")
}

// cluster makes the folder of a server, and gives the command that serves it.
func cluster(tb testing.TB, dir string, settings []string) func(port int) *exec.Cmd {
	tb.Helper()
	bin := need.Program(tb, "/usr/lib/postgresql/*/bin/postgres")
	data := filepath.Join(dir, "data")
	prepare := As(tb, "postgres", dir, exec.Command(filepath.Join(filepath.Dir(bin), "initdb"), "-N", "-D", data))
	prepare.Dir = dir
	if out, err := prepare.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return func(port int) *exec.Cmd {
		args := []string{"-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + dir}
		for _, s := range settings {
			args = append(args, "-c", s)
		}
		p := As(tb, "postgres", dir, exec.Command(bin, args...))
		p.Dir = dir
		return p
	}
}
