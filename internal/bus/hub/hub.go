// Package hub is the end of the bus in the control plane: an embedded NATS server that agents dial, one account for each
// environment, and what the control plane says and hears there. It judges nothing and keeps no record of its own: who is
// an agent is asked of a Book, and what agents report is handed on and acknowledged when it was taken.
package hub

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast.example/holdfast/internal/agent"
)

// Book knows the agents. It may be asked by many goroutines.
type Book interface {
	// Invitation finds one by its digest; agent.ErrInvitation: there is none.
	Invitation(ctx context.Context, digest string) (agent.Invitation, error)
	// Admit uses an invitation up and adds its agent, both or neither; agent.ErrInvitation: it was used, or is over by now.
	Admit(ctx context.Context, digest string, a agent.Agent, now time.Time) error
	// Agent finds one by its id; agent.ErrRevoked: there is none.
	Agent(ctx context.Context, id string) (agent.Agent, error)
	// Agents gives all, those that were revoked too.
	Agents(ctx context.Context) ([]agent.Agent, error)
	// RevokedAgents gives the ids of those that were revoked. It is asked every second.
	RevokedAgents(ctx context.Context) ([]string, error)
	// Renewed notes the end of an agent's newest certificate.
	Renewed(ctx context.Context, id string, until time.Time) error
}

// Received is a report and where it came from.
type Received struct {
	Agent  string
	At     time.Time     // when the bus took it
	Skew   time.Duration // the agent's clock less ours, when it was sent
	Report agent.Report
}

// Options of a hub.
type Options struct {
	Listen    string // host:port
	Dir       string // for what was taken and not yet handed on
	Authority *Authority
	Book      Book
	Key       [32]byte      // of fingerprints; agents get it when they join
	Every     time.Duration // time between reports of an agent
	// Addresses are where agents may dial control planes that share the database, this one too; nil: there is no other.
	Addresses func(ctx context.Context) []string
	Cluster   *Cluster // on which reports wait; nil: on the own disk
	// Turn takes a task for this control plane until a time, or keeps it, or lets go of it; false: another one has it. Nil: there is no other.
	Turn func(ctx context.Context, task string, until time.Time) (bool, error)
	// Intake records reports of one environment, in their order. An error hands all of them over again later; what was recorded
	// of them already must not count twice.
	Intake func(ctx context.Context, batch []Received) error
	Now    func() time.Time
	Log    func(format string, args ...any)
}

// Hub is a running bus. Make it by Start.
type Hub struct {
	o      Options
	server *server.Server
	relay  *relay // nil: there is no cluster
	secret string // of this process, for its own connections
	join   *server.Account
	ctx    context.Context // the life of the loops; ends by Close
	cancel context.CancelFunc
	broken atomic.Bool // something could not be written; the server never writes there again
	loops  sync.WaitGroup

	mu           sync.Mutex
	environments map[string]*place
	clients      map[string][]uint64 // connections of agents
}

// place is an environment on the bus.
type place struct {
	account *server.Account
	conn    *nats.Conn          // of this process
	js      jetstream.JetStream // where its reports wait
}

