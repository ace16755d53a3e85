// Package live plants faults into a running system and looks at it with the binary: a network and a
// mount name space of its own, with real listeners, a real packet filter, real kernel parameters and a
// real sshd. Beside each fault runs a clean twin.
package live

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test binary be the service that listens: LIVE_LISTEN holds its addresses. It says
// when it is ready and ends with its standard input.
func TestMain(m *testing.M) {
	if addresses := os.Getenv("LIVE_LISTEN"); addresses != "" {
		for a := range strings.SplitSeq(addresses, ",") {
			if _, err := net.Listen(family(a), a); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		fmt.Println("ready")
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func family(address string) string {
	if strings.HasPrefix(address, "[") {
		return "tcp6"
	}
	return "tcp4"
}

// The beginning of each script: a root whose changes go nowhere, which is no container's, and
// serve FOLDER NAME ADDRESSES, which starts a program of that name and waits until it listens.
const prelude = `set -eu
ip link set lo up
serve() {
	mkdir -p "$1"
	cp /service "$1/$2"
	mkfifo "/$2.in" "/$2.out"
	LIVE_LISTEN="$3" "$1/$2" < "/$2.in" > "/$2.out" &
	exec 9> "/$2.in"
	read -r word < "/$2.out"
	[ "$word" = ready ]
}
sshd_config() {
	ssh-keygen -q -t ed25519 -N '' -f /host_key
	{ echo "HostKey /host_key"; cat; } > /etc/ssh/sshd_config
}
`

// enter makes that root and goes on with the script in it.
const enter = `set -eu
mkdir -p "$DIR"
mount -t tmpfs tmpfs "$DIR"
mkdir "$DIR/upper" "$DIR/work" "$DIR/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$DIR/upper,workdir=$DIR/work" "$DIR/root"
cp "$HOLDFAST" "$DIR/root/holdfast"
cp "$SERVICE" "$DIR/root/service"
rm -rf "$DIR/root/.dockerenv" "$DIR/root/etc/cni" "$DIR/root/etc/kubernetes" # what a container runtime of this machine would explain
for d in proc sys dev; do mount --rbind "/$d" "$DIR/root/$d"; done
exec chroot "$DIR/root" sh -c "$SCRIPT"
`

var cases = []struct {
	name         string
	check        string
	fault, clean string // scripts
	want         []string
}{
	{"Redis for everybody", "listeners-backend-exposed",
		"serve /opt/redis redis-server 0.0.0.0:6379", "serve /opt/redis redis-server 127.0.0.1:6379", []string{"listener:tcp/0.0.0.0:6379"}},
	{"PostgreSQL for everybody, over IPv6 too", "listeners-backend-exposed",
		"serve /opt/pg postgres [::]:5432", "serve /opt/pg postgres 127.0.0.1:5432,[::1]:5432", []string{"listener:tcp/[::]:5432"}},
	{"telnet", "listeners-cleartext-login",
		"serve /opt/net telnetd 0.0.0.0:23", "serve /opt/net web 0.0.0.0:2323", []string{"listener:tcp/0.0.0.0:23"}},
	{"a debugger", "listeners-debug-interface",
		"serve /opt/node node 127.0.0.1:9229", "serve /opt/node node 127.0.0.1:9228", []string{"listener:tcp/127.0.0.1:9229"}},
	{"a service from a folder that all may write", "listeners-temporary-program",
		"serve /tmp/x agent 0.0.0.0:4040", "serve /opt/x agent 0.0.0.0:4040", []string{"program:agent"}},
	{"a service whose program was replaced", "listeners-deleted-program",
		"serve /opt/x agent 0.0.0.0:4040; rm /opt/x/agent", "serve /opt/x agent 0.0.0.0:4040", []string{"program:agent"}},
	{"a packet filter that lets everything in", "firewall-default-deny",
		"nft 'add table inet f; add chain inet f in { type filter hook input priority 0; policy accept; }; add rule inet f in tcp dport 23 drop'",
		"nft 'add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }'", []string{"firewall:ipv4/input"}},
	{"no packet filter", "firewall-active", "true",
		"nft 'add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }'", []string{"firewall:input"}},
	{"packets are forwarded", "kernel-forwarding",
		"echo 1 > /proc/sys/net/ipv4/ip_forward", "echo 0 > /proc/sys/net/ipv4/ip_forward", []string{"sysctl:net.ipv4.ip_forward"}},
	{"redirects are taken", "kernel-accept-redirects",
		"for i in all default; do for v in 4 6; do echo 0 > /proc/sys/net/ipv$v/conf/$i/accept_redirects; done; done; echo 1 > /proc/sys/net/ipv4/conf/all/accept_redirects",
		"for i in all default; do for v in 4 6; do echo 0 > /proc/sys/net/ipv$v/conf/$i/accept_redirects; done; done", []string{"sysctl:net.ipv4.conf.all.accept_redirects"}},
	{"root by SSH", "sshd-root-login",
		"echo 'PermitRootLogin prohibit-password' | sshd_config", "echo 'PermitRootLogin no' | sshd_config", []string{"option:permitrootlogin"}},
	{"root by SSH from one network, as sshd itself resolves it", "sshd-root-login",
		"printf 'PermitRootLogin no\\nMatch Address 10.0.0.0/8\\nPermitRootLogin yes\\n' | sshd_config",
		"printf 'PermitRootLogin no\\nMatch Address 10.0.0.0/8\\nX11Forwarding no\\n' | sshd_config", []string{"option:permitrootlogin@address 10.0.0.0/8"}},
}

func TestPlantedIntoARunningSystem(t *testing.T) {
	need.Root(t) // for name spaces
	dir, binary := t.TempDir(), build(t)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, violations(t, binary, fmt.Sprintf("%s/fault%d", dir, i), c.check, c.fault, "fail")); d != "" {
				t.Errorf("planted (-want +got):\n%s", d)
			}
			if got := violations(t, binary, fmt.Sprintf("%s/clean%d", dir, i), c.check, c.clean, "pass"); len(got) > 0 {
				t.Errorf("the clean twin is not silent: %q", got)
			}
		})
	}
}

// violations runs one check in new name spaces, after a script; dir is where their root is put. It gives the keys of what it found.
func violations(t *testing.T, binary, dir, check, script, verdict string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", enter)
	cmd.Env = append(os.Environ(), "HOLDFAST="+binary, "SERVICE="+self, "DIR="+dir, "HOLDFAST_STATE=/state",
		"SCRIPT="+prelude+script+"\n/holdfast assess --only "+check+" --format json --fail-on never\n")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var a struct {
		Results []struct {
			Verdict, Detail string
			Violations      []struct{ Key string }
		}
	}
	if err := json.Unmarshal(out, &a); err != nil || len(a.Results) != 1 {
		t.Fatalf("%v: %d results\n%s", err, len(a.Results), out)
	}
	r := a.Results[0]
	if r.Verdict != verdict {
		t.Errorf("%s is %s, want %s: %s", check, r.Verdict, verdict, r.Detail)
	}
	var keys []string
	for _, v := range r.Violations {
		keys = append(keys, v.Key)
	}
	slices.Sort(keys)
	return keys
}
