// Package targets starts real servers for tests: on loopback, on a free port, from a temporary folder, ended with the
// test. It installs nothing and knows nothing of what is looked for: a test without the program skips, and fails
// under CI=true, where make needs has installed it.
package targets

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// ready is how long a server may take until it accepts.
const ready = 20 * time.Second

// Folder is a temporary one that every user may enter, as servers go on as one of their own.
func Folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "target")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Write makes a file below a folder and gives its path.
func Write(tb testing.TB, dir, name, text string) string {
	tb.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return file
}

// As makes a command run as a user of the machine, who gets the folder with all that is in it. Who is not root stays
// what he is.
func As(tb testing.TB, name, dir string, c *exec.Cmd) *exec.Cmd {
	tb.Helper()
	if os.Getuid() != 0 {
		return c
	}
	u, err := user.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	}); err != nil {
		tb.Fatal(err)
	}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return c
}

// FreePort is one that nobody listens on now.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start runs what command gives for a free port, and waits until it accepts there. The port may be taken between, by
// a connection of somebody: a program that ends before it accepts is started again, on another.
func Start(tb testing.TB, dir string, command func(port int) *exec.Cmd) int {
	tb.Helper()
	var said string
	for range 3 {
		port := FreePort(tb)
		ended, log := run(tb, dir, command(port))
		if accepts(port, ended) {
			return port
		}
		b, _ := os.ReadFile(log)
		said = string(b)
	}
	tb.Fatalf("the server does not accept: %s", said)
	return 0
}

// StartAt runs a program that listens on a port that is known, and waits until it accepts there.
func StartAt(tb testing.TB, dir string, port int, c *exec.Cmd) {
	tb.Helper()
	ended, log := run(tb, dir, c)
	if !accepts(port, ended) {
		said, _ := os.ReadFile(log)
		tb.Fatalf("the server does not accept on port %d: %s", port, said)
	}
}

// run starts a program in a group of its own, which is killed at the end of the test.
func run(tb testing.TB, dir string, c *exec.Cmd) (ended chan struct{}, log string) {
	tb.Helper()
	out, err := os.CreateTemp(dir, "said")
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	c.Stdout, c.Stderr = out, out // a file: what a child keeps open holds nobody up
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Setpgid = true
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	ended = make(chan struct{})
	go func() {
		_ = c.Wait()
		close(ended)
	}()
	tb.Cleanup(func() {
		// The leader ends its children in order; what is left of the group after it is killed.
		_ = c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(3 * time.Second):
		}
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	return ended, out.Name()
}

// accepts waits until the port takes a connection; false when the program ends before, or takes too long.
func accepts(port int, ended chan struct{}) bool {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	end := time.After(ready)
	for {
		if c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-end:
			return false
		case <-again.C:
		}
	}
}
