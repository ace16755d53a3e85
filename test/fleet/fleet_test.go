// Package fleet assesses many hosts over SSH at once: real sshd on the loopback interface, each
// with a host key of its own, one that never answers and one that goes away midway.
package fleet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"golang.org/x/crypto/ssh"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

// fleet is a set of servers, declared in one estate.
type fleet struct {
	t      testing.TB
	dir    string
	estate strings.Builder
	known  strings.Builder
	ports  []int
}

func newFleet(t testing.TB, n int) *fleet {
	t.Helper()
	need.Root(t)
	need.Program(t, "sshd")
	f := &fleet{t: t, dir: t.TempDir()}
	for up := f.dir; len(up) > len(os.TempDir()); up = filepath.Dir(up) {
		f.must(os.Chmod(up, 0o755))
	}
	f.must(os.MkdirAll("/run/sshd", 0o755))
	f.estate.WriteString(`organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example, accounts: {standard: erika}}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, management: erika, criticality: high, exposure: internal, environments: [prod]}
systems:
`)
	public := f.key("id")
	f.must(os.WriteFile(f.path("authorized"), ssh.MarshalAuthorizedKey(public), 0o644))
	for i := range n {
		f.serve(fmt.Sprintf("web-%02d", i))
	}
	return f
}

func (f *fleet) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// key writes a new private key.
func (f *fleet) key(name string) ssh.PublicKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	f.must(err)
	block, err := ssh.MarshalPrivateKey(private, "")
	f.must(err)
	f.must(os.WriteFile(f.path(name), pem.EncodeToMemory(block), 0o600))
	public, err := ssh.NewPublicKey(private.Public())
	f.must(err)
	return public
}

// serve starts one sshd and declares it. SHLVL keeps bash from reading the .bashrc of whoever runs
// this, which has nothing to do with the host.
func (f *fleet) serve(name string) {
	port := f.freePort()
	public := f.key(name + ".key")
	f.must(os.WriteFile(f.path(name+".conf"), []byte(fmt.Sprintf(`Port %d
ListenAddress 127.0.0.1
HostKey %s
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile %s
PasswordAuthentication no
PermitRootLogin yes
LogLevel ERROR
SetEnv SHLVL=1
`, port, f.path(name+".key"), f.path("authorized"))), 0o644))
	cmd := exec.Command("/usr/sbin/sshd", "-D", "-f", f.path(name+".conf"), "-E", f.path(name+".log"))
	f.must(cmd.Start())
	f.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	f.await(port)
	f.declare(name, port, public)
}

func (f *fleet) freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	f.must(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (f *fleet) await(port int) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return
		}
	}
	f.t.Fatalf("sshd does not listen on port %d", port)
}

func (f *fleet) declare(name string, port int, public ssh.PublicKey) {
	fmt.Fprintf(&f.estate, "  - {name: %s, application: shop, environment: prod, target: \"ssh://root@127.0.0.1:%d\"}\n", name, port)
	if public != nil {
		fmt.Fprintf(&f.known, "[127.0.0.1]:%d %s", port, ssh.MarshalAuthorizedKey(public))
	}
	f.ports = append(f.ports, port)
}

func (f *fleet) assess() *report.Assessment {
	f.t.Helper()
	f.must(os.WriteFile(f.path("known_hosts"), []byte(f.known.String()), 0o644))
	f.must(os.WriteFile(f.path("estate.yaml"), []byte(f.estate.String()), 0o644))
	for name, value := range map[string]string{"HOLDFAST_SSH_CONFIG": "none", "HOLDFAST_SSH_KNOWN_HOSTS": f.path("known_hosts"),
		"HOLDFAST_SSH_IDENTITY": f.path("id"), "SSH_AUTH_SOCK": "", "HOME": f.dir} {
		old, had := os.LookupEnv(name)
		f.must(os.Setenv(name, value))
		defer func() {
			if had {
				_ = os.Setenv(name, old)
			} else {
				_ = os.Unsetenv(name)
			}
		}()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	a, err := app.Assess(ctx, app.Options{Estate: f.path("estate.yaml"), State: f.t.TempDir(), Version: "test", Timeout: 20 * time.Second})
	f.must(err)
	return a
}

// seen counts the results of a subject that were decided by looking; what is remembered of it needs no look.
func seen(a *report.Assessment, subject string) (decided, unknown int) {
	for _, r := range a.Results {
		switch {
		case r.Subject != subject, r.Kind == "findings":
		case r.Verdict == check.Unknown:
			unknown++
		default:
			decided++
		}
	}
	return decided, unknown
}

func TestOneHangsAndOneDies(t *testing.T) {
	f := newFleet(t, 4)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog and says nothing
	f.must(err)
	defer silent.Close()
	f.declare("web-silent", silent.Addr().(*net.TCPAddr).Port, nil)
	f.serve("web-dying")
	f.cut(len(f.ports)-1, 40<<10)
	a := f.assess()
	for i := range 4 {
		name := fmt.Sprintf("prod/web-%02d", i)
		if decided, unknown := seen(a, name); decided < 100 || unknown > decided {
			t.Errorf("%s: %d decided, %d unknown", name, decided, unknown)
		}
	}
	if decided, unknown := seen(a, "prod/web-silent"); decided > 0 || unknown == 0 {
		t.Errorf("the host that says nothing: %d decided, %d unknown", decided, unknown)
	}
	// What it told before it went away counts; the rest is unknown.
	if decided, unknown := seen(a, "prod/web-dying"); unknown < decided {
		t.Errorf("the host that goes away: %d decided, %d unknown", decided, unknown)
	}
}

// cut puts a relay in front of a server that breaks the connection after so many bytes of answers.
func (f *fleet) cut(i int, after int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	f.must(err)
	f.t.Cleanup(func() { l.Close() })
	to, port := f.ports[i], l.Addr().(*net.TCPAddr).Port
	swap := strings.NewReplacer(fmt.Sprintf(":%d", to), fmt.Sprintf(":%d", port))
	text, known := swap.Replace(f.estate.String()), swap.Replace(f.known.String())
	f.estate.Reset()
	f.estate.WriteString(text)
	f.known.Reset()
	f.known.WriteString(known)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				up, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", to))
				if err != nil {
					return
				}
				defer up.Close()
				go func() { _, _ = io.Copy(up, c) }()
				_, _ = io.CopyN(c, up, after)
			}()
		}
	}()
}

func BenchmarkFiftyHosts(b *testing.B) {
	f := newFleet(b, 50)
	for b.Loop() {
		a := f.assess()
		if decided, _ := seen(a, "prod/web-49"); decided < 100 {
			b.Fatalf("%d decided", decided)
		}
	}
}
