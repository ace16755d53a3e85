package targets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// NATSCluster are servers of NATS with JetStream that know each other.
type NATSCluster struct {
	tb       testing.TB
	addr     []string // nats://host:port
	ports    []int
	commands []func() *exec.Cmd
	dirs     []string
	running  []*exec.Cmd
}

// NATS starts so many servers of NATS as one cluster, each a process, with these lines in the configuration of all.
func NATS(tb testing.TB, n int, lines string) *NATSCluster {
	tb.Helper()
	dir := Folder(tb)
	bin := filepath.Join(dir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		tb.Fatalf("build nats-server: %v: %s", err, out)
	}
	c := &NATSCluster{tb: tb, running: make([]*exec.Cmd, n)}
	var routes []string
	var between []int
	for range n {
		c.ports, between = append(c.ports, FreePort(tb)), append(between, FreePort(tb))
	}
	for _, p := range between {
		routes = append(routes, fmt.Sprint("nats://127.0.0.1:", p))
	}
	for i := range n {
		at := filepath.Join(dir, fmt.Sprint(i))
		cluster := ""
		if n > 1 {
			cluster = fmt.Sprintf("cluster { name: test, listen: 127.0.0.1:%d, routes: [%s] }", between[i], strings.Join(routes, ", "))
		}
		config := Write(tb, at, "nats.conf", fmt.Sprintf(`
server_name: n%d
listen: 127.0.0.1:%d
max_payload: 8MB
jetstream { store_dir: %q, max_file_store: 1GB, sync_interval: always }
%s
%s
`, i, c.ports[i], filepath.Join(at, "data"), cluster, lines))
		c.addr, c.dirs = append(c.addr, fmt.Sprint("nats://127.0.0.1:", c.ports[i])), append(c.dirs, at)
		c.commands = append(c.commands, func() *exec.Cmd { return exec.Command(bin, "-c", config) })
	}
	tb.Cleanup(func() {
		if !tb.Failed() {
			return
		}
		said, _ := filepath.Glob(filepath.Join(dir, "*", "said*"))
		for _, path := range said {
			data, _ := os.ReadFile(path)
			tb.Logf("%s of NATS said:\n%s", filepath.Base(filepath.Dir(path)), data[max(0, len(data)-4000):])
		}
	})
	for i := range n {
		c.Start(i)
	}
	return c
}

// Addresses are those of all servers, with commas between them.
func (c *NATSCluster) Addresses() string { return strings.Join(c.addr, ",") }

// Start starts a server, the first time or after Kill, and waits until it accepts.
func (c *NATSCluster) Start(i int) {
	c.tb.Helper()
	c.running[i] = c.commands[i]()
	StartAt(c.tb, c.dirs[i], c.ports[i], c.running[i])
}

// Kill ends a server with -9, and waits until it is gone.
func (c *NATSCluster) Kill(i int) {
	c.tb.Helper()
	_ = syscall.Kill(-c.running[i].Process.Pid, syscall.SIGKILL)
	for end := time.Now().Add(ready); syscall.Kill(c.running[i].Process.Pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.tb.Fatal("a server of NATS outlives its end")
		}
	}
}