// Start listens, and takes reports until Close.
func Start(ctx context.Context, o Options) (*Hub, error) {
	host, number, err := hostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for agents on %q: want host:port", o.Listen)
	}
	if o.Cluster != nil {
		if _, err := os.Stat(o.Dir); err == nil {
			if err := drain(ctx, o); err != nil {
				o.Log("hand on what was taken before: %v", err)
			}
		}
	}
	var secret [32]byte
	rand.Read(secret[:])
	h := &Hub{o: o, secret: hex.EncodeToString(secret[:]), environments: map[string]*place{}, clients: map[string][]uint64{}}
	h.ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if _, err := o.Authority.serverCertificate(o.Now()); err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", o.Listen, err)
	}
	h.server, err = server.NewServer(&server.Options{
		ServerName: "holdfast", Host: host, Port: number, NoSigs: true, NoSystemAccount: true,
		CustomClientAuthentication: h, AuthTimeout: admissionTime.Seconds() + 2,
		TLS: true, TLSHandshakeFirst: true, TLSTimeout: 5, TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert, Time: o.Now, SessionTicketsDisabled: true, // resumption would show no certificate
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return o.Authority.serverCertificate(o.Now()) },
		},
		DontListen: o.Listen == "", JetStream: o.Cluster == nil, StoreDir: o.Dir, SyncAlways: true, JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: maxKept, // an agent lets go of what was acknowledged
		MaxPayload: agent.MaxMessage, MaxPending: 4 * agent.MaxMessage, MaxControlLine: 1024, MaxSubs: 100, MaxConn: maxAgents,
		PingInterval: 30 * time.Second, MaxPingsOut: 2, WriteDeadline: 10 * time.Second, DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start the bus: %w", err)
	}
	if h.join, err = h.server.RegisterAccount("join"); err != nil {
		return nil, fmt.Errorf("start the bus: %w", err)
	}
	if o.Cluster != nil {
		if h.relay, err = h.dialCluster(); err != nil {
			return nil, err
		}
	}
	h.server.SetLoggerV2(logger{o.Log, &h.broken}, false, false, false)
	h.server.Start()
	if !h.server.ReadyForConnections(startTime) {
		h.Close()
		return nil, fmt.Errorf("listen for agents on %s: it was not ready within %s; is the port taken?", o.Listen, startTime)
	}
	if err := h.begin(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// hostPort reads an address; the empty one is that of nobody.
func hostPort(address string) (string, int, error) {
	if address == "" {
		return "", 0, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	number, err := strconv.Atoi(port)
	if number == 0 {
		number = server.RANDOM_PORT
	}
	return host, number, err
}

const (
	startTime = 10 * time.Second
	maxKept   = 1 << 40   // of all environments together: the disk ends before
	maxPlace  = 256 << 20 // of one
	maxAgents = 18000
)

// begin takes up the environments that have agents, and listens to who joins.
func (h *Hub) begin() error {
	agents, err := h.o.Book.Agents(h.ctx)
	if err != nil {
		return err
	}
	conn, err := h.own("")
	if err != nil {
		return err
	}
	if _, err := conn.Subscribe(agent.JoinSubject, h.joins); err != nil {
		return fmt.Errorf("listen to who joins: %w", err)
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("listen to who joins: %w", err)
	}
	for _, a := range agents {
		if _, err := h.environment(a.Environment); err != nil {
			return err
		}
	}
	h.loops.Go(h.watch)
	return nil
}

// own connects this process to the account of an environment; without a name to that of who joins.
func (h *Hub) own(environment string) (*nats.Conn, error) {
	c, err := nats.Connect("", nats.InProcessServer(h.server), nats.UserInfo(ownUser+environment, h.secret), nats.MaxReconnects(-1), nats.Name("control plane"))
	if err != nil {
		return nil, fmt.Errorf("connect to the own bus: %w", err)
	}
	return c, nil
}

// Sound tells whether reports are kept: a bus whose disk was full or failed keeps none from then on, until it is started anew.
// What a cluster keeps is its own matter.
func (h *Hub) Sound() bool {
	return h.relay != nil || h.server.JetStreamEnabled() && !h.broken.Load()
}

// Address is where it listens.
func (h *Hub) Address() string { return h.server.Addr().String() }

func (h *Hub) known(environment string) (*server.Account, bool) {
	a, err := h.server.LookupAccount(accountPrefix + environment)
	return a, err == nil
}

const accountPrefix = "environment/"

// environment gives the place of an environment, and makes it when it is new.
func (h *Hub) environment(name string) (*place, error) {
	if !agent.IsEnvironment(name) {
		return nil, fmt.Errorf("%q is no name of an environment", name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if e, ok := h.environments[name]; ok {
		return e, nil
	}
	account, err := h.server.RegisterAccount(accountPrefix + name)
	if errors.Is(err, server.ErrAccountExists) {
		account, err = h.server.LookupAccount(accountPrefix + name)
	}
	if err != nil {
		return nil, fmt.Errorf("make environment %s on the bus: %w", name, err)
	}
	if h.relay == nil && !account.JetStreamEnabled() {
		if err := account.EnableJetStream(map[string]server.JetStreamAccountLimits{"": {MaxMemory: 0, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1}}, nil); err != nil {
			return nil, fmt.Errorf("make environment %s on the bus: %w", name, err)
		}
	}
	e := &place{account: account}
	if e.conn, err = h.own(name); err != nil {
		return nil, err
	}
	if _, err := e.conn.Subscribe(agent.AllRenewals(name), func(m *nats.Msg) { h.renew(name, m) }); err != nil {
		return nil, fmt.Errorf("make environment %s on the bus: %w", name, err)
	}
	if h.relay == nil {
		err = h.keep(name, e)
	} else {
		err = h.forward(name, e)
	}
	if err := errors.Join(err, e.conn.Flush()); err != nil {
		return nil, fmt.Errorf("make environment %s on the bus: %w", name, err)
	}
	h.environments[name] = e
	h.loops.Go(func() { h.take(name, e) })
	return e, nil
}

// came notes a connection of an agent.
func (h *Hub) came(id string, client uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients[id] = slices.DeleteFunc(append(h.clients[id], client), func(c uint64) bool { return c != client && h.server.GetClient(c) == nil })
}

// watch throws out agents that were revoked, also by another process.
func (h *Hub) watch() {
	tick := time.NewTicker(watchTime)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		ids, err := h.o.Book.RevokedAgents(h.ctx)
		if err != nil {
			continue // the next look is near
		}
		for _, id := range ids {
			h.disconnect(id)
		}
	}
}

// watchTime is how long a revoked agent may stay at most.
const watchTime = time.Second

func (h *Hub) disconnect(id string) {
	h.mu.Lock()
	clients := h.clients[id]
	delete(h.clients, id)
	h.mu.Unlock()
	for _, c := range clients {
		if err := h.server.DisconnectClientByID(c); err == nil {
			h.o.Log("agent %s was revoked and is out", id)
		}
	}
}

// Ask hands a job to an agent that is there now.
func (h *Hub) Ask(ctx context.Context, a agent.Agent, j agent.Job) error {
	e, err := h.environment(a.Environment)
	if err != nil {
		return err
	}
	err = ask(ctx, e.conn, a, j)
	if errors.Is(err, ErrAway) && h.relay != nil {
		return h.askElsewhere(ctx, a, j)
	}
	return err
}

// Close ends all connections. What was taken and not yet handed on stays for the next start.
func (h *Hub) Close() {
	h.cancel()
	h.loops.Wait()
	h.mu.Lock()
	for _, e := range h.environments {
		e.conn.Close()
	}
	h.mu.Unlock()
	if h.relay != nil {
		h.relay.conn.Close()
	}
	h.server.Shutdown()
	h.server.WaitForShutdown()
}

// logger hands the words of the bus on.
type logger struct {
	log    func(format string, args ...any)
	broken *atomic.Bool
}

func (l logger) Noticef(string, ...any) {}
func (l logger) Debugf(string, ...any)  {}
func (l logger) Tracef(string, ...any)  {}

func (l logger) Warnf(format string, args ...any) {
	if !strings.Contains(format, "TLS Handshake First") { // which is as it shall be
		l.log("bus: "+format, args...)
	}
}

func (l logger) Errorf(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); strings.Contains(text, "ritical write error") { // it says so nowhere else
		l.broken.Store(true)
	}
	l.log("bus: "+format, args...)
}

func (l logger) Fatalf(format string, args ...any) { l.log("bus: "+format, args...) }
