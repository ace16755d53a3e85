package hub_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/test/targets"
)

// log is what the hub logged so far.
func (s *site) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, "\n")
}

// come waits for a report of this id.
func (s *site) come(id string) {
	s.t.Helper()
	for {
		if r := wait(s.t, s.taken); r.Report.ID == id {
			return
		}
	}
}

// TestCluster: reports wait on the cluster, jobs reach an agent that another control plane has, and what lay on the own disk before there
// was a cluster is handed on.
func TestCluster(t *testing.T) {
	server := targets.NATS(t, 1, "")
	cluster, err := hub.ParseCluster(server.Addresses())
	if err != nil {
		t.Fatal(err)
	}
	one := newSite(t)
	m := one.dial(one.join("production"))
	one.held.Lock()
	before := newID()
	if err := m.link.Deliver(t.Context(), before, report(before)); err != nil {
		t.Fatal(err)
	}
	listen := one.hub.Address()
	closed := make(chan struct{})
	go func() { one.hub.Close(); close(closed) }()
	one.mu.Lock()
	one.fail = errors.New("it ends")
	one.mu.Unlock()
	one.held.Unlock()
	wait(t, closed)
	one.mu.Lock()
	one.fail = nil
	one.mu.Unlock()

	turn := func(_ context.Context, _ string, _ time.Time) (bool, error) { return true, nil }
	one.cluster, one.turn = cluster, turn
	one.start(listen)
	one.come(before)
	wait(t, m.found)
	if err := one.hub.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	after := newID()
	for deliverSoon(t, m, after) != nil {
	}
	one.come(after)
	if !strings.Contains(one.log(), "lie on one server of the NATS cluster") {
		t.Error("nobody is told that there are not three servers")
	}

	// Another control plane, which the agent has not dialled.
	two := &site{t: t, dir: one.dir + "-two", book: one.book, authority: one.authority, taken: make(chan hub.Received, 1000), cluster: cluster,
		turn: func(context.Context, string, time.Time) (bool, error) { return false, nil }}
	two.start("127.0.0.1:0")
	t.Cleanup(func() { two.hub.Close() })
	a, err := one.book.Agent(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := two.hub.Ask(t.Context(), a, agent.Job{ID: "1", Do: agent.Collect, Until: time.Now().Add(time.Minute)}); err != nil {
		t.Error(err)
	}
	if j := wait(t, m.jobs); j.ID != "1" {
		t.Errorf("%+v", j)
	}
	if err := two.hub.Ask(t.Context(), agent.Agent{ID: "A-AAAAAAAAAA", Environment: "production"}, agent.Job{ID: "2", Do: agent.Collect}); !errors.Is(err, hub.ErrAway) {
		t.Error(err)
	}

	// What an agent puts into headers is not obeyed by the cluster.
	conn, _ := one.raw(m)
	forged := nats.NewMsg(agent.Facts("production", m.ID))
	id := newID()
	forged.Data = report(id)
	forged.Header.Set(nats.MsgIdHdr, id)
	forged.Header.Set("Nats-Expected-Stream", "another")
	forged.Header.Set("Nats-Rollup", "all")
	answer, err := conn.RequestMsg(forged, patience)
	if err != nil || !strings.Contains(string(answer.Data), "HOLDFAST_FACTS_production") {
		t.Errorf("%v %s", err, answer.Data)
	}
	one.come(id)

	server.Kill(0)
	if err := one.hub.Ready(t.Context()); err == nil {
		t.Error("a cluster that is gone is ready")
	}
	if err := m.link.Deliver(t.Context(), newID(), report(newID())); err == nil || !strings.Contains(err.Error(), "could not keep it on its NATS cluster") {
		t.Error("a report is accepted that nobody keeps:", err)
	}
}

// TestTurns: of two control planes one takes reports at a time, and the other one goes on when that ends.
func TestTurns(t *testing.T) {
	cluster, err := hub.ParseCluster(targets.NATS(t, 1, "").Addresses())
	if err != nil {
		t.Fatal(err)
	}
	holder := make(chan string, 1) // of the lease
	holder <- ""
	turn := func(name string) func(context.Context, string, time.Time) (bool, error) {
		return func(_ context.Context, _ string, until time.Time) (bool, error) {
			by := <-holder
			defer func() { holder <- by }()
			if by != "" && by != name {
				return false, nil
			}
			if by = name; !until.After(time.Now().Add(time.Second)) {
				by = ""
			}
			return true, nil
		}
	}
	one := &site{t: t, dir: t.TempDir(), book: newBook(), taken: make(chan hub.Received, 1000), cluster: cluster, turn: turn("one")}
	if one.authority, err = hub.OpenAuthority(one.dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	one.start("127.0.0.1:0")
	m := one.dial(one.join("production"))
	two := &site{t: t, dir: t.TempDir(), book: one.book, authority: one.authority, taken: make(chan hub.Received, 1000), cluster: cluster, turn: turn("two")}
	two.start("127.0.0.1:0")
	t.Cleanup(func() { two.hub.Close() })
	first, second := newID(), newID()
	for deliverSoon(t, m, first) != nil {
	}
	one.come(first)
	if err := two.dial(two.join("production")).link.Deliver(t.Context(), second, report(second)); err != nil {
		t.Fatal(err)
	}
	one.come(second)
	if len(two.taken) != 0 {
		t.Error("both take reports")
	}
	one.hub.Close()
	third := newID()
	if err := two.dial(two.join("production")).link.Deliver(t.Context(), third, report(third)); err != nil {
		t.Fatal(err)
	}
	two.come(third)
}

// TestOwnDisk: what lies on the own disk is taken whoever has the turn: nobody else can.
func TestOwnDisk(t *testing.T) {
	s := &site{t: t, dir: t.TempDir(), book: newBook(), taken: make(chan hub.Received, 1000), turn: func(context.Context, string, time.Time) (bool, error) { return false, nil }}
	var err error
	if s.authority, err = hub.OpenAuthority(s.dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	s.start("127.0.0.1:0")
	t.Cleanup(func() { s.hub.Close() })
	id := newID()
	m := s.dial(s.join("production"))
	for deliverSoon(t, m, id) != nil {
	}
	s.come(id)
}

// TestClusterTLS: what is not loopback is dialled by TLS alone; with a client certificate where the cluster wants one.
func TestClusterTLS(t *testing.T) {
	authority, err := targets.NewAuthority("of the cluster")
	if err != nil {
		t.Fatal(err)
	}
	c := authority.Issue(t, targets.Leaf{Client: true})
	ca := targets.Write(t, c.Dir, "ca.pem", string(authority.PEM()))
	server := targets.NATS(t, 1, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", c.Chain, c.Key, ca))
	open := targets.NATS(t, 1, "")
	for name, x := range map[string]struct {
		change func(*hub.Cluster)
		ready  bool
	}{
		"with certificate":    {func(c *hub.Cluster) {}, true},
		"without certificate": {func(c *hub.Cluster) { c.Cert, c.Key = "", "" }, false},
		"of another one":      {func(c *hub.Cluster) { c.CA = "" }, false},
		"unencrypted, here":   {func(c *hub.Cluster) { *c = hub.Cluster{URLs: []string{open.Addresses()}} }, true},
		"unencrypted, and it may be another machine": {func(c *hub.Cluster) {
			*c = hub.Cluster{URLs: []string{strings.ReplaceAll(open.Addresses(), "127.0.0.1", "0.0.0.0")}}
		}, false},
	} {
		cluster, err := hub.ParseCluster(strings.ReplaceAll(server.Addresses(), "127.0.0.1", "localhost"))
		if err != nil {
			t.Fatal(err)
		}
		cluster.CA, cluster.Cert, cluster.Key = ca, c.Chain, c.Key
		x.change(cluster)
		s := &site{t: t, dir: filepath.Join(t.TempDir(), "state"), book: newBook(), taken: make(chan hub.Received, 10), cluster: cluster}
		if s.authority, err = hub.OpenAuthority(s.dir, time.Now()); err != nil {
			t.Fatal(err)
		}
		s.start("127.0.0.1:0")
		if err := s.hub.Ready(t.Context()); (err == nil) != x.ready {
			t.Errorf("%s: %v; it said %s", name, err, s.log())
		}
		s.hub.Close()
	}
}

func TestParseCluster(t *testing.T) {
	for _, bad := range []string{"10.0.0.1:4222", "http://10.0.0.1:4222", "nats://", "nats://u:p@10.0.0.1:4222", "nats://10.0.0.1:4222,", "nats://10.0.0.1/x", "nats://[::1"} {
		if c, err := hub.ParseCluster(bad); err == nil {
			t.Errorf("%s: %+v", bad, c)
		} else if strings.Contains(err.Error(), "p@") {
			t.Error("a password is printed:", err)
		}
	}
	c, err := hub.ParseCluster("nats://a.example:4222, tls://b.example:4222")
	if err != nil || len(c.URLs) != 2 {
		t.Error(c, err)
	}
	if c, err := hub.ParseCluster(""); c != nil || err != nil {
		t.Error(c, err)
	}
}

// TestClusterCredentials: an account of a cluster that others run, by its file of credentials; a user of another account gets nowhere.
func TestClusterCredentials(t *testing.T) {
	operator, account, system := nkey(t, nkeys.CreateOperator), nkey(t, nkeys.CreateAccount), nkey(t, nkeys.CreateAccount)
	root := jwt.NewOperatorClaims(public(t, operator))
	root.SystemAccount = public(t, system)
	of := jwt.NewAccountClaims(public(t, account))
	of.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: 1 << 30, Streams: -1, Consumer: -1}
	credentials := func(by nkeys.KeyPair) string {
		user := nkey(t, nkeys.CreateUser)
		text, err := jwt.NewUserClaims(public(t, user)).Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		seed, err := user.Seed()
		if err != nil {
			t.Fatal(err)
		}
		data, err := jwt.FormatUserConfig(text, seed)
		if err != nil {
			t.Fatal(err)
		}
		return targets.Write(t, t.TempDir(), "holdfast.creds", string(data))
	}
	rootText, err := root.Encode(operator)
	ofText, err2 := of.Encode(operator)
	systemText, err3 := jwt.NewAccountClaims(public(t, system)).Encode(operator)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	server := targets.NATS(t, 1, fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: { %s: %s, %s: %s }", rootText, public(t, system), public(t, account), ofText, public(t, system), systemText))
	for name, x := range map[string]struct {
		credentials string
		ready       bool
	}{"of the account": {credentials(account), true}, "of nobody": {credentials(nkey(t, nkeys.CreateAccount)), false}, "none": {"", false}} {
		cluster, err := hub.ParseCluster(server.Addresses())
		if err != nil {
			t.Fatal(err)
		}
		cluster.Credentials = x.credentials
		s := &site{t: t, dir: t.TempDir(), book: newBook(), taken: make(chan hub.Received, 10), cluster: cluster}
		if s.authority, err = hub.OpenAuthority(s.dir, time.Now()); err != nil {
			t.Fatal(err)
		}
		s.start("127.0.0.1:0")
		if err := s.hub.Ready(t.Context()); (err == nil) != x.ready {
			t.Errorf("%s: %v; it said %s", name, err, s.log())
		}
		if x.ready {
			m, id := s.dial(s.join("production")), newID()
			for deliverSoon(t, m, id) != nil {
			}
			s.come(id)
		}
		s.hub.Close()
	}
}

func nkey(t *testing.T, make func() (nkeys.KeyPair, error)) nkeys.KeyPair {
	t.Helper()
	k, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t *testing.T, k nkeys.KeyPair) string {
	t.Helper()
	p, err := k.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
