package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"holdfast.example/holdfast/internal/agent"
)

// Cluster is a NATS cluster with JetStream on which reports wait, in place of the own disk: control planes that share it share
// the work. Holdfast wants an account of its own there; agents never dial it.
type Cluster struct {
	URLs        []string // nats://host:port or tls://host:port; what is not this machine is dialled by TLS alone
	Credentials string   // file of user JWT and seed; empty: none
	CA          string   // file of authorities in PEM; empty: those of the machine
	Cert, Key   string   // files in PEM for TLS by client certificate; empty: none
}

// ParseCluster reads addresses with commas between them. The empty text gives nil.
func ParseCluster(addresses string) (*Cluster, error) {
	if addresses == "" {
		return nil, nil
	}
	c := &Cluster{}
	for a := range strings.SplitSeq(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(a))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" {
			return nil, errors.New("want addresses of NATS servers as nats://host:4222, with commas between them")
		}
		if u.User != nil {
			return nil, errors.New("want addresses of NATS servers without user and password, which others would read; give a file of credentials or a client certificate")
		}
		c.URLs = append(c.URLs, u.String())
	}
	return c, nil
}

// secure tells whether what it says must be encrypted: a server is not on this machine.
func (c *Cluster) secure() bool {
	for _, a := range c.URLs {
		u, err := url.Parse(a)
		if err != nil || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
			return true
		}
	}
	return false
}

const (
	// relayTime is how long the cluster may take to keep a report.
	relayTime = 10 * time.Second
	// relayed is how many bytes of reports are on their way to it together.
	relayed = 4 * agent.MaxMessage
	// turnTime is how long a task is one control plane's unless it says that it goes on.
	turnTime = 15 * time.Second
	// awayTime is how long control planes may take to say that an agent is connected to them.
	awayTime = 3 * time.Second
)

// relay is the connection to the cluster.
type relay struct {
	conn *nats.Conn
	js   jetstream.JetStream
	room *semaphore.Weighted // bytes on their way
}

