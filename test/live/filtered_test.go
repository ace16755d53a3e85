package live

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// TestFilteredPort: what a packet filter drops is unknown, never a pass, and nothing was assessed. Beside it a port
// where nothing listens, which is told apart.
func TestFilteredPort(t *testing.T) {
	need.Root(t) // for name spaces
	binary := build(t)
	for name, c := range map[string]struct{ rule, cause string }{
		"dropped": {"nft 'add table inet f; add chain inet f in { type filter hook input priority 0; policy accept; }; add rule inet f in tcp dport 443 drop'", "timed out"},
		"closed":  {"true", "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("unshare", "--net", "sh", "-c", "set -eu; ip link set lo up; "+c.rule+`; exec "$HOLDFAST" assess https://127.0.0.1 --format json`)
			cmd.Env = append(os.Environ(), "HOLDFAST="+binary, "HOLDFAST_STATE="+t.TempDir())
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 3 {
				t.Fatalf("%v, want exit code 3\n%s", err, said.String())
			}
			var a struct {
				Results   []struct{ Check, Verdict, Detail string }
				Endpoints []struct{ Grade string }
			}
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if len(a.Results) < 20 || len(a.Endpoints) != 0 {
				t.Errorf("%d results, %d endpoints", len(a.Results), len(a.Endpoints))
			}
			for _, r := range a.Results {
				if r.Verdict != "unknown" || !strings.Contains(r.Detail, c.cause) {
					t.Errorf("%s is %s: %s", r.Check, r.Verdict, r.Detail)
				}
			}
		})
	}
}

// build makes the binary that users have.
func build(t *testing.T) string {
	t.Helper()
	binary := t.TempDir() + "/holdfast"
	if out, err := exec.Command("go", "build", "-o", binary, "holdfast.example/holdfast/cmd/holdfast").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}
