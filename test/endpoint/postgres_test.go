package endpoint

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

	"holdfast.example/holdfast/internal/app"
)

// TestPostgres: a real database, which goes on in TLS when it is asked to.
func TestPostgres(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	owner, err := user.Lookup("postgres")
	if len(found) == 0 || err != nil || os.Getuid() != 0 {
		if os.Getenv("CI") == "true" && os.Getuid() == 0 {
			t.Fatal("postgresql is missing; make test installs it")
		}
		t.Skip("needs root and postgresql")
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	dir, err := os.MkdirTemp("", "postgres") // not below a folder that only root may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	authority.issue(t, dir)
	for _, f := range []string{dir, filepath.Join(dir, "key.pem"), filepath.Join(dir, "chain.pem")} {
		if err := os.Chown(f, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	as := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Dir, c.Stderr = dir, os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := as(filepath.Join(filepath.Dir(found[0]), "initdb"), "-N", "-D", data).Output(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	server := as(found[0], "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir, "-c", "fsync=off",
		"-c", "ssl=on", "-c", "ssl_cert_file="+dir+"/chain.pem", "-c", "ssl_key_file="+dir+"/key.pem", "-c", "ssl_min_protocol_version=TLSv1.2")
	server.Stderr = nil
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGQUIT); _ = server.Wait() })
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	a, err := app.Assess(t.Context(), app.Options{Targets: []string{fmt.Sprint("starttls+postgres://localhost:", port)}, State: t.TempDir(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	// What HSTS would lift it to A+ with, a database has not.
	if len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "A" {
		t.Errorf("%+v", a.Endpoints)
	}
}
