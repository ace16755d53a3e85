// Package agents runs a control plane and an agent as two processes in two network namespaces, kills both at moments that
// nobody chose, and counts.
package agents

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"
	"holdfast.example/holdfast/test/program"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

func TestMain(m *testing.M) { program.Main(m) }

const (
	namespace = "holdfast-agents"
	here      = "198.51.100.1"
	there     = "198.51.100.2"
	patience  = program.Patience
)

// network makes a second namespace that reaches this one over one link.
func network(t *testing.T) {
	t.Helper()
	need.Root(t)                                               // for network namespaces
	_ = exec.Command("ip", "netns", "delete", namespace).Run() // of a test that was killed
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", namespace).Run() })
	for _, line := range []string{
		"netns add " + namespace,
		"link add hf-here type veth peer name hf-there netns " + namespace,
		"address add " + here + "/30 dev hf-here",
		"link set hf-here up",
		"-n " + namespace + " address add " + there + "/30 dev hf-there",
		"-n " + namespace + " link set hf-there up",
		"-n " + namespace + " link set lo up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
}

// away runs a program in the other namespace.
var away = []string{"ip", "netns", "exec", namespace}

// spooled watches which reports an agent kept.
type spooled struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *spooled) look(dir string) (waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".report"); ok {
			s.ids[id] = true
			waiting++
		}
	}
	return waiting
}

func (s *spooled) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// TestKilled: an agent in another network joins and reports; control plane and agent are killed again and again; every
// report that the agent ever kept on disk is recorded, once; what it sees is open; revoked it is out.
func TestKilled(t *testing.T) {
	network(t)
	dir := t.TempDir()
	hub, agent := filepath.Join(dir, "hub"), filepath.Join(dir, "agent")
	listen := here + ":0"
	serve := func() *program.Process {
		p := program.Start(t, nil, "--state", hub, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", listen, "--every", "1s")
		line := p.Says("Listening for agents on ")
		listen = strings.TrimSuffix(strings.Fields(strings.TrimPrefix(line, "Listening for agents on "))[0], ";")
		return p
	}
	server := serve()
	token := strings.TrimSpace(program.Run(t, "--state", hub, "agent", "invite", "--env", "production"))
	joined := program.Start(t, away, "--state", agent, "join", "--max-cpu", "100", token)
	joined.Says("Joined " + listen)
	joined.Says("connected to " + listen)

	seen := spooled{ids: map[string]bool{}}
	spool := filepath.Join(agent, "agent", "spool")
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				seen.look(spool)
			}
		}
	})
	reported := func() (n int) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "holdfast.db")+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRow("SELECT count(*) FROM agent_reports").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	until := func(what string, is func() bool) { t.Helper(); program.Until(t, what, is, server, joined) }
	until("the first report is recorded", func() bool { return reported() > 0 })
	for range 4 {
		time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond) // the moment is the test
		server.Kill()
		if rand.IntN(2) == 0 {
			joined.Kill()
			joined = program.Start(t, away, "--state", agent, "agent", "run")
		}
		n := seen.count()
		until("a report waits while nobody is there to take it", func() bool { return seen.count() > n })
		server = serve()
		joined.Says("connected to " + listen)
	}
	before := reported()
	until("what waits is delivered", func() bool { return reported() > before })
	joined.Kill()
	joined = program.Start(t, away, "--state", agent, "agent", "run")
	joined.Says("connected to " + listen)
	until("nothing waits", func() bool { return seen.look(spool) == 0 })
	joined.Kill()
	close(stop)
	watching.Wait()
	seen.look(spool)
	left := map[string]bool{}
	entries, _ := os.ReadDir(spool)
	for _, e := range entries {
		left[strings.TrimSuffix(e.Name(), ".report")] = true
	}
	server.Kill()
	server = serve()

	db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "holdfast.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	until("all are recorded", func() bool {
		for id := range seen.ids {
			var n int
			if err := db.QueryRow("SELECT count(*) FROM agent_reports WHERE id = ?", id).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n == 0 && !left[id] {
				return false
			}
		}
		return true
	})
	var reports, runs int
	if err := db.QueryRow("SELECT (SELECT count(*) FROM agent_reports), (SELECT count(*) FROM runs)").Scan(&reports, &runs); err != nil {
		t.Fatal(err)
	}
	if runs > reports || runs == 0 || reports < 2 { // what did not change makes none
		t.Errorf("%d reports made %d runs", reports, runs)
	}
	t.Logf("%d reports were seen on disk, %d are recorded in %d runs", len(seen.ids), reports, runs)

	var agents []struct {
		ID, Name, Environment string
		Root                  bool
	}
	if err := json.Unmarshal([]byte(program.Run(t, "--state", hub, "agent", "list", "--format", "json")), &agents); err != nil {
		t.Fatal(err)
	}
	if len(agents) != 1 || agents[0].Environment != "production" || !strings.HasPrefix(agents[0].Name, "host:") || !agents[0].Root {
		t.Fatalf("%+v", agents)
	}
	if out := program.Run(t, "--state", hub, "finding", "list"); !strings.Contains(out, agents[0].Name) {
		t.Error(out)
	}
	joined = program.Start(t, away, "--state", agent, "agent", "run")
	joined.Says("connected to " + listen)
	program.Run(t, "--state", hub, "agent", "revoke", agents[0].ID)
	joined.Says("this agent was revoked")
	joined.Kill()
	if out, err := program.Command(away, "--state", filepath.Join(dir, "second"), "join", token).CombinedOutput(); err == nil || !strings.Contains(string(out), "holdfast agent invite") {
		t.Error("a token works twice:", fmt.Sprint(err), string(out))
	}
	server.Kill()
}
