package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast.example/holdfast/internal/agent"
)

const (
	// atOnce is how many reports are handed on together.
	atOnce = 64
	// pulled is how many are asked for: atOnce of them come, and signs of life take the other places while a batch is recorded, else
	// the library drops reports.
	pulled = 4 * atOnce
	// packedAtOnce and openAtOnce are how many bytes of them, as they travel and unpacked: the largest fits in, and many large ones
	// must not take the memory that everything else needs.
	packedAtOnce = 2 * agent.MaxMessage
	openAtOnce   = agent.MaxReport
	// intakeTime is how long recording them may take before they are handed over again.
	intakeTime = 5 * time.Minute
	// waitTime is how long the first of them waits for others.
	waitTime = 500 * time.Millisecond
	// againTime is how long is waited after an intake that failed; after tries of them each report is tried alone, and what
	// fails alone waits for parkTime, so that it holds no other up for longer.
	againTime = 2 * time.Second
	tries     = 10
	parkTime  = 10 * time.Minute
	// perAgent is how many reports of one agent wait at most: one that floods harms itself alone.
	perAgent = 2000
)

// factsOf is the stream of an environment's reports.
func factsOf(environment string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: "FACTS", Subjects: []string{agent.AllFacts(environment)}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: perAgent, MaxBytes: maxPlace, MaxMsgSize: agent.MaxMessage,
		Duplicates: 2 * time.Hour,
	}
}

// keep makes the reports of an environment lie on the own disk.
func (h *Hub) keep(environment string, e *place) (err error) {
	ctx, cancel := context.WithTimeout(h.ctx, startTime)
	defer cancel()
	if e.js, err = jetstream.New(e.conn); err != nil {
		return err
	}
	_, err = e.js.CreateOrUpdateStream(ctx, factsOf(environment))
	return err
}

// reports gives the reader of an environment's reports.
func (h *Hub) reports(ctx context.Context, environment string, e *place) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	stream := func(ctx context.Context, name string) (jetstream.Stream, error) {
		return e.js.Stream(ctx, factsOf(name).Name)
	}
	if h.relay != nil {
		stream = h.onCluster
	}
	s, err := stream(ctx, environment)
	if err != nil {
		return nil, err
	}
	// Whoever read before is gone: what it had not acknowledged comes again at once, in its order.
	if err := s.DeleteConsumer(ctx, "hub"); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, err
	}
	return s.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "hub", AckPolicy: jetstream.AckExplicitPolicy, AckWait: intakeTime, MaxAckPending: atOnce, MaxDeliver: -1})
}

// take hands reports on until the hub closes, in turns with other control planes of the same cluster.
func (h *Hub) take(environment string, e *place) {
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(agent.MaxReport))
	if err != nil {
		h.o.Log("reports of %s are not taken: %v", environment, err)
		return
	}
	defer unpack.Close()
	for said := ""; h.ctx.Err() == nil; {
		err := h.inTurn("reports of "+environment, func(ctx context.Context) error {
			c, err := h.reports(ctx, environment, e)
			if err != nil {
				return err
			}
			it, err := c.Messages(jetstream.PullMaxMessagesWithBytesLimit(pulled, packedAtOnce))
			if err != nil {
				return err
			}
			defer it.Stop()
			said = ""
			return h.takeFrom(ctx, environment, it, unpack)
		})
		if h.ctx.Err() != nil {
			return
		}
		if err != nil && said != err.Error() {
			said = err.Error()
			h.o.Log("reports of %s are waited for again every %s: %v", environment, againTime, err)
		}
		select {
		case <-h.ctx.Done():
		case <-time.After(againTime):
		}
	}
}

