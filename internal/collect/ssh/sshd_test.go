package ssh_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	gossh "golang.org/x/crypto/ssh"

	"holdfast.example/holdfast/internal/collect/ssh"
)

// server is a real sshd on the loopback interface.
type server struct {
	dir    string
	port   int
	hosts  []gossh.PublicKey
	client string // private key file of the client
	cmd    *exec.Cmd
}

// newServer starts sshd with an ed25519 and an RSA host key and the lines of config.
func newServer(t testing.TB, config ...string) *server {
	t.Helper()
	bin := "/usr/sbin/sshd"
	if _, err := os.Stat(bin); err != nil {
		need.Missing(t, "sshd is not installed")
	}
	if os.Geteuid() != 0 {
		need.Missing(t, "sshd for the tests needs root")
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		need.Missing(t, "sshd needs /run/sshd: %s", err.Error())
	}
	s := &server{dir: t.TempDir()}
	_ = os.Chmod(filepath.Dir(s.dir), 0o755)
	_ = os.Chmod(s.dir, 0o755)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := ed25519.GenerateKey(rand.Reader)
	s.hosts = []gossh.PublicKey{writeKey(t, s.path("host_ed"), ed), writeKey(t, s.path("host_rsa"), rs)}
	s.client = s.path("client")
	pub := writeKey(t, s.client, own)
	write(t, s.path("authorized"), string(gossh.MarshalAuthorizedKey(pub)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	lines := append([]string{
		"Port " + strconv.Itoa(s.port), "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no",
		"AuthorizedKeysFile " + s.path("authorized"), "PasswordAuthentication no", "PermitRootLogin yes",
		"LogLevel ERROR", "MaxStartups 200", "PrintMotd no",
	}, config...)
	if !strings.Contains(strings.Join(config, "\n"), "HostKey ") {
		lines = append(lines, "HostKey "+s.path("host_rsa"), "HostKey "+s.path("host_ed"))
	}
	write(t, s.path("sshd_config"), strings.Join(lines, "\n")+"\n")
	s.cmd = exec.Command(bin, "-D", "-e", "-f", s.path("sshd_config"))
	var said strings.Builder
	s.cmd.Stderr = &said
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	for range 200 {
		if c, err := net.Dial("tcp", s.addr()); err == nil {
			c.Close()
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	t.Fatalf("sshd does not listen: %s", said.String())
	return nil
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }
func (s *server) addr() string            { return "127.0.0.1:" + strconv.Itoa(s.port) }

// knows writes a known_hosts file with the given lines; KEY0 and KEY1 stand for the host keys, HOST for
// the host's name in such a file.
func (s *server) knows(t testing.TB, lines ...string) string {
	t.Helper()
	text := strings.Join(lines, "\n") + "\n"
	for i, k := range s.hosts {
		text = strings.ReplaceAll(text, fmt.Sprintf("KEY%d", i), strings.TrimSpace(string(gossh.MarshalAuthorizedKey(k))))
	}
	text = strings.ReplaceAll(text, "HOST", fmt.Sprintf("[127.0.0.1]:%d", s.port))
	f := filepath.Join(t.TempDir(), "known_hosts")
	write(t, f, text)
	return f
}

// options reach the server as root, with its ed25519 key known.
func (s *server) options(t testing.TB) ssh.Options {
	return ssh.Options{
		User: "root", Host: "127.0.0.1", Port: s.port, ConfigFile: "none", Agent: "none", Home: s.dir,
		KnownHosts: []string{s.knows(t, "HOST KEY0")}, IdentityFiles: []string{s.client}, Timeout: 10 * time.Second,
	}
}

func dial(t testing.TB, o ssh.Options) *ssh.Transport {
	t.Helper()
	tr, err := ssh.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func writeKey(t testing.TB, path string, key crypto.PrivateKey) gossh.PublicKey {
	t.Helper()
	block, err := gossh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(pem.EncodeToMemory(block)))
	s, err := gossh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s.PublicKey()
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