func (h *Hub) dialCluster() (*relay, error) {
	c := h.o.Cluster
	var told atomic.Bool
	away := func(err error) { // each server has a reason of its own, every second: the first says enough
		if err != nil && !errors.Is(err, nats.ErrNoServers) && h.ctx.Err() == nil && told.CompareAndSwap(false, true) {
			h.o.Log("no server of the NATS cluster can be reached; agents keep their reports until one can: %v", err)
		}
	}
	stands := func(c *nats.Conn) {
		told.Store(false)
		h.clusterStands(c)
	}
	options := []nats.Option{
		nats.Name("holdfast"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.Timeout(5 * time.Second), nats.ReconnectBufSize(-1),
		nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2), nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(stands), nats.ReconnectHandler(stands),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil && h.ctx.Err() == nil {
				h.o.Log("a server of the NATS cluster is gone (%v); another one is dialled", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { away(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { h.o.Log("the NATS cluster says: %v", err) }),
	}
	if c.secure() {
		options = append(options, nats.Secure())
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if c.Cert != "" || c.Key != "" {
		options = append(options, nats.ClientCert(c.Cert, c.Key))
	}
	conn, err := nats.Connect(strings.Join(c.URLs, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("dial the NATS cluster %s: %w", strings.Join(c.URLs, ","), err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(relayTime))
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &relay{conn: conn, js: js, room: semaphore.NewWeighted(relayed)}, nil
}

func (h *Hub) clusterStands(c *nats.Conn) {
	if c.MaxPayload() < agent.MaxMessage {
		h.o.Log("the NATS cluster takes messages of %d kB, and the reports of large hosts are larger: set max_payload: %dMB there", c.MaxPayload()>>10, agent.MaxMessage>>20)
	}
	h.o.Log("connected to the NATS cluster at %s", c.ConnectedUrlRedacted())
}

// deliver keeps a report on the cluster, and answers its agent when that is done; in the order in which they came.
func (h *Hub) deliver(m *nats.Msg) {
	size := min(int64(len(m.Data))+1024, relayed)
	if err := h.relay.room.Acquire(h.ctx, size); err != nil {
		return
	}
	out := nats.NewMsg(m.Subject)
	out.Data = m.Data
	for _, name := range []string{nats.MsgIdHdr, agent.SentHeader} { // no other: JetStream obeys headers
		if v := m.Header.Get(name); v != "" {
			out.Header.Set(name, v)
		}
	}
	kept, err := h.relay.js.PublishMsgAsync(out)
	if err != nil {
		h.relay.room.Release(size)
		if !h.relay.conn.IsConnected() {
			err = errors.New("no server of it answers")
		}
		h.answer(m, nil, err)
		return
	}
	go func() {
		defer h.relay.room.Release(size)
		select {
		case ack := <-kept.Ok():
			h.answer(m, ack, nil)
		case err := <-kept.Err():
			h.answer(m, nil, err)
		case <-h.ctx.Done(): // the agent sends it again
		}
	}()
}

// answer says what became of a report in the words of JetStream, which agents know.
func (h *Hub) answer(m *nats.Msg, ack *jetstream.PubAck, err error) {
	if err == nil {
		respond(m, ack)
		return
	}
	var refusal struct {
		Error struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	refusal.Error.Description = "the control plane could not keep it on its NATS cluster: " + err.Error()
	respond(m, refusal)
}

// errUnheard means that the cluster may not know that reports were recorded. Such count as being read until intakeTime is over, and so many
// of them keep all others waiting: the reader has to be made anew, and then they come again at once.
var errUnheard = errors.New("the NATS cluster did not hear that reports were recorded")

// letGo tells the cluster that reports were recorded, and waits until it has heard it: a server that is killed forgets what it was told last.
func letGo(ctx context.Context, messages []jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, relayTime)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, m := range messages {
		all.Go(func() {
			if err := m.DoubleAck(ctx); err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
				mu.Lock()
				defer mu.Unlock()
				failed = fmt.Errorf("%w: %w", errUnheard, err)
			}
		})
	}
	all.Wait()
	return failed
}

// replicas is on how many servers of the cluster reports lie, so that one may be lost.
const replicas = 3

// onCluster makes the stream of an environment's reports on the cluster, on three servers if it has three.
func (h *Hub) onCluster(ctx context.Context, environment string) (jetstream.Stream, error) {
	config := factsOf(environment)
	config.Name, config.Replicas = "HOLDFAST_FACTS_"+environment, replicas
	s, err := h.relay.js.CreateOrUpdateStream(ctx, config)
	if err == nil {
		return s, nil
	}
	if s, err := h.relay.js.Stream(ctx, config.Name); err == nil {
		return s, nil // as it is: a server is away
	}
	var refused *jetstream.APIError
	if !errors.As(err, &refused) {
		return nil, err
	}
	config.Replicas = 1
	if s, err2 := h.relay.js.CreateStream(ctx, config); err2 == nil {
		h.o.Log("reports of %s lie on one server of the NATS cluster, and wait for it when it is away: it does not give three (%v)", environment, err)
		return s, nil
	}
	return nil, err
}

// asked hands a job that came over the cluster to an agent that is connected here; else it says nothing.
func (h *Hub) asked(environment string, m *nats.Msg) {
	ctx, cancel := context.WithTimeout(h.ctx, awayTime)
	defer cancel()
	h.mu.Lock()
	e := h.environments[environment]
	h.mu.Unlock()
	if e == nil || !agent.IsID(last(m.Subject)) {
		return
	}
	if answer, err := e.conn.RequestWithContext(ctx, agent.Jobs(environment, last(m.Subject)), m.Data); err == nil {
		_ = m.Respond(answer.Data)
	}
}

// inTurn does something while the task is this control plane's, of those that share the cluster. What lies on the own disk nobody else can do.
func (h *Hub) inTurn(task string, do func(context.Context) error) error {
	if h.relay == nil || h.o.Turn == nil {
		return do(h.ctx)
	}
	mine, err := h.o.Turn(h.ctx, task, h.o.Now().Add(turnTime))
	if err != nil || !mine {
		return err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	var keeps sync.WaitGroup
	keeps.Go(func() {
		defer cancel()
		tick := time.NewTicker(turnTime / 3)
		defer tick.Stop()
		for until := time.Now().Add(turnTime); time.Now().Before(until); {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			mine, err := h.o.Turn(ctx, task, h.o.Now().Add(turnTime))
			if err == nil && !mine {
				return
			} else if err == nil {
				until = time.Now().Add(turnTime)
			}
		}
	})
	err = do(ctx)
	cancel()
	keeps.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(h.ctx), awayTime)
	defer done()
	_, err2 := h.o.Turn(last, task, h.o.Now()) // another one may begin at once
	return errors.Join(err, err2)
}

// Ready tells what keeps reports from being taken; nil: nothing.
func (h *Hub) Ready(ctx context.Context) error {
	if h.relay == nil {
		if !h.Sound() {
			return errors.New("the disk of the bus is full or failed")
		}
		return nil
	}
	if !h.relay.conn.IsConnected() {
		return errors.New("no server of the NATS cluster answers")
	}
	ctx, cancel := context.WithTimeout(ctx, awayTime)
	defer cancel()
	if _, err := h.relay.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("ask the NATS cluster: %w", err)
	}
	return nil
}

// drainTime is how long the start waits until what lies on the own disk is recorded.
const drainTime = 30 * time.Second

// drain hands on what was taken before there was a cluster, and lies on the own disk.
func drain(ctx context.Context, o Options) error {
	o.Cluster, o.Turn, o.Listen = nil, nil, ""
	h, err := Start(ctx, o)
	if err != nil {
		return err
	}
	defer h.Close()
	for end := time.Now().Add(drainTime); ; {
		left := 0
		for name, e := range h.environments {
			js, err := jetstream.New(e.conn)
			if err != nil {
				return err
			}
			once, cancel := context.WithTimeout(ctx, startTime)
			s, err := js.Stream(once, factsOf(name).Name)
			cancel()
			if err != nil {
				return err
			}
			left += int(s.CachedInfo().State.Msgs)
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d reports that were taken before still lie in %s and are handed on at the next start", left, o.Dir)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// forward makes jobs and reports of an environment go over the cluster.
func (h *Hub) forward(name string, e *place) error {
	if _, err := e.conn.Subscribe(agent.AllFacts(name), h.deliver); err != nil {
		return err
	}
	_, err := h.relay.conn.Subscribe(agent.AllJobs(name), func(m *nats.Msg) { go h.asked(name, m) })
	return err
}

// askElsewhere hands a job to an agent that is connected to another control plane.
func (h *Hub) askElsewhere(ctx context.Context, a agent.Agent, j agent.Job) error {
	ctx, cancel := context.WithTimeout(ctx, awayTime)
	defer cancel()
	err := ask(ctx, h.relay.conn, a, j)
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrAway
	}
	return err
}