// takeFrom does so until the consumer ends, and gives why.
func (h *Hub) takeFrom(ctx context.Context, environment string, it jetstream.MessagesContext, unpack *zstd.Decoder) error {
	for {
		batch, messages, err := h.fetch(ctx, environment, it, unpack)
		if len(batch) == 0 && err != nil {
			return err
		}
		if len(batch) == 0 {
			continue
		}
		err = h.record(ctx, environment, batch, messages)
		if errors.Is(err, errUnheard) {
			return err
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		for i := range batch {
			if err := h.intake(ctx, batch[i:i+1], messages[i:i+1]); err != nil && ctx.Err() == nil {
				h.o.Log("a report of agent %s cannot be recorded, and is tried again in %s: %v", batch[i].Agent, parkTime, err)
				_ = messages[i].NakWithDelay(parkTime)
			}
		}
	}
}

// record hands a batch over until it was taken, so that later reports do not overtake it.
func (h *Hub) record(ctx context.Context, environment string, batch []Received, messages []jetstream.Msg) (err error) {
	for range tries {
		if err = h.intake(ctx, batch, messages); err == nil || errors.Is(err, errUnheard) || ctx.Err() != nil {
			return err
		}
		h.o.Log("reports of %s could not be recorded, and are tried again in %s: %v", environment, againTime, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(againTime):
		}
		for _, m := range messages {
			_ = m.InProgress() // else they come a second time, which does no harm
		}
	}
	return err
}

func (h *Hub) intake(ctx context.Context, batch []Received, messages []jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, intakeTime/2)
	defer cancel()
	if err := h.o.Intake(ctx, batch); err != nil {
		return err
	}
	if h.relay != nil {
		return letGo(ctx, messages)
	}
	for _, m := range messages {
		_ = m.Ack() // else it comes a second time, and counts no more
	}
	return nil
}

// fetch waits for a report, and then at most waitTime for others: no more than atOnce, and no more than openAtOnce in bytes but for
// the last. What is none is said and let go of. With none it gives why.
func (h *Hub) fetch(ctx context.Context, environment string, it jetstream.MessagesContext, unpack *zstd.Decoder) (batch []Received, messages []jetstream.Msg, err error) {
	open, wait := 0, jetstream.NextContext(ctx)
	var until time.Time
	for len(batch) < atOnce && open < openAtOnce {
		m, err := it.Next(wait)
		if errors.Is(err, nats.ErrTimeout) {
			return batch, messages, nil
		} else if err != nil {
			return batch, messages, err
		}
		if until.IsZero() {
			until = time.Now().Add(waitTime)
		}
		wait = jetstream.NextMaxWait(max(time.Until(until), time.Millisecond))
		r, size, err := received(m, unpack)
		if err != nil {
			h.o.Log("a report from %s in %s is dropped: %v", last(m.Subject()), environment, err)
			_ = m.TermWithReason("unreadable")
			continue
		}
		open += size
		batch, messages = append(batch, r), append(messages, m)
	}
	return batch, messages, nil
}

// received reads a report, and tells how many bytes it has unpacked.
func received(m jetstream.Msg, unpack *zstd.Decoder) (Received, int, error) {
	meta, err := m.Metadata()
	if err != nil {
		return Received{}, 0, err
	}
	data, err := unpack.DecodeAll(m.Data(), nil)
	if err != nil {
		return Received{}, 0, fmt.Errorf("unpack a report: %w", err)
	}
	out := Received{Agent: last(m.Subject()), At: meta.Timestamp}
	if sent, err := time.Parse(time.RFC3339Nano, m.Headers().Get(agent.SentHeader)); err == nil {
		out.Skew = sent.Sub(out.At)
	}
	out.Report, err = agent.ParseReport(data)
	return out, len(data), err
}

// ErrAway means that an agent is not connected.
var ErrAway = errors.New("the agent is not connected")

func ask(ctx context.Context, conn *nats.Conn, a agent.Agent, j agent.Job) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	m, err := conn.RequestWithContext(ctx, agent.Jobs(a.Environment, a.ID), data)
	if errors.Is(err, nats.ErrNoResponders) {
		return ErrAway
	} else if err != nil {
		return fmt.Errorf("ask agent %s: %w", a.ID, err)
	}
	var taken agent.Taken
	if err := json.Unmarshal(m.Data, &taken); err != nil {
		return fmt.Errorf("ask agent %s: its answer cannot be read", a.ID)
	}
	if taken.Error != "" {
		return fmt.Errorf("ask agent %s: %s", a.ID, taken.Error)
	}
	return nil
}
