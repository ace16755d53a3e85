package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/store/relational"
)

// agentsSide is the part of a control plane that agents see.
type agentsSide struct {
	hub   *hub.Hub
	store *relational.Store
	end   context.CancelFunc
	ended chan struct{}
}

// listenForAgents starts the bus and takes reports.
func listenForAgents(ctx context.Context, o ServeOptions) (*agentsSide, error) {
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(state, "agents")
	authority, err := hub.OpenAuthority(dir, time.Now())
	if err != nil {
		return nil, err
	}
	if _, err := loadKey(state); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(state, "fingerprint.key"))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("read the key of fingerprints: %w", err)
	}
	store, err := openStore(ctx, state, o.DB)
	if err != nil {
		return nil, err
	}
	s := &agentsSide{store: store, ended: make(chan struct{})}
	i := &intake{o: o, store: store, log: o.Log, again: func(a agent.Agent) { go s.ask(a, true) }}
	s.hub, err = hub.Start(ctx, hub.Options{
		Listen: o.Agents, Dir: filepath.Join(state, "bus"), Authority: authority, Book: members{store, event.Maker{Version: o.Version}}, Key: [32]byte(key), Every: o.Every, Intake: i.take, Now: time.Now, Log: o.Log,
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := os.WriteFile(addressFile(state), []byte(s.hub.Address()+"\n"), 0o600); err != nil {
		s.hub.Close()
		return nil, errors.Join(fmt.Errorf("note where agents are listened for: %w", err), store.Close())
	}
	ctx, s.end = context.WithCancel(ctx)
	go s.watch(ctx, i)
	return s, nil
}

// members are the agents of the database; who joins is on record.
type members struct {
	*relational.Store
	make event.Maker
}

func (m members) Admit(ctx context.Context, digest string, a agent.Agent, now time.Time) error {
	return m.Store.Admit(ctx, digest, a, now, m.make.AgentJoined(a.ID, a.Environment, now))
}

// reportTime is how long the id of a report is known: an agent that did not hear that it was taken sends it again.
const reportTime = 30 * 24 * time.Hour

// quietTime is how often is looked for agents that are silent.
const quietTime = 15 * time.Second

func (s *agentsSide) watch(ctx context.Context, i *intake) {
	defer close(s.ended)
	since := time.Now()
	tick := time.NewTicker(quietTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := errors.Join(i.quiet(ctx, since), i.store.ForgetReports(ctx, time.Now().Add(-reportTime))); err != nil && ctx.Err() == nil {
			i.log("look for silent agents: %v", err)
		}
	}
}

// ask wants a look of an agent now.
func (s *agentsSide) ask(a agent.Agent, whole bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// Whoever is away looks when it comes back.
	_ = s.hub.Ask(ctx, a, agent.Job{ID: uuid.Must(uuid.NewV7()).String(), Do: agent.Collect, Whole: whole, Until: time.Now().Add(time.Minute)})
}

func (s *agentsSide) close() error {
	s.end()
	<-s.ended
	s.hub.Close()
	return s.store.Close()
}
