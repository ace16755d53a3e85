// Package postgres holds the tests of whole commands on a real PostgreSQL.
package postgres

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/test/program"
	"holdfast.example/holdfast/test/targets"
)

func TestMain(m *testing.M) { program.Main(m) }

// findings gives the ids of the open ones.
func findings(t *testing.T, args ...string) string {
	t.Helper()
	var list struct {
		Open     int
		Findings []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(program.Run(t, append(args, "finding", "list", "--format", "json")...)), &list); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range list.Findings {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids) // what came back is due later than it was
	return fmt.Sprint(list.Open, ids)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// serve serves a state, and gives a browser that is logged in.
func serve(t *testing.T, args ...string) (address string, browser *http.Client, kill func()) {
	t.Helper()
	p := program.Start(t, nil, append(args, "serve", "--listen", "127.0.0.1:0", "--agents", "", "--scan=false")...)
	address = p.After("Serving on ")
	jar, _ := cookiejar.New(nil)
	browser = &http.Client{Jar: jar}
	if status, text := ask(t, browser, "POST", p.After("ten minutes: ")); status != 200 || !strings.Contains(text, "What to do next") {
		t.Fatal(status, text)
	}
	return address, browser, p.Kill
}

func ask(t *testing.T, c *http.Client, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestMove: what was recorded in a file is copied to PostgreSQL, and the same commands and pages go on there; two control planes
// serve it together, and either may be killed.
func TestMove(t *testing.T) {
	server, again := targets.Database(t, "fsync=off")
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	write(t, filepath.Join(root, "etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n")
	write(t, filepath.Join(root, "etc/ssh/sshd_config"), "PermitRootLogin yes\n")
	write(t, filepath.Join(root, "usr/sbin/sshd"), "")
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	assess := []string{"assess", "rootfs:" + root, "--subject", "web-1", "--fail-on", "never", "--format", "json", "-o", filepath.Join(dir, "out.json")}
	program.Run(t, append([]string{"--state", one}, assess...)...)
	before := findings(t, "--state", one)
	said := program.Run(t, "--state", one, "db", "copy", "--to", server)
	if !regexp.MustCompile(`^\d+ rows copied from \d+ tables, and counted on both sides`).MatchString(said) {
		t.Error(said)
	}
	if after := findings(t, "--state", one, "--db", server); after != before {
		t.Errorf("before the move %s, after it %s", before, after)
	}
	if out, err := program.Command(nil, "--state", one, "db", "copy", "--to", server).CombinedOutput(); err == nil || !strings.Contains(string(out), "holds something already") {
		t.Errorf("%v %s", err, out)
	}
	// It goes on there: root's log-in is mended, and its finding closes.
	write(t, filepath.Join(root, "etc/ssh/sshd_config"), "PermitRootLogin no\n")
	program.Run(t, append([]string{"--state", one, "--db", server}, assess...)...)
	mended := findings(t, "--state", one, "--db", server)
	if mended == before {
		t.Error("nothing changed:", mended)
	}
	a, browserA, kill := serve(t, "--state", one, "--db", server)
	b, browserB, _ := serve(t, "--state", two, "--db", server)
	for address, browser := range map[string]*http.Client{a: browserA, b: browserB} {
		for path, says := range map[string]string{"": "Overview", "findings": "web-1", "requirements": "A.5.2.1", "requirements/A.5.2.1": "Root cannot log in", "systems": "web-1", "systems/web-1": "Checks on web-1", "vulnerabilities": "Vulnerabilities",
			"drift": "baseline", "endpoints": "Endpoints", "runs": "rootfs:", "agents": "Agents", "decisions": "Decisions", "ledger": "Ledger", "passkeys": "Passkeys", "tokens": "Tokens", "settings": "Version", "search?q=sshd-root": "sshd-root-login", "readyz": "ready"} {
			if status, text := ask(t, browser, "GET", address+path); status != 200 || !strings.Contains(text, says) {
				t.Errorf("%s%s: %d, does not say %q", address, path, status, says)
			}
		}
	}
	// A backup holds what the database holds, as a file.
	program.Run(t, "--state", one, "--db", server, "backup", filepath.Join(dir, "backup"))
	program.Run(t, "--state", filepath.Join(dir, "restored"), "restore", filepath.Join(dir, "backup"))
	if restored := findings(t, "--state", filepath.Join(dir, "restored")); restored != mended {
		t.Errorf("%s, want %s", restored, mended)
	}
	kill()
	write(t, filepath.Join(root, "etc/ssh/sshd_config"), "PermitRootLogin yes\n")
	program.Run(t, append([]string{"--state", two, "--db", server}, assess...)...)
	if status, text := ask(t, browserB, "GET", b+"findings"); status != 200 || !strings.Contains(text, "permitrootlogin is yes") {
		t.Error("the other control plane does not go on:", status)
	}
	// The database is killed and comes back: so do the pages, without anybody doing anything.
	again()
	for {
		if status, _ := ask(t, browserB, "GET", b+"readyz"); status == 200 {
			break
		}
	}
	if status, text := ask(t, browserB, "GET", b+"findings"); status != 200 || !strings.Contains(text, "permitrootlogin is yes") {
		t.Error(status)
	}
	if now := findings(t, "--state", two, "--db", server); now != before {
		t.Errorf("%s, want %s", now, before)
	}
}

// TestLedgerGone: on a shared database, a ledger that is gone, or another one in its place, is told and not begun anew.
func TestLedgerGone(t *testing.T) {
	server, _ := targets.Database(t, "fsync=off")
	dir := t.TempDir()
	state, kept := filepath.Join(dir, "state"), filepath.Join(dir, "kept")
	args := []string{"--state", state, "--db", server}
	program.Run(t, append(args, "hold", "add", "--reason", "first")...)
	program.Run(t, "--state", filepath.Join(dir, "second"), "--db", server, "hold", "add", "--reason", "of another control plane")
	program.Run(t, append(args, "ledger", "verify")...)
	if err := os.Rename(filepath.Join(state, "ledger"), kept); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"hold", "add", "--reason", "second"}, {"ledger", "verify"}} {
		if out, err := program.Command(nil, append(args, command...)...).CombinedOutput(); err == nil || !strings.Contains(string(out), "is gone, or another one is in its place") {
			t.Errorf("%v: %v: %s", command, err, out)
		}
	}
	if err := os.Rename(kept, filepath.Join(state, "ledger")); err != nil {
		t.Fatal(err)
	}
	if out := program.Run(t, append(args, "ledger", "verify")...); !strings.Contains(out, "whole: 3 entries") {
		t.Error(out)
	}
}
