// Package cluster runs two control planes as processes on one PostgreSQL and three servers of NATS, kills each of all these, and counts.
package cluster

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/klauspost/compress/zstd"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/link"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/test/program"
	"holdfast.example/holdfast/test/targets"
)

func TestMain(m *testing.M) { program.Main(m) }

// sender is an agent that reports ten times a second, and notes what was accepted.
type sender struct {
	link *link.Link
	mu   sync.Mutex
	ids  []string // accepted, in their order
}

func (s *sender) accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// send reports until the context ends: each report again and again until it is accepted, as an agent does.
func (s *sender) send(ctx context.Context, t *testing.T, host string) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Error(err)
		return
	}
	defer pack.Close()
	for n := 0; ctx.Err() == nil; n++ {
		id := uuid.Must(uuid.NewV7()).String()
		r := agent.Report{Version: agent.Version, ID: id, At: time.Now().UTC(), Program: "1.0", Host: host, Every: time.Minute, Privileged: true,
			Facts: []agent.Fact{{Kind: "sshd/1", Problem: &fact.Problem{Cause: fact.Unsupported, Source: "test", Text: fmt.Sprint("look ", n/10)}}}}
		data, err := json.Marshal(r)
		if err != nil {
			t.Error(err)
			return
		}
		for packed := pack.EncodeAll(data, nil); ; {
			once, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			err := s.link.Deliver(once, id, packed)
			cancel()
			if err == nil {
				s.mu.Lock()
				s.ids = append(s.ids, id)
				s.mu.Unlock()
			}
			select {
			case <-ctx.Done(): // of the last one it may not be known whether it was accepted
				return
			case <-time.After(100 * time.Millisecond):
			}
			if err == nil {
				break
			}
		}
	}
}

// copyKeys tells a state folder the secrets of another.
func copyKeys(t *testing.T, from, to string, files ...string) {
	t.Helper()
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilled: agents report to two control planes that share a database and a NATS cluster. A server of the cluster, a control plane and the
// database are killed with -9 one after the other; reports go on being accepted each time, and each that was accepted is recorded once.
func TestKilled(t *testing.T) {
	database, again := targets.Database(t)
	nats := targets.NATS(t, 3, "")
	dir := t.TempDir()
	states := []string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}
	var addresses [2]string
	serve := func(i int) *program.Process {
		listen := addresses[i]
		if listen == "" {
			listen = "127.0.0.1:0"
		}
		p := program.Start(t, nil, "--state", states[i], "--db", database, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", listen, "--nats", nats.Addresses())
		addresses[i], _, _ = strings.Cut(p.After("Listening for agents on "), ";")
		return p
	}
	planes := []*program.Process{serve(0), nil}
	copyKeys(t, states[0], states[1], "fingerprint.key")
	refused := program.Command(nil, "--state", states[1], "--db", database, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--nats", nats.Addresses())
	if out, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(out), "authority.pem is not that of the other control planes") {
		t.Errorf("a control plane with an authority of its own: %v: %s", err, out)
	}
	// Without a cluster it may have one of its own; agents of the other one cannot come there, which is said.
	own := filepath.Join(dir, "own")
	copyKeys(t, states[0], own, "fingerprint.key")
	alone := program.Start(t, nil, "--state", own, "--db", database, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0")
	alone.Says("agents of other control planes that share the database cannot come here")
	alone.Says("Listening for agents on")
	alone.Kill()
	copyKeys(t, states[0], states[1], "agents/authority.pem", "factors.key")
	planes[1] = serve(1)

	const agents = 4
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var senders []*sender
	var all sync.WaitGroup
	for i := range agents {
		token, err := agent.ParseToken(strings.TrimSpace(program.Run(t, "--state", states[i%2], "--db", database, "agent", "invite", "--env", []string{"production", "staging"}[i/2])))
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, "agents", fmt.Sprint(i))
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		identity, err := link.Join(t.Context(), token, at)
		if err != nil {
			t.Fatal(err)
		}
		s := &sender{}
		if s.link, err = link.Dial(identity, at, time.Now, func(agent.Job) error { return nil }, func(string) {}, func(error) {}); err != nil {
			t.Fatal(err)
		}
		defer s.link.Close()
		senders = append(senders, s)
		all.Go(func() { s.send(ctx, t, fmt.Sprint("web-", i)) })
	}
	goOn := func(after string) {
		t.Helper()
		for i, s := range senders {
			before := s.accepted()
			program.Until(t, fmt.Sprintf("reports of agent %d are accepted after %s", i, after), func() bool { return s.accepted() >= before+5 }, planes...)
		}
	}
	goOn("the start")
	for i := range 3 {
		nats.Kill(i)
		goOn(fmt.Sprintf("server %d of NATS was killed", i))
		nats.Start(i)
		goOn(fmt.Sprintf("server %d of NATS came back", i))
	}
	for i := range planes {
		planes[i].Kill()
		goOn(fmt.Sprintf("control plane %d was killed", i))
		planes[i] = serve(i)
		goOn(fmt.Sprintf("control plane %d came back", i))
	}
	again()
	goOn("the database was killed")
	stop()
	all.Wait()

	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(ids []string) (n int) {
		if err := db.QueryRow("SELECT count(*) FROM agent_reports WHERE id = ANY($1)", ids).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	sum := 0
	for i, s := range senders {
		program.Until(t, fmt.Sprintf("all %d reports of agent %d are recorded", len(s.ids), i), func() bool { return count(s.ids) == len(s.ids) }, planes...)
		sum += len(s.ids)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM agent_reports").Scan(&n); err != nil || n < sum || n > sum+agents {
		t.Errorf("%d reports are recorded, %d were accepted, and of %d agents the last one may have been: %v", n, sum, agents, err)
	}
	t.Logf("%d reports were accepted, each is recorded once", sum)
	for i, state := range states {
		if out := program.Run(t, "--state", state, "--db", database, "ledger", "verify"); !strings.Contains(out, "whole") {
			t.Errorf("the ledger of control plane %d: %s", i, out)
		}
	}
}
