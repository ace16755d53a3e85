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
	// intakeTime is how long recording them may take before they are handed over again.
	intakeTime = 5 * time.Minute
	// waitTime is how long the first of them waits for others.
	waitTime = 500 * time.Millisecond
	// againTime is how long is waited after an intake that failed.
	againTime = 5 * time.Second
	// perAgent is how many reports of one agent wait at most: one that floods harms itself alone.
	perAgent = 2000
)

// reports makes the stream of an environment's reports, and who reads it.
func reports(ctx context.Context, js jetstream.JetStream, environment string) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	s, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: "FACTS", Subjects: []string{agent.AllFacts(environment)}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: perAgent, MaxBytes: maxPlace, MaxMsgSize: agent.MaxMessage,
		Duplicates: 2 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	return s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "hub", AckPolicy: jetstream.AckExplicitPolicy, AckWait: intakeTime, MaxAckPending: atOnce, MaxDeliver: -1})
}

// take hands reports on until the hub closes.
func (h *Hub) take(environment string, c jetstream.Consumer) {
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(agent.MaxReport))
	if err != nil {
		h.o.Log("reports of %s are not taken: %v", environment, err)
		return
	}
	defer unpack.Close()
	for h.ctx.Err() == nil {
		batch, messages := h.fetch(environment, c, unpack)
		if len(batch) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(h.ctx, intakeTime-time.Minute/2)
		err := h.o.Intake(ctx, batch)
		cancel()
		for _, m := range messages {
			if err != nil {
				_ = m.NakWithDelay(againTime) // else it comes again when intakeTime is over
			} else {
				_ = m.Ack() // the same: it then counts no second time
			}
		}
		if err != nil && h.ctx.Err() == nil {
			h.o.Log("reports of %s could not be recorded, and are tried again in %s: %v", environment, againTime, err)
		}
	}
}

// fetch waits for reports. What is none is said and let go of.
func (h *Hub) fetch(environment string, c jetstream.Consumer, unpack *zstd.Decoder) (batch []Received, messages []jetstream.Msg) {
	got, err := c.Fetch(atOnce, jetstream.FetchMaxWait(waitTime))
	if err != nil {
		select { // the bus is ending, or short of something
		case <-h.ctx.Done():
		case <-time.After(waitTime):
		}
		return nil, nil
	}
	for m := range got.Messages() {
		r, err := received(m, unpack)
		if err != nil {
			h.o.Log("a report from %s in %s is dropped: %v", last(m.Subject()), environment, err)
			_ = m.TermWithReason("unreadable")
			continue
		}
		batch, messages = append(batch, r), append(messages, m)
	}
	return batch, messages
}

func received(m jetstream.Msg, unpack *zstd.Decoder) (Received, error) {
	meta, err := m.Metadata()
	if err != nil {
		return Received{}, err
	}
	data, err := unpack.DecodeAll(m.Data(), nil)
	if err != nil {
		return Received{}, fmt.Errorf("unpack a report: %w", err)
	}
	out := Received{Agent: last(m.Subject()), At: meta.Timestamp}
	if sent, err := time.Parse(time.RFC3339Nano, m.Headers().Get(agent.SentHeader)); err == nil {
		out.Skew = sent.Sub(out.At)
	}
	out.Report, err = agent.ParseReport(data)
	return out, err
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
