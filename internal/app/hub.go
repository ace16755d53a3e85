package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/store/relational"
)

// agentsSide is the part of a control plane that agents see.
type agentsSide struct {
	o       hub.Options
	log     func(format string, args ...any)
	mu      sync.Mutex
	hub     *hub.Hub // nil: its disk is full or failed, and it begins anew soon
	store   *relational.Store
	program string // of those that share the database
	reach   string // host:port for agents; empty: none that others could dial
	end     context.CancelFunc
	ended   chan struct{}
}

// listenForAgents starts the bus and takes reports.
func listenForAgents(ctx context.Context, o ServeOptions) (*agentsSide, error) {
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	cluster, err := o.NATS.cluster()
	if err != nil {
		return nil, err
	}
	if _, _, err := net.SplitHostPort(o.AgentsAddress); o.AgentsAddress != "" && err != nil {
		return nil, &UsageError{fmt.Sprintf("--agents-address %q: want host:port", o.AgentsAddress)}
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
	one := true // authority of all that share the database
	if isPostgres(o.DB) {
		if one, err = agree(ctx, store, state, authority, key, cluster != nil); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	s := &agentsSide{store: store, program: programName(state), ended: make(chan struct{})}
	i := &intake{o: o, store: store, log: o.Log, again: func(a agent.Agent) { go s.ask(a, true) }}
	s.log, s.o = o.Log, hub.Options{
		Listen: o.Agents, Dir: filepath.Join(state, "bus"), Authority: authority, Book: members{store, event.Maker{Version: o.Version}}, Key: [32]byte(key), Every: o.Every, Intake: i.take, Now: time.Now, Log: o.Log,
		Cluster: cluster, Turn: s.turn,
	}
	if one {
		s.o.Addresses = s.addresses
	}
	if s.hub, err = hub.Start(ctx, s.o); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.o.Listen = s.hub.Address()
	if s.reach = reach(o.AgentsAddress, s.o.Listen); !one {
		s.reach = ""
		o.Log("agents of other control planes that share the database cannot come here: copy agents/authority.pem from the first one, and let those that joined here join again")
	}
	s.announce(ctx)
	if err := os.WriteFile(addressFile(state), []byte(cmp.Or(o.AgentsAddress, s.o.Listen)+"\n"), 0o600); err != nil {
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
	tick, beat := time.NewTicker(quietTime), time.NewTicker(soundTime)
	defer tick.Stop()
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			s.mend(ctx)
			continue
		case <-tick.C:
		}
		s.announce(ctx)
		if mine, err := s.turn(ctx, "silent agents", time.Now().Add(4*quietTime)); err != nil || !mine {
			continue // another one looks, or the database is away
		}
		if err := errors.Join(i.quiet(ctx, since), i.store.ForgetReports(ctx, time.Now().Add(-reportTime))); err != nil && ctx.Err() == nil {
			i.log("look for silent agents: %v", err)
		}
	}
}

// announce tells the other control planes, and by them agents, where this one is.
func (s *agentsSide) announce(ctx context.Context) {
	if err := s.store.Announce(ctx, agentsThere, s.program, s.reach, time.Now()); err != nil && ctx.Err() == nil {
		s.log("agents are not told of this control plane: %v", err)
	}
}

// addresses are where agents find control planes.
func (s *agentsSide) addresses(ctx context.Context) []string {
	all, err := s.store.Announced(ctx, agentsThere, time.Now().Add(-announceTime))
	if err != nil {
		return nil // agents ask again
	}
	return slices.DeleteFunc(all, func(a string) bool { return a == "" })
}

// turn takes a task for this control plane until a time.
func (s *agentsSide) turn(ctx context.Context, task string, until time.Time) (bool, error) {
	return s.store.Lease(ctx, task, s.program, time.Now(), until)
}

// ready tells what keeps reports from being taken; nil: nothing.
func (s *agentsSide) ready(ctx context.Context) error {
	h := s.running()
	if h == nil {
		return errors.New("the bus does not run")
	}
	return h.Ready(ctx)
}

// ask wants a look of an agent now.
func (s *agentsSide) ask(a agent.Agent, whole bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h := s.running()
	if h == nil {
		return
	}
	// Whoever is away looks when it comes back.
	_ = h.Ask(ctx, a, agent.Job{ID: uuid.Must(uuid.NewV7()).String(), Do: agent.Collect, Whole: whole, Until: time.Now().Add(time.Minute)})
}

func (s *agentsSide) close() error {
	s.end()
	<-s.ended
	if h := s.running(); h != nil {
		h.Close()
	}
	return s.store.Close()
}

// running gives the bus; nil: it does not run.
func (s *agentsSide) running() *hub.Hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub
}

const (
	// soundTime is how often is looked whether the bus keeps reports.
	soundTime = 2 * time.Second
	// leastRoom is how many bytes of disk the bus wants to begin anew.
	leastRoom = 16 << 20
)

// mend ends a bus that keeps no reports any more, and starts it anew when the disk has room. What it took before is there then; agents keep
// what they saw meanwhile.
func (s *agentsSide) mend(ctx context.Context) {
	h := s.running()
	if h != nil && h.Sound() {
		return
	}
	if h != nil {
		s.log("reports of agents are not taken: the disk of %s is full or failed; agents keep theirs until there are %d MB free", s.o.Dir, leastRoom>>20)
		h.Close()
		s.set(nil)
	}
	if free, err := room(s.o.Dir); err != nil || free < leastRoom {
		return
	}
	h, err := hub.Start(ctx, s.o)
	if err != nil {
		s.log("reports of agents are not taken yet: %v", err)
		return
	}
	s.set(h)
	s.log("reports of agents are taken again")
}

func (s *agentsSide) set(h *hub.Hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub = h
}

// room is how many bytes are free where a folder lies.
func room(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
