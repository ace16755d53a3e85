package ssh_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
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
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func TestHostKeys(t *testing.T) {
	s := newServer(t)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	signer, _ := gossh.NewSignerFromKey(other)
	wrong := strings.TrimSpace(string(gossh.MarshalAuthorizedKey(signer.PublicKey())))
	hashed := knownhosts.HashHostname(knownhosts.Normalize(s.addr()))
	tests := []struct {
		name  string
		lines []string
		want  error
		text  []string
	}{
		{"known", []string{"HOST KEY0"}, nil, nil},
		{"only the RSA key is known", []string{"HOST KEY1"}, nil, nil},
		{"hashed", []string{hashed + " KEY0"}, nil, nil},
		{"one of two", []string{"HOST " + wrong, "HOST KEY0"}, nil, nil},
		{"nothing", nil, ssh.ErrHostKeyUnknown, []string{"SHA256:", "ssh-keyscan -p", "ssh-keygen -lf"}},
		{"another host", []string{"example.org KEY0"}, ssh.ErrHostKeyUnknown, nil},
		{"changed", []string{"# comment", "HOST " + wrong}, ssh.ErrHostKeyChanged,
			[]string{gossh.FingerprintSHA256(signer.PublicKey()), gossh.FingerprintSHA256(s.hosts[0]), "known_hosts:2", "ssh-keygen -R"}},
		{"revoked", []string{"@revoked * KEY0", "HOST KEY0"}, ssh.ErrHostKeyRevoked, nil},
		{"an authority is no host key", []string{"@cert-authority HOST KEY0"}, ssh.ErrHostKeyUnknown, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := s.options(t)
			o.KnownHosts = []string{s.knows(t, tt.lines...), "/nonexistent/known_hosts"}
			tr, err := ssh.Dial(t.Context(), o)
			if err == nil {
				tr.Close()
			}
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			for _, w := range tt.text {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}

func TestHostCertificate(t *testing.T) {
	dir := t.TempDir()
	_, hostKey, _ := ed25519.GenerateKey(rand.Reader)
	_, caKey, _ := ed25519.GenerateKey(rand.Reader)
	ca, _ := gossh.NewSignerFromKey(caKey)
	pub := writeKey(t, filepath.Join(dir, "host"), hostKey)
	cert := &gossh.Certificate{Key: pub, CertType: gossh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: gossh.CertTimeInfinity}
	must(t, cert.SignCert(rand.Reader, ca))
	write(t, filepath.Join(dir, "host-cert.pub"), string(gossh.MarshalAuthorizedKey(cert)))
	s := newServer(t, "HostKey "+filepath.Join(dir, "host"), "HostCertificate "+filepath.Join(dir, "host-cert.pub"))
	o := s.options(t)
	o.KnownHosts = []string{s.knows(t, "@cert-authority HOST "+strings.TrimSpace(string(gossh.MarshalAuthorizedKey(ca.PublicKey()))))}
	dial(t, o)
	o.KnownHosts = []string{s.knows(t, "HOST "+strings.TrimSpace(string(gossh.MarshalAuthorizedKey(pub))))}
	dial(t, o)
	o.KnownHosts = []string{s.knows(t)}
	if _, err := ssh.Dial(t.Context(), o); !errors.Is(err, ssh.ErrHostKeyUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestConfigAndJump(t *testing.T) {
	inner, outer := newServer(t), newServer(t)
	config := filepath.Join(t.TempDir(), "config")
	known := inner.knows(t, "HOST KEY0")
	b, err := os.ReadFile(outer.knows(t, "HOST KEY0"))
	must(t, err)
	a, err := os.ReadFile(known)
	must(t, err)
	write(t, known, string(a)+string(b))
	write(t, config, fmt.Sprintf(`Host jump
  Port %d
  IdentityFile %s
Host inner
  Port %d
  ProxyJump root@jump
  IdentityFile %s
Host *
  HostName 127.0.0.1
  User root
  UserKnownHostsFile %s
  StrictHostKeyChecking no
`, outer.port, outer.client, inner.port, inner.client, known))
	tr := dial(t, ssh.Options{Host: "inner", ConfigFile: config, Agent: "none", Home: t.TempDir()})
	if want := "ssh://root@inner:" + strconv.Itoa(inner.port); tr.Name() != want || !tr.Privileged() {
		t.Errorf("name %s, want %s; privileged %v", tr.Name(), want, tr.Privileged())
	}
	if f := gather(t, tr, host.Read("/etc/passwd")).File("/etc/passwd"); f.Err != nil {
		t.Error(f.Err)
	}
	write(t, known, string(a))
	if _, err := ssh.Dial(t.Context(), ssh.Options{Host: "inner", ConfigFile: config, Agent: "none", Home: t.TempDir()}); !errors.Is(err, ssh.ErrHostKeyUnknown) || !strings.Contains(err.Error(), "jump host jump") {
		t.Errorf("unknown jump host, although StrictHostKeyChecking is no: %v", err)
	}
	write(t, config, "Host a\n ProxyJump b\nHost b\n ProxyJump a\n")
	if _, err := ssh.Dial(t.Context(), ssh.Options{Host: "a", ConfigFile: config, Home: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "jump hosts") {
		t.Errorf("jump hosts in a circle: %v", err)
	}
}

func TestKeys(t *testing.T) {
	s := newServer(t)
	o := s.options(t)
	pemText, err := os.ReadFile(s.client)
	must(t, err)
	key, err := gossh.ParseRawPrivateKey(pemText)
	must(t, err)
	block, err := gossh.MarshalPrivateKeyWithPassphrase(*key.(*ed25519.PrivateKey), "", []byte("secret"))
	must(t, err)
	locked := filepath.Join(t.TempDir(), "locked")
	write(t, locked, string(pem.EncodeToMemory(block)))
	o.IdentityFiles = []string{locked}
	if _, err := ssh.Dial(t.Context(), o); !errors.Is(err, ssh.ErrRefused) || !strings.Contains(err.Error(), "ssh-add "+locked) {
		t.Errorf("key with passphrase: %v", err)
	}

	ring := agent.NewKeyring()
	must(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	o.Agent = filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", o.Agent)
	must(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	dial(t, o)

	o.Agent, o.IdentityFiles = "none", []string{"/nonexistent/key"}
	if _, err := ssh.Dial(t.Context(), o); !errors.Is(err, ssh.ErrRefused) || !strings.Contains(err.Error(), "/nonexistent/key") {
		t.Errorf("missing key: %v", err)
	}
}

func TestSilentHost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	o := ssh.Options{User: "root", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, ConfigFile: "none", Agent: "none", Home: t.TempDir(), Timeout: 300 * time.Millisecond}
	begin := time.Now()
	if _, err := ssh.Dial(t.Context(), o); !errors.Is(err, ssh.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("took %s", d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	o.Timeout = time.Minute
	if _, err := ssh.Dial(ctx, o); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("the context ends the wait: %v", err)
	}
}

func TestDeathMidway(t *testing.T) {
	s := newServer(t)
	tr := dial(t, s.options(t))
	slow := &host.Command{Name: "slow", Argv: []string{"sleep", "8"}}
	time.AfterFunc(500*time.Millisecond, func() {
		out, _ := exec.Command("pgrep", "-P", strconv.Itoa(s.cmd.Process.Pid)).Output()
		for _, pid := range strings.Fields(string(out)) {
			_ = exec.Command("kill", "-9", pid).Run()
		}
	})
	begin := time.Now()
	ev := gather(t, tr, host.Run(slow))
	if o := ev.Output(slow); o.Err == nil || o.Err.Cause != fact.Unreachable {
		t.Errorf("during: %v", o.Err)
	}
	ev = gather(t, tr, host.Join(host.Read("/etc/passwd", "/etc/*"), host.Processes(), host.Walk()))
	if f := ev.File("/etc/passwd"); f.Err == nil || f.Err.Cause != fact.Unreachable {
		t.Errorf("afterwards: %v", f.Err)
	}
	if _, err := ev.Processes(); err == nil || err.Cause != fact.Unreachable {
		t.Errorf("afterwards: %v", err)
	}
	if time.Since(begin) > 5*time.Second {
		t.Errorf("took %s", time.Since(begin))
	}
}

func TestEndOfContext(t *testing.T) {
	tr := dial(t, newServer(t).options(t))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	err := tr.Gather(ctx, host.Run(&host.Command{Name: "slow", Argv: []string{"sleep", "5"}}), host.NewEvidence())
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 3*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
}

// account adds a user for the time of a test.
func account(t *testing.T) string {
	if _, err := exec.LookPath("useradd"); err != nil || os.Geteuid() != 0 {
		need.Missing(t, "no useradd, or not root")
	}
	name := fmt.Sprintf("hf%d", time.Now().UnixNano()%1e9)
	if out, err := exec.Command("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh", "--password", "*", name).CombinedOutput(); err != nil {
		need.Missing(t, "useradd: %s", string(out))
	}
	t.Cleanup(func() { _ = exec.Command("userdel", name).Run() })
	return name
}

func TestWithoutPrivilege(t *testing.T) {
	name := account(t)
	s := newServer(t)
	must(t, os.Chmod(s.path("authorized"), 0o644))
	o := s.options(t)
	o.User = name
	tr := dial(t, o)
	if tr.Privileged() {
		t.Error("privileged")
	}
	dir := tree(t)
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "d/-n.conf"), 0o604))
	shut := filepath.Join(dir, "closed")
	needsRoot := &host.Command{Name: "needs-root", Argv: []string{"cat", "/etc/shadow"}, Root: true}
	needs := host.Join(host.Read("/etc/shadow", "/etc/passwd", shut+"/f", shut+"/*", shut+"/sub/*", dir+"/d/*.conf", dir+"/*/f", "/proc/1/environ"),
		host.Stat("/etc/shadow", shut+"/f", shut), host.Processes(), host.Run(needsRoot), host.Walk())
	ev := gather(t, tr, needs)
	for _, p := range []string{"/etc/shadow", shut + "/f", dir + "/d/a.conf/", "/proc/1/environ"}[:2] {
		f := ev.File(p)
		if f.Err == nil || f.Err.Cause != fact.Denied || f.Err.How != "sudo cat "+p {
			t.Errorf("%s: %v", p, f.Err)
		}
	}
	for _, p := range []string{shut + "/*", shut + "/sub/*", dir + "/*/f"} {
		if _, err := ev.Glob(p); err == nil || err.Cause != fact.Denied {
			t.Errorf("%s: %v", p, err)
		}
	}
	if f := ev.File("/proc/1/environ"); f.Err == nil || f.Err.Cause != fact.Denied {
		t.Errorf("environment of process 1: %v %q", f.Err, f.Data)
	}
	if f := ev.File(dir + "/d/-n.conf"); f.Err != nil {
		t.Error(f.Err)
	}
	if i, err := ev.Stat("/etc/shadow"); err != nil || i.Size == 0 {
		t.Errorf("status of /etc/shadow: %v", err)
	}
	if _, err := ev.Stat(shut + "/f"); err == nil || err.Cause != fact.Denied {
		t.Errorf("status in a closed folder: %v", err)
	}
	if o := ev.Output(needsRoot); o.Err == nil || o.Err.Cause != fact.Denied || o.Err.How != "sudo cat /etc/shadow" {
		t.Errorf("command that needs root: %v", o.Err)
	}
	ps, err := ev.Processes()
	if err != nil || len(ps) == 0 {
		t.Fatal(err)
	}
	for _, p := range ps {
		if p.PID == 1 && (!p.EnvDenied || !p.FDDenied || p.Exe != "") {
			t.Errorf("process 1: %+v", p)
		}
	}
	if s := ev.Special(); s.Err != nil || len(s.Denied) == 0 {
		t.Errorf("walk: %v, denied %q", s.Err, s.Denied)
	}
}

func TestSudo(t *testing.T) {
	need.Program(t, "sudo")
	name := account(t)
	drop := "/etc/sudoers.d/" + name
	if err := os.WriteFile(drop, []byte(name+" ALL=(root) NOPASSWD: /usr/bin/cat /etc/shadow\n"), 0o440); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(drop) })
	s := newServer(t)
	must(t, os.Chmod(s.path("authorized"), 0o644))
	o := s.options(t)
	o.User = name
	tr := dial(t, o)
	ev := gather(t, tr, host.Read("/etc/shadow", "/etc/gshadow"))
	if f := ev.File("/etc/shadow"); f.Err != nil || tr.Privileged() {
		t.Errorf("the file that sudo allows: %v; privileged %v", f.Err, tr.Privileged())
	}
	if f := ev.File("/etc/gshadow"); f.Err == nil || f.Err.Cause != fact.Denied {
		t.Errorf("the file that it does not: %v", f.Err)
	}
	must(t, os.WriteFile(drop, []byte(name+" ALL=(ALL:ALL) NOPASSWD: ALL\n"), 0o440))
	tr = dial(t, o)
	ev = gather(t, tr, host.Join(host.Read("/etc/gshadow", "/etc/sudoers.d/*"), host.Processes()))
	if f := ev.File("/etc/gshadow"); f.Err != nil || !tr.Privileged() {
		t.Errorf("%v; privileged %v", f.Err, tr.Privileged())
	}
	if fs, err := ev.Glob("/etc/sudoers.d/*"); err != nil || len(fs) == 0 {
		t.Errorf("closed folder: %v", err)
	}
}
