package endpoint

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"holdfast.example/holdfast/test/targets"
)

// What port 80 answers, by a server block beside the one of port 443; empty where nothing listens.
var plainPorts = []struct {
	name, block string
	want        []string
}{
	{"for good", "return 301 https://$host$request_uri;", nil},
	{"for good, with its method", "return 308 https://$host$request_uri;", nil},
	{"nothing listens", "", nil},
	{"refused", "return 403;", nil},
	{"for now", "return 302 https://$host$request_uri;", []string{"website-redirect redirect:temporary"}},
	{"over another name", "return 301 https://www.shop.example/;", []string{"website-redirect redirect:elsewhere"}},
	{"in the clear", "return 301 http://www.shop.example/;", []string{"website-redirect redirect:plain"}},
	{"answers", "return 200 hello;", []string{"website-redirect redirect:missing"}},
}

// TestRedirect: what port 80 answers is judged, in a network of its own where ports 80 and 443 are free.
func TestRedirect(t *testing.T) {
	const inside = "REDIRECT_INSIDE"
	need.Program(t, "nginx")
	if os.Getenv(inside) == "" {
		need.Root(t)
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command("unshare", "--net", self, "-test.run=^TestRedirect$", "-test.v")
		c.Env = append(os.Environ(), inside+"=1")
		out, err := c.CombinedOutput()
		if err != nil || strings.Count(string(out), "--- PASS: TestRedirect/") != len(plainPorts) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, p := range plainPorts {
		t.Run(p.name, func(t *testing.T) {
			c := authority.Issue(t, targets.Leaf{})
			servers := "server { listen 127.0.0.1:443 ssl; location / { return 200 hello; }\n" + forNginx() + nginxGood + "}\n"
			if p.block != "" { // first: 443 is waited for
				servers = "server { listen 127.0.0.1:80; " + p.block + "}\n" + servers
			}
			targets.StartAt(t, c.Dir, 443, targets.NginxOf(t, c, servers))
			a := look(t, "https://localhost")
			if got := failing(a); !slices.Equal(got, p.want) {
				t.Errorf("got %q, want %q", got, p.want)
			}
			judged := false
			for _, r := range a.Results {
				judged = judged || r.Check == "website-redirect" && (r.Verdict == "pass" || r.Verdict == "fail")
			}
			if !judged {
				t.Error("the redirect was not judged")
			}
		})
	}
}
