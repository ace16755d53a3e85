package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"holdfast.example/holdfast/internal/agent"
)

const (
	// relayTime is how long the cluster may take to keep a report.
	relayTime = 10 * time.Second
	// relayed is how many bytes of reports are on their way to it together.
	relayed = 4 * agent.MaxMessage
	// awayTime is how long control planes may take to say that an agent is connected to them.
	awayTime = 3 * time.Second
)

// relay is the connection to the cluster.
type relay struct {
	conn *nats.Conn
	js   jetstream.JetStream
	room *semaphore.Weighted // bytes on their way
}

// forward makes jobs and reports of an environment go over the cluster.
func (h *Hub) forward(name string, e *place) error {
	e.js = h.relay.js
	if _, err := e.conn.Subscribe(agent.AllFacts(name), h.deliver); err != nil {
		return err
	}
	_, err := h.relay.conn.Subscribe(agent.AllJobs(name), func(m *nats.Msg) { go h.asked(name, m) })
	return err
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
